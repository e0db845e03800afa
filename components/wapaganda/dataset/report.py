"""The report of an export."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wapaganda.annotation import PROVENANCE, Provenance
from wapaganda.dataset.model_labels import FileEstimate
from wapaganda.dataset.request import ExportRequest
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

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, without the name."""
        return {
            "documents": self.n_documents,
            "spans": self.n_spans,
            "without_entities": self.n_empty,
            "per_type": self.per_type,
        }


@dataclass(frozen=True, slots=True)
class Quality:
    """What is known of the F1 of the file.

    ``model`` labelled the machine part. ``campaign``: the number of the accepted completion, whose
    ``certificate`` is that of its whole file, of which ``n_gone`` texts are no longer there or have changed.
    ``estimate``: by the model's own expectation.
    """

    model: str = ""
    campaign: int | None = None
    certificate: Mapping[str, Any] | None = None
    estimate: FileEstimate | None = None
    n_gone: int = 0

    @property
    def certified(self) -> str:
        """The certified bound in one sentence, rounded down; empty when nothing is certified."""
        if self.certificate is None:
            return ""
        lower = math.floor(1000.0 * float(self.certificate["lower"])) / 10.0
        return (
            f"the strict span F1 of the completed file is at least {lower:.1f}%, with "
            f"{float(self.certificate['confidence']):.0%} confidence"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "model": self.model or None,
            "campaign": self.campaign,
            "certified_texts_gone": self.n_gone,
            "certificate": None if self.certificate is None else dict(self.certificate),
            "estimate": None if self.estimate is None else self.estimate.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written into ``path``.

    ``by_provenance``: counts of texts and spans by who gave the labels of the text. ``n_left_out``: numbers
    of texts by the reason (``unlabelled``, ``provenance``, ``confidence``). ``n_copies``: exact copies of
    another text. ``left_out``: a sentence for each text that a format cannot hold. ``fingerprint``: of ids,
    texts, spans, provenances and splits. ``notes``: sentences for people. ``title`` and ``created_at`` as in
    the card; ``package``: the version of the program. ``recipe``: what ``Replay`` needs beside these.
    """

    path: Path
    request: ExportRequest
    splits: tuple[SplitReport, ...]
    by_provenance: Mapping[str, SplitReport]
    n_left_out: Mapping[str, int]
    n_copies: int
    repairs: Repairs
    fingerprint: str
    quality: Quality = field(default_factory=Quality)
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    title: str = ""
    created_at: str = ""
    package: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_documents(self) -> int:
        """The number of texts that were written."""
        return sum(split.n_documents for split in self.splits)

    @property
    def n_unlabelled(self) -> int:
        """The number of texts without labels that were left out."""
        return self.n_left_out.get("unlabelled", 0)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the manifest and the ``path``."""
        return {"path": str(self.path), **self.manifest()}

    def manifest(self) -> dict[str, Any]:
        """JSON-ready; ``request`` and the recipe are what ``Replay`` makes an export from again."""
        return {
            "title": self.title,
            "created_at": self.created_at,
            "package": self.package,
            "documents": self.n_documents,
            "request": self.request.to_dict(),
            "formats": list(self.request.formats),
            "fingerprint": self.fingerprint,
            **self.quality.to_dict(),
            "provenance": {name: each.to_dict() for name, each in self.by_provenance.items()},
            "unlabelled_left_out": self.n_unlabelled,
            "filtered_out": {key: self.n_left_out.get(key, 0) for key in ("provenance", "confidence")},
            "copies": self.n_copies,
            "repairs": self.repairs.describe(),
            "repaired": {kind: n for kind, n in asdict(self.repairs).items() if n},
            "left_out": list(self.left_out),
            "notes": list(self.notes),
            "splits": {split.name: split.to_dict() for split in self.splits},
            **self.recipe,
        }


def counts_by_provenance(documents: Sequence[Document]) -> dict[str, SplitReport]:
    """The counts of the documents by their provenance, those that occur, in the order of ``Provenance``."""
    groups: dict[str, list[Document]] = {each.value: [] for each in Provenance}
    for document in documents:
        groups[document.meta[PROVENANCE]].append(document)
    return {name: SplitReport.of(name, group) for name, group in groups.items() if group}
