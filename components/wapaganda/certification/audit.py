"""An audit: texts of the machine part in a random order, and what people found in them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wapaganda.certification.betting import Floats, Payoffs, log_capital
from wapaganda.certification.certificate import Certificate
from wapaganda.certification.machine_part import MachinePart
from wapaganda.certification.relabelled import Relabelled

THETAS: Floats = np.arange(1001, dtype=np.float64) / 1000.0
"""The values of F1 that are tested, in steps of 0.1 points."""
_OVERDISPERSION = 2.0
"""How much more the errors of a text vary than a Poisson number, since they come together."""


def audit_order(part: MachinePart, seed: int) -> NDArray[np.int64]:
    """The rows of all N texts in the order in which an audit takes them, (N,).

    Random, weighted by the largest number of errors that a text can have, without replacement (Efraimidis &
    Spirakis 2006, "Weighted random sampling with a reservoir"). An audit may end after any text.
    """
    draws = np.random.default_rng(seed).exponential(size=len(part))
    return np.argsort(draws / part.size, kind="stable").astype(np.int64)


@dataclass(frozen=True, eq=False, slots=True)
class Audit:
    """The first t texts of ``order`` and what people found in them without seeing the machine's labels.

    ``correct`` (t,): the predicted spans that are right. ``missed`` (t,): the entities that are not among the
    predicted spans. For a text that nobody could answer the worst counts: 0, and ``part.most_missed``.
    ``n_people_spans``: the spans in the texts that people have labelled, and ``people_f1`` the F1 of labels
    of people. ``planned``: the texts that the audit was planned for; it sharpens the bound and is never a
    condition. ``answered`` (t,): whether a text has got labels of people; ``None``: all have.

    Raises:
        ValueError: more answers than texts, or more correct spans than predicted ones.
    """

    part: MachinePart
    order: NDArray[np.int64]
    correct: ArrayLike
    missed: ArrayLike
    n_people_spans: int
    planned: int
    people_f1: float = 1.0
    answered: ArrayLike | None = None

    def __post_init__(self) -> None:
        correct, missed = self._answers()
        if correct.shape != missed.shape or correct.ndim != 1 or len(correct) > len(self.order):
            raise ValueError(f"Expected two arrays (t,), was: shapes {correct.shape} and {missed.shape}")
        if (correct < 0).any() or (missed < 0).any() or (correct > self.part.predicted[self._rows()]).any():
            raise ValueError("Expected counts of 0 or more, and no more correct spans than predicted ones")
        if self.answered is not None and np.asarray(self.answered).shape != correct.shape:
            raise ValueError(f"Expected answered (t,), was: shape {np.asarray(self.answered).shape}")
        if not np.array_equal(np.sort(self.order), np.arange(len(self.part))):
            raise ValueError("Expected an order of all texts of the machine part, each once")

    def certificate(self, risk: float) -> Certificate:
        """The bounds of the file's F1; each is wrong with a probability of ``risk`` at most, whenever one
        looks.

        They are those of the file as it is after the audit: a text that people have answered has their
        labels.
        """
        correct, missed = self._answers()
        estimate = self._estimate()
        known = estimate if len(correct) == len(self.part) else None
        above = log_capital(self._payoffs(THETAS), THETAS, risk, self.planned)
        below = log_capital(self._payoffs(THETAS, -1.0), THETAS, risk, self.planned)
        relabelled = self._relabelled()
        return Certificate(
            lower=relabelled.least(_last_rejected(above, THETAS, risk)) if known is None else known,
            upper=relabelled.most(_last_rejected(below[::-1], THETAS[::-1], risk))
            if known is None
            else known,
            estimate=estimate,
            confidence=1.0 - risk,
            n_audited=len(correct),
            n_machine=len(self.part),
            n_people_spans=self.n_people_spans,
            people_f1=self.people_f1,
            error_ratio=self._error_ratio(),
            n_beyond=int((missed > self.part.most_missed[self._rows()]).sum()),
        )

    def proves(self, target: float, risk: float) -> bool:
        """Whether the lower bound should reach ``target``; much faster than a certificate."""
        only = np.array([self._relabelled().needed(target)])
        if only[0] > 1.0:
            return False
        return bool(log_capital(self._payoffs(only), only, risk, self.planned)[0] >= -np.log(risk))

    def _relabelled(self) -> Relabelled:
        """What the labels of people in the audited texts change."""
        correct, missed = self._answers()
        rows = self._rows()
        gold, predicted = correct + missed, self.part.predicted[rows].astype(np.float64)
        answered = np.ones(len(rows), bool) if self.answered is None else np.asarray(self.answered, bool)
        unseen = float(self.part.predicted.sum() - predicted.sum())
        return Relabelled(
            correct=2.0 * (self.n_people_spans * self.people_f1 + float(correct.sum())),
            relevant=2.0 * self.n_people_spans + float(self.part.predicted.sum() + gold.sum()),
            unseen=unseen,
            more_correct=2.0 * float((self.people_f1 * gold - correct)[answered].sum()),
            more_relevant=float((gold - predicted)[answered].sum()),
        )

    def _payoffs(self, thetas: Floats, sign: float = 1.0) -> Payoffs:
        """The game against "F1 ≤ θ", or with ``sign`` −1 against "F1 ≥ θ".

        F1 ≤ θ is the same as Σ (2 · correct − θ · (predicted + entities)) ≤ 0 over all texts of the file. The
        part of a text that is not audited is what the model expects (the control variate) plus the difference
        to it, which a draw with probability size / Σ size estimates by difference · Σ size / size.
        """
        part, rows, size = self.part, self._rows(), self.part.size
        correct, missed = self._answers()
        at, slope = 2.0 * correct, part.predicted[rows] + correct + missed
        expected_at, expected_slope = 2.0 * part.expected_correct, part.predicted + part.entities
        people_at = 2.0 * self.n_people_spans * self.people_f1
        return Payoffs(
            drawn_at=sign * (at - expected_at[rows]) / size[rows],
            drawn_slope=sign * (slope - expected_slope[rows]) / size[rows],
            known_at=sign * (people_at + _rest(expected_at, rows) + _so_far(at)),
            known_slope=sign * (2.0 * self.n_people_spans + _rest(expected_slope, rows) + _so_far(slope)),
            scale=_rest(size, rows),
            worst=_worst(part, thetas, sign),
            variance=_variance(part, thetas),
        )

    def _estimate(self) -> float | None:
        """The ratio of the mean estimates of both sums, of which each draw gives an unbiased one; the truth
        when all texts are audited. The labels of people in the audited texts count."""
        game = self._payoffs(np.zeros(0))
        correct, relevant = game.known_at[-1:], game.known_slope[-1:]
        if len(self._rows()) < len(self.part):
            correct = game.scale[:-1] * game.drawn_at + game.known_at[:-1]
            relevant = game.scale[:-1] * game.drawn_slope + game.known_slope[:-1]
        if not len(correct):
            return None
        gained = self._relabelled()
        total = float(relevant.mean()) + gained.more_relevant
        f1 = (float(correct.mean()) + gained.more_correct) / total if total > 0 else 1.0
        return float(np.clip(f1, 0.0, 1.0))

    def _error_ratio(self) -> float | None:
        rows, (correct, missed) = self._rows(), self._answers()
        found = self.part.predicted[rows] - correct + missed
        expected = self.part.predicted + self.part.entities - 2.0 * self.part.expected_correct
        weights = 1.0 / self.part.size[rows]
        total = float((expected[rows] * weights).sum())
        return float((found * weights).sum()) / total if total > 0 else None

    def _answers(self) -> tuple[Floats, Floats]:
        return np.asarray(self.correct, np.float64), np.asarray(self.missed, np.float64)

    def _rows(self) -> NDArray[np.int64]:
        return np.asarray(self.order[: len(np.asarray(self.correct))], np.int64)


def _last_rejected(log_capitals: Floats, thetas: Floats, risk: float) -> float:
    """The last value before the first that is not rejected; the first value if that is not."""
    kept = np.flatnonzero(log_capitals < -np.log(risk))
    first = int(kept[0]) if len(kept) else len(thetas)
    return float(thetas[max(first - 1, 0)])


def _so_far(values: Floats) -> Floats:
    """The sum of the values before each draw and after the last, (t + 1,)."""
    return np.concatenate([np.zeros(1), np.cumsum(values)])


def _rest(values: Floats, rows: NDArray[np.int64]) -> Floats:
    """The sum over the texts that are not drawn yet, before each draw and after the last, (t + 1,)."""
    rest: Floats = np.maximum(values.sum() - _so_far(values[rows]), 0.0)
    if len(rows) == len(values):
        rest[-1] = 0.0  # without rounding errors
    return rest


def _worst(part: MachinePart, thetas: Floats, sign: float) -> Floats:
    """The least payoff of any text for each θ, relative to its size, (G,).

    Against "F1 ≤ θ" that is a text without a correct span that misses the most; against "F1 ≥ θ" one without
    an error.
    """
    size, expected = part.size, part.predicted + part.entities
    if sign > 0:
        at, slope = -2.0 * part.expected_correct, part.predicted + part.most_missed - expected
    else:
        at, slope = 2.0 * (part.expected_correct - part.predicted), expected - 2.0 * part.predicted
    if not len(part):
        return np.zeros(len(thetas))
    return np.array([float(((at - theta * slope) / size).min()) for theta in thetas])


def _variance(part: MachinePart, thetas: Floats) -> Floats:
    """The variance of a payoff for each θ, relative to its size, as the model expects it, (G,)."""
    size = part.size
    share = size / size.sum() if len(part) else size
    wrong = np.maximum(part.predicted - part.expected_correct, 0.0)
    missed = np.maximum(part.entities - part.expected_correct, 0.0)
    of_wrong, of_missed = (float((share * each / size**2).sum()) for each in (wrong, missed))
    return _OVERDISPERSION * ((2.0 - thetas) ** 2 * of_wrong + thetas**2 * of_missed)
