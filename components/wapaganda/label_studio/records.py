"""What the Label Studio brick takes and gives: plain values."""

from collections.abc import Callable
from dataclasses import dataclass

from wapaganda.annotation import LabelConfig
from wapaganda.ner import Document, Repairs

Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""


@dataclass(frozen=True, slots=True)
class Server:
    """The Label Studio that answers and the user that the token stands for."""

    version: str
    user: str


@dataclass(frozen=True, slots=True)
class ProjectInfo:
    """A Label Studio project, as far as the loop cares.

    ``created_at`` (ISO 8601) tells it from another of the same number in a Label Studio that was set up anew;
    ``model_version`` names the predictions that annotators see and that uncertainty sampling orders by.
    """

    id: int
    title: str
    created_at: str
    label_config: LabelConfig
    model_version: str
    sampling: str
    n_tasks: int
    n_finished: int
    n_annotations: int
    n_predictions: int
    annotators_per_task: int
    shows_predictions: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """The documents that changed since a cursor, and the cursor for the next time.

    A document may come again although it did not change: those of the last twenty seconds do. ``complete``
    tells that these are all documents of the project, so that any other has been deleted. ``repairs`` counts
    what was mended in annotated spans; ``warnings`` name the tasks that could not be read, wholly or in part.
    """

    documents: tuple[Document, ...]
    cursor: str
    complete: bool
    repairs: Repairs
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseReport:
    """What became of a batch: ``n_offered`` = ``n_created`` + ``n_present`` (from an earlier try) + the rest.

    ``left_out`` holds task ids and reasons.
    """

    version: str
    n_offered: int
    n_created: int
    n_present: int
    left_out: tuple[tuple[int, str], ...]
    view_id: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """An ML backend as Label Studio knows it; ``state`` is ``Connected`` when it answered just now."""

    id: int
    url: str
    title: str
    model_version: str
    state: str
    webhook_id: int
    webhook_has_auth: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether it is as it should be, and else how to mend it."""

    name: str
    ok: bool
    message: str
    mend: str = ""
