"""What one model reads in the texts that are not labelled yet, and the file that keeps it."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.calibration import apply_temperature
from wapaganda.ner import Span
from wapaganda.storage import atomic_path
from wapaganda.uncertainty import Expectation, expected_counts

TRAIN, REVIEW, RANDOM = "train", "review", "random"
"""Why the next texts are labelled: to train the model, to complete the data set, or in random order."""


@dataclass(frozen=True, eq=False, slots=True)
class SpanCounts:
    """Spans of n texts, (n,) each: read ``words``, true ``gold`` spans, ``predicted`` and ``correct`` ones.

    ``paired``: wrong predicted spans that overlap a true span which is not predicted.
    """

    words: NDArray[np.int64]
    gold: NDArray[np.int64]
    predicted: NDArray[np.int64]
    correct: NDArray[np.int64]
    paired: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, rows: NDArray[Any] | slice) -> "SpanCounts":
        return SpanCounts(*(getattr(self, each.name)[rows] for each in fields(self)))

    @property
    def missed(self) -> NDArray[np.int64]:
        """True spans that are not predicted, (n,)."""
        return self.gold - self.correct

    @property
    def spurious(self) -> NDArray[np.int64]:
        """Predicted spans that are wrong, (n,)."""
        return self.predicted - self.correct

    def f1(self) -> float:
        """Strict micro F1; 1 when nothing is predicted and nothing is true."""
        relevant = int(self.predicted.sum() + self.gold.sum())
        return 2 * int(self.correct.sum()) / relevant if relevant else 1.0


def count_spans(
    words: Sequence[int], gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]
) -> SpanCounts:
    """The counts of n texts."""
    rows = [_counted(*each) for each in zip(gold, predicted, strict=True)]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return SpanCounts(np.asarray(words, dtype=np.int64), *columns)


def _counted(gold: Sequence[Span], predicted: Sequence[Span]) -> tuple[int, int, int, int]:
    wanted, shown = set(gold), set(predicted)
    right = wanted & shown
    missed = [span for span in wanted - right]
    wrong = [span for span in shown - right]
    overlapping = sum(any(a.start < b.end and b.start < a.end for b in missed) for a in wrong)
    return len(wanted), len(shown), len(right), min(overlapping, len(missed))


@dataclass(frozen=True, eq=False, slots=True)
class ModelReading:
    """One model, and what it says of the n texts that it read.

    ``labelled``: rows of the file that it was trained on, in the order in which they were labelled. ``rows``
    (n,): the texts that it read, by row of the file, with their ``counts``. ``test``: the counts of all test
    texts. ``phase``: why texts are labelled after this training. ``order``: their rows; in a review all that
    are left. ``temperature``: of the probabilities that gave the order. ``lengths`` (n,): words of each text;
    ``offsets`` (W, 2) and ``log_probs`` (W, K): of all words, before the temperature; empty where nobody
    needs them.
    """

    labelled: NDArray[np.int32]
    rows: NDArray[np.int32]
    counts: SpanCounts
    test: SpanCounts
    phase: str
    order: NDArray[np.int32]
    temperature: float = 1.0
    seconds: float = 0.0
    lengths: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    offsets: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 2), np.int32))
    log_probs: NDArray[np.float16] = field(default_factory=lambda: np.zeros((0, 1), np.float16))

    @property
    def n_labelled(self) -> int:
        """The number of texts that the model was trained on."""
        return len(self.labelled)

    def emissions(self, rows: NDArray[np.int32]) -> list[NDArray[np.float32]]:
        """The log-probabilities (n_i, K) of some of the texts that were read, by row of the file."""
        ends = np.cumsum(self.lengths)
        at = self.places(rows)
        return [self.log_probs[ends[i] - self.lengths[i] : ends[i]].astype(np.float32) for i in at]

    def words_of(self, rows: NDArray[np.int32]) -> list[NDArray[np.int32]]:
        """The offsets (n_i, 2) of the words of some of the texts that were read."""
        ends = np.cumsum(self.lengths)
        return [self.offsets[ends[i] - self.lengths[i] : ends[i]] for i in self.places(rows)]

    def places(self, rows: NDArray[np.int32]) -> NDArray[np.int64]:
        """Where these rows of the file are among ``self.rows``, which ascend."""
        return np.searchsorted(self.rows, rows)

    def expectation(self, temperature: float) -> Expectation:
        """What the model expects of each text that it read, with this temperature."""
        found = expected_counts(apply_temperature(self.emissions(self.rows), temperature))
        return Expectation(self.counts.words, found.predicted, found.expected_correct, found.entities)

    def save(self, path: Path) -> None:
        """Write one ``.npz`` file atomically."""
        arrays = {
            each.name: np.asarray(getattr(self, each.name))
            for each in fields(self)
            if each.name not in _PARTS
        }
        for part in _PARTS:
            counts = getattr(self, part)
            arrays |= {f"{part}_{each.name}": getattr(counts, each.name) for each in fields(counts)}
        with atomic_path(path) as draft:
            np.savez(draft, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> "ModelReading | None":
        """Read the file of ``save``; ``None`` if it is missing, damaged or of an earlier version."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                own = {each.name: stored[each.name] for each in fields(cls) if each.name not in _PARTS}
                parts = {
                    part: SpanCounts(*(stored[f"{part}_{each.name}"] for each in fields(SpanCounts)))
                    for part in _PARTS
                }
        except (FileNotFoundError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
            return None
        plain = {name: own[name].item() for name in ("phase", "temperature", "seconds")}
        return cls(**{**own, **parts, **plain})


_PARTS = ("counts", "test")
