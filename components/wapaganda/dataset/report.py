"""The report of an export."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wapaganda.ner import Document, Repairs


@dataclass(frozen=True, slots=True)
class SplitReport:
    """The counts of one split; ``n_empty``: texts without an entity; ``per_type``: spans by label."""

    name: str
    n_documents: int
    n_spans: int
    n_empty: int
    per_type: dict[str, int]

    @classmethod
    def of(cls, name: str, documents: Sequence[Document]) -> "SplitReport":
        """Count labelled documents."""
        per_type = Counter(span.label for document in documents for span in document.spans or ())
        empty = sum(not document.spans for document in documents)
        return cls(name, len(documents), per_type.total(), empty, dict(sorted(per_type.items())))


@dataclass(frozen=True, slots=True)
class ExportReport:
    """The splits and formats in ``path``, the repairs, and a sentence for each text left out of a format."""

    path: Path
    splits: tuple[SplitReport, ...]
    formats: tuple[str, ...]
    n_unlabelled: int
    n_copies: int
    repairs: Repairs
    left_out: tuple[str, ...] = ()

    @property
    def n_documents(self) -> int:
        """The number of texts that were written."""
        return sum(split.n_documents for split in self.splits)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "path": str(self.path),
            "documents": self.n_documents,
            "formats": list(self.formats),
            "unlabelled_left_out": self.n_unlabelled,
            "copies": self.n_copies,
            "repairs": self.repairs.describe(),
            "left_out": list(self.left_out),
            "splits": {
                split.name: {
                    "documents": split.n_documents,
                    "spans": split.n_spans,
                    "without_entities": split.n_empty,
                    "per_type": split.per_type,
                }
                for split in self.splits
            },
        }
