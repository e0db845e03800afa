"""What the loop needs from the outside: a source of texts and labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from wapaganda.ner import Document, LabelSchema, Repairs
from wapaganda.progress import Progress


class BatchNameTakenError(Exception):
    """A batch was to be released under a name that another batch has."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a source holds that the ledger does not know yet.

    ``documents`` are new or changed; ``unlabelled`` are ids whose annotation was deleted; ``total`` is how
    many documents the source holds in all, readable or not, by which the loop sees that some are gone.
    """

    documents: Sequence[Document]
    unlabelled: Sequence[str] = ()
    total: int = 0
    cursor: str | None = None
    messages: tuple[str, ...] = ()


def repair_messages(repairs: Repairs) -> tuple[str, ...]:
    """What a source says about the spans that were repaired while reading; nothing when none was."""
    return (f"Spans repaired while reading: {repairs.describe()}.",) if repairs.total else ()


class Source(Protocol):
    """A place with texts and labels that can hand a batch to annotators: a Label Studio project, or files."""

    @property
    def name(self) -> str:
        """Where a document came from, for the ledger."""

    def schema(self) -> LabelSchema:
        """The entity types of the project."""

    def fetch(self, cursor: str | None, progress: Progress) -> Changes:
        """Everything that changed since ``cursor`` (all, when it is ``None``)."""

    def ids(self) -> frozenset[str]:
        """The ids of all documents that the source holds."""

    def batch_name(self, number: int) -> str:
        """A name for the batch of round ``number``, like ``al-001``, that no earlier batch has."""

    def release(self, version: str, batch: Sequence[Document], progress: Progress) -> str:
        """Hand the batch to the annotators under the name ``version``, in its order, and return one sentence
        about it. Safe to repeat. ``spans`` are what the model proposes, ``meta`` is as ``offered`` makes it.

        Raises:
            BatchNameTakenError: another batch has the name.
        """
