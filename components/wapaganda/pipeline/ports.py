"""The interface of a source of texts and labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from wapaganda.annotation import ReadReport
from wapaganda.errors import Retry, WapagandaError
from wapaganda.ner import Document, LabelSchema
from wapaganda.progress import Progress

TRAINING_BATCH = "al"
"""The kind of a batch that teaches the model most."""
REVIEW = "review"
"""The kind of a batch whose labels are reviewed, and the selection reason of its texts."""
OPEN_AUDIT = "open audit"
"""The key in the ledger for the ids of texts that are being audited: no round offers them with proposals."""

LOST_LEDGER = "lost ledger"
"""The key in the ledger for what was lost with the one before; the next report says it."""


class BatchNameTakenError(Exception):
    """The name of a new batch is already used by another batch."""


class ProjectTakenError(WapagandaError):
    """Another loop releases the batches of the project."""

    retry = Retry.LATER


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of a source since the last read.

    ``documents``: new or changed. ``unlabelled``: ids whose annotation was deleted. ``total``: the number of
    all documents of the source, readable or not; from it the loop sees whether some were deleted.
    ``complete``: these are all documents. ``report``: what was read; after ``Loop.fetch`` of the whole
    source. ``labels``: from which annotators can choose now; ``None``: the documents say it themselves.
    ``renamed``: the present names of labels that had others before. ``title``: of the source, if it has one.
    ``people``: names of annotators by their ids, as far as they are known.
    """

    documents: Sequence[Document]
    unlabelled: Sequence[str] = ()
    total: int = 0
    cursor: str | None = None
    complete: bool = True
    report: ReadReport = ReadReport()  # noqa: RUF009 - frozen
    labels: Sequence[str] | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    people: Mapping[str, str] = field(default_factory=dict)

    @property
    def messages(self) -> tuple[str, ...]:
        """The report for people, one line each."""
        return self.report.lines()


@dataclass(frozen=True, slots=True)
class Earlier:
    """The texts that follow a batch: the next batch, and the unfinished texts of earlier ones.

    ``documents`` have the proposals to show as ``spans``; the first ``n_next`` are the next batch, in its
    order. One that somebody has labelled, but not yet as many annotators as the project asks for, has these
    in ``meta["annotators"]``. ``ids``: of all texts that were ever offered besides the batch.
    """

    documents: Sequence[Document] = ()
    ids: frozenset[str] = frozenset()
    n_next: int = 0


NOTHING_EARLIER = Earlier()


class Source(Protocol):
    """A source of texts and labels that can release batches: a Label Studio project, or files."""

    @property
    def name(self) -> str:
        """The origin of a document, for the ledger."""

    def schema(self) -> LabelSchema:
        """The entity types of the project."""

    def fetch(self, cursor: str | None, progress: Progress) -> Changes:
        """The changes since ``cursor`` (all documents if ``None``)."""

    def ids(self) -> frozenset[str]:
        """The ids of all documents of the source."""

    def batch_name(self, number: int, kind: str = TRAINING_BATCH) -> str:
        """A name for the batch of round ``number``, such as ``<kind>-001``, that no earlier batch has."""

    @property
    def shows_one_batch(self) -> bool:
        """Whether a new batch hides the proposals of earlier ones from the annotators."""

    def release(
        self, version: str, batch: Sequence[Document], progress: Progress, earlier: Earlier = NOTHING_EARLIER
    ) -> str:
        """Release the batch to the annotators as ``version``, in its order; return one sentence about it.

        The texts of ``earlier`` are served after it. If a batch hides the proposals of earlier ones, the
        unfinished texts of these get theirs again. It can be repeated.
        ``spans`` are the proposals of the model, ``meta`` is that of ``offered``.

        Raises:
            BatchNameTakenError: another batch has the name.
        """


@runtime_checkable
class Shared(Protocol):
    """A source on which several loops may work, of which only one may release batches."""

    def claim(self) -> None:
        """Make sure that this loop may release batches.

        Raises:
            ProjectTakenError: another one does.
        """


@runtime_checkable
class ShowsProposals(Protocol):
    """A source whose proposals can be changed after their release: a Label Studio project."""

    def change_proposals(self, documents: Sequence[Document]) -> frozenset[str]:
        """Give open texts of the batch that is served now these spans; return the ids of those that changed.

        It can be repeated. Texts without a proposal in that batch, and those with a label, stay as they are.
        """


@runtime_checkable
class WritesBack(Protocol):
    """A source to which the labels of a model can be written: a Label Studio project."""

    def write_predictions(
        self, version: str, documents: Sequence[Document], known: Sequence[str], progress: Progress
    ) -> int:
        """Show the spans of the documents as predictions of ``version``; return how many tasks have one.

        It can be repeated. ``known``: the ids of all documents that may have such a prediction.

        Raises:
            BatchNameTakenError: the version holds predictions of other documents.
        """

    def write_annotations(
        self, version: str, ids: Sequence[str], path: Path, progress: Progress
    ) -> tuple[int, int]:
        """Make annotations of these predictions where nobody has annotated or is at work on a draft.

        Return how many there are, and how many drafts stopped one. It can be repeated. ``path``: the file
        that records them.
        """

    def undo_annotations(self, path: Path, progress: Progress) -> tuple[int, int]:
        """Delete the annotations in ``path``, except those at which people have worked since; return how many
        were deleted and how many stay. It can be repeated."""
