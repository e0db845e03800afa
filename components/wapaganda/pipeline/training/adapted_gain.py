"""Whether an adapted encoder is better: the gain in F1 on texts that the models have not seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import Span

_SURE = 2.0  # standard errors
_RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Gain:
    """The strict micro F1 (0 to 1) of two sets of predictions for the same ``n_texts`` texts, and the
    standard error of their difference."""

    before: float
    after: float
    standard_error: float
    n_texts: int

    @property
    def difference(self) -> float:
        """F1 after − F1 before."""
        return self.after - self.before

    @property
    def is_sure(self) -> bool:
        """Whether the gain is more than two standard errors."""
        return self.difference > 0 and self.difference > _SURE * self.standard_error

    def describe(self) -> str:
        """The gain in half a sentence."""
        points, error = 100 * self.difference, 100 * self.standard_error
        return f"F1 {self.before:.1%} → {self.after:.1%}, {points:+.1f} ± {error:.1f} points"


def paired_gain(
    gold: Sequence[Sequence[Span]],
    before: Sequence[Sequence[Span]],
    after: Sequence[Sequence[Span]],
    seed: int = 13,
) -> Gain:
    """The gain of the predictions ``after`` over ``before``; each has one sequence of spans a text.

    The standard error is that of a paired bootstrap over texts: both are judged on the same drawn texts
    (Efron 1979; Koehn 2004, "Statistical significance tests for machine translation evaluation").
    """
    old, new = _counts(gold, before), _counts(gold, after)
    n = len(gold)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=_RESAMPLES) if n else np.zeros((1, 0), dtype=np.int64)
    differences = _f1(drawn @ new) - _f1(drawn @ old)
    whole = np.ones((1, n), dtype=np.int64)
    return Gain(float(_f1(whole @ old)[0]), float(_f1(whole @ new)[0]), float(differences.std()), n)


def _counts(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> NDArray[np.int64]:
    """Correct spans, and all spans of both, of each text, (n, 2)."""
    pairs = [(len(set(a) & set(b)), len(a) + len(b)) for a, b in zip(gold, predicted, strict=True)]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(m,) of counts (m, 2)."""
    return np.asarray(2 * counts[:, 0] / np.maximum(1, counts[:, 1]), dtype=np.float64)
