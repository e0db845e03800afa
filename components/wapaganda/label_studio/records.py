"""The input and output values of the connector."""

from dataclasses import dataclass

from wapaganda.annotation import LabelConfig, ReadReport
from wapaganda.ner import Document, Span


@dataclass(frozen=True, slots=True)
class Server:
    """The version of a Label Studio and the user of the token."""

    version: str
    user: str


@dataclass(frozen=True, slots=True)
class ProjectInfo:
    """A Label Studio project.

    ``created_at`` (ISO 8601) distinguishes it from a project with the same number in a new Label Studio.
    ``model_version`` names the predictions that annotators see and by which uncertainty sampling orders.
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
class TaskChanges:
    """The documents that changed since a cursor, and the next cursor.

    Documents of the last twenty seconds come again even without a change. ``complete``: these are all
    documents of the project, so any other was deleted. A task that cannot be read is a document without
    spans, and without text if that cannot be read either (``annotation.is_unread``). ``report``: of these
    documents.
    """

    documents: tuple[Document, ...]
    cursor: str
    complete: bool
    report: ReadReport = ReadReport()  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True)
class ReleaseReport:
    """The result of a release: of ``n_offered`` texts ``n_created`` are new, ``n_present`` older.

    ``n_earlier``: unfinished texts of earlier batches that have a prediction of the version as well.
    ``left_out`` holds the ids of the other tasks and the reasons. ``view_id``: its tab, if it has one.
    """

    version: str
    n_offered: int
    n_created: int
    n_present: int
    left_out: tuple[tuple[int, str], ...]
    view_id: int | None
    warnings: tuple[str, ...] = ()
    n_earlier: int = 0


@dataclass(frozen=True, slots=True)
class ShownReading:
    """What a model would mark in an annotated task: ``spans`` over its ``text``.

    ``says``: the difference from the annotation, in words for a list. ``score``: how suspicious, 0 to 1.
    """

    task: int
    text: str
    spans: tuple[Span, ...]
    says: str
    score: float


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """An ML backend in Label Studio; ``state`` is ``Connected`` if it has just answered."""

    id: int
    url: str
    title: str
    model_version: str
    state: str
    webhook_id: int
    webhook_has_auth: bool


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check: whether it is ``ok``, and if not, what to do (``hint``)."""

    name: str
    ok: bool
    message: str
    hint: str = ""
