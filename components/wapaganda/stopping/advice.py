"""Advice whether to continue annotating, with the reason in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from wapaganda.stopping.forecast import Forecast

STABLE = 0.99
"""Agreement of successive models from which their predictions count as stable."""

LEAST_GAIN = 0.005
"""F1 (0 to 1) below which a gain, forecast or observed, counts as none."""

_PLATEAU = 3  # rounds
_SIGNS = 2  # that must agree, because each sign alone is often wrong


@dataclass(frozen=True, slots=True)
class Advice:
    """Whether to stop annotating, and why or why not."""

    stop: bool
    reason: str


def advise(
    estimated_f1: Sequence[float],
    agreement: float | None,
    forecast: Forecast,
    *,
    no_candidates: bool = False,
    least_gain: float = LEAST_GAIN,
) -> Advice:
    """Advise to stop when no text is uncertain enough, or when two of three signs agree.

    The signs: the estimated F1 of the pool has been constant for three rounds; the models before and after
    the last labels agree (κ ≥ .99); the forecast gain of the next labels is below ``least_gain``. No sign can
    see entities of a kind that the model has never seen.

    Args:
        estimated_f1: of the unlabelled pool, oldest round first, (R,).
        agreement: ``wapaganda.stopping.agreement`` of the last two models; ``None`` with fewer than two.
        forecast: of the learning curve so far.
        no_candidates: no new text reaches the uncertainty threshold.
        least_gain: in F1, 0 to 1.
    """
    little = _little_to_gain(forecast, least_gain)
    signs = [*_plateau(estimated_f1, least_gain), *_stable(agreement), *little]
    if no_candidates:
        signs.insert(0, "no new text reaches the uncertainty threshold")
    if no_candidates or len(signs) >= _SIGNS:
        return Advice(True, f"Consider stopping: {'; '.join(signs)}.")
    outlook = "" if little else f" {forecast.summary}"
    but = f" One sign alone speaks against it: {signs[0]}." if signs else ""
    return Advice(False, f"Go on.{outlook}{but}")


def _plateau(estimated_f1: Sequence[float], least_gain: float) -> list[str]:
    last = estimated_f1[-_PLATEAU:]
    if len(last) < _PLATEAU or max(last) - min(last) > least_gain:
        return []
    moved = 100 * (max(last) - min(last))
    return [f"the estimated F1 of the pool moved by {moved:.1f} points in {_PLATEAU} rounds"]


def _stable(agreement: float | None) -> list[str]:
    if agreement is None or agreement < STABLE:
        return []
    return [
        f"the last two models agree on entity words (κ {agreement:.3f}; "
        "that alone only bounds the change by about 4 F1 points)"
    ]


def _little_to_gain(forecast: Forecast, least_gain: float) -> list[str]:
    if forecast.gain is None or forecast.gain >= least_gain:
        return []
    summary = forecast.summary.rstrip(".")
    summary = summary if summary.startswith("F1") else summary[0].lower() + summary[1:]
    return [f"{summary}, less than {100 * least_gain:g} points"] if forecast.gain > 0 else [summary]
