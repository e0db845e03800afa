"""About how long a round still takes."""

from collections.abc import Mapping
from typing import Final

_ORDER: Final = ("fetch", "train", "judge", "score", "select", "compare", "release")
_AHEAD: Final = ("fetch", "train", "score", "select", "release", "judge", "compare")
_PARTS: Final = {
    "encoder": "train",
    "search": "train",
    "adapt": "train",
    "calibrate": "judge",
    "teach": "judge",
}
"""Steps that a round reports while it times a larger one."""
_LEAST_FRACTION: Final = 0.02


def seconds_left(
    step: str,
    fraction: float | None,
    elapsed: float,
    before: Mapping[str, float],
    *,
    ahead: bool,
    folds: int,
) -> float | None:
    """The seconds that a round still takes; ``None``: nothing is known yet.

    Args:
        step: that it reports now, with the ``fraction`` of it that is done and the seconds since it began.
        before: seconds of the steps of an earlier round (``RoundReport.seconds``); empty: there was none, and
            only the training and its folds are foreseen.
        ahead: whether the batch is released before the folds are trained.
        folds: of the cross-fitting.
    """
    order, timed = _AHEAD if ahead else _ORDER, _PARTS.get(step, step)
    known = fraction is not None and fraction >= _LEAST_FRACTION
    whole = elapsed / fraction if known and fraction else before.get(timed)
    if timed not in order or whole is None:
        return None
    later = sum(before.get(each, 0.0) for each in order[order.index(timed) + 1 :])
    if not before and step == "train":
        later = folds * whole if folds >= 2 else 0.0
    return max(0.0, whole - elapsed) + later
