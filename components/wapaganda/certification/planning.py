"""How many texts an audit needs."""

import numpy as np
from numpy.typing import NDArray

from wapaganda.certification.audit import Audit, audit_order
from wapaganda.certification.machine_part import MachinePart

_SIZES = (30, 50, 75, 100, 150, 200, 300, 400, 500, 700, 1000, 1500, 2000)
_TRIALS = 20
_PART_OF_TRIALS = 0.8


def plan_audit(
    part: MachinePart,
    n_people_spans: int,
    target: float,
    risk: float,
    *,
    people_f1: float = 1.0,
    seed: int = 0,
) -> int | None:
    """The number of texts with which an audit proves ``target`` in four of five cases; ``None`` if 2,000 are
    not enough.

    The cases are drawn from the model's own expectation: so many predicted spans are wrong and so many
    entities are missed, each by chance. If the model is too sure, the audit needs more.
    """
    if not len(part):
        return 0
    rng = np.random.default_rng(seed)
    sizes = sorted({min(each, len(part)) for each in _SIZES})
    cases = [_case(part, rng) for _ in range(_TRIALS)]
    for size in sizes:
        proved = sum(
            Audit(
                part,
                order,
                correct[order[:size]],
                missed[order[:size]],
                n_people_spans,
                planned=size,
                people_f1=people_f1,
            ).proves(target, risk)
            for order, correct, missed in cases
        )
        if proved >= _PART_OF_TRIALS * _TRIALS:
            return size
    return None


def _case(
    part: MachinePart, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """An order, and the correct and missed spans of all texts as they may turn out."""
    order = audit_order(part, int(rng.integers(2**31)))
    probability = part.expected_correct / np.maximum(part.predicted, 1)
    correct = rng.binomial(part.predicted.astype(np.int64), np.clip(probability, 0.0, 1.0))
    missed = rng.poisson(np.maximum(part.entities - part.expected_correct, 0.0))
    return order, correct.astype(np.int64), np.minimum(missed, part.most_missed)
