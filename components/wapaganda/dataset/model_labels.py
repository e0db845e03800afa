"""The labels of a model for texts that nobody has labelled, and what they are worth."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.calibration import Calibration
from wapaganda.file_state import Correction, FileState
from wapaganda.ner import Document, Span
from wapaganda.uncertainty import Expectation


@dataclass(frozen=True, slots=True, eq=False)
class ModelLabels:
    """The labels that the version ``model`` gave to N texts.

    ``documents`` (N): the texts with its spans, each with its confidence as ``score``. ``expectation``: what
    the model expects of each; its ``entities`` by type are in the order of ``labels``, or are only totals
    (N, 1). ``calibration``: of the model, if it was cross-fitted, or the correction by it. ``campaign`` and
    ``certificate``: the accepted completion that they belong to; without one nothing is certified.
    ``n_gone``: texts of it that are no longer there, or have changed. ``by_term``: spans that come from a
    decision on a term, by document id.
    """

    model: str
    documents: Sequence[Document]
    expectation: Expectation
    labels: tuple[str, ...]
    calibration: Calibration | Correction | None = None
    campaign: int | None = None
    certificate: Mapping[str, Any] | None = None
    n_gone: int = 0
    by_term: Mapping[str, frozenset[Span]] = field(default_factory=dict)

    def rows(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """The rows of the texts with these ids, (n,)."""
        known = {document.id: row for row, document in enumerate(self.documents)}
        return np.array([known[each] for each in ids], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class FileEstimate:
    """The strict span F1 that the model expects of a file, 0 to 1; labels of people count as right.

    ``f1`` with its 95 % ``interval``: of the whole file. ``machine_f1``: of the machine part. ``by_type``:
    of the whole file.
    """

    f1: float
    interval: tuple[float, float]
    machine_f1: float
    by_type: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with four digits."""
        low, high = self.interval
        return {
            "f1": round(self.f1, 4),
            "interval": [round(low, 4), round(high, 4)],
            "machine_f1": round(self.machine_f1, 4),
            "by_type": {label: round(f1, 4) for label, f1 in self.by_type.items()},
        }


def estimate_file(
    machine: ModelLabels, written: Sequence[Document], people: Sequence[Document]
) -> FileEstimate | None:
    """The estimated F1 of a file with the machine's documents ``written`` and those of ``people``.

    F1 = 2·(E + Σ tp) / (2·E + Σ (predicted + entities)), E: the spans of people, the sums over the machine
    part, as ``FileState`` has it. By type, tp is the sum of the confidences of the spans. ``None`` without
    texts of a machine. When the expected entities are known in total only, missed ones are spread over the
    types as the predicted spans are.
    """
    if not written:
        return None
    by_people = Counter(span.label for document in people for span in document.spans or ())
    expected = machine.expectation[machine.rows([document.id for document in written])]
    state = FileState.of(by_people.total(), len(people), expected, calibration=machine.calibration)
    spans = [span for document in written for span in document.spans or ()]
    predicted = Counter(span.label for span in spans)
    right = {label: sum(s.score or 0.0 for s in spans if s.label == label) for label in predicted}
    corrected = Correction.of(machine.calibration)(expected)
    if corrected.entities.shape[1] == len(machine.labels):
        gold = dict(zip(machine.labels, corrected.entities.sum(axis=0).tolist(), strict=True))
    else:
        missed = float(corrected.misses.sum()) / max(1, len(spans))
        gold = {label: right[label] + missed * n for label, n in predicted.items()}
    by_type = {
        label: _f1(by_people[label], right.get(label, 0.0), predicted[label], gold.get(label, 0.0))
        for label in sorted(by_people.keys() | predicted.keys())
    }
    return FileEstimate(state.f1, state.interval, state.machine_f1, by_type)


def _f1(people: float, right: float, predicted: float, gold: float) -> float:
    relevant = 2.0 * people + predicted + gold
    return min(1.0, 2.0 * (people + right) / relevant) if relevant else 1.0
