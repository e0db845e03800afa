"""Whether to go on annotating, with the reason in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from wapaganda.stopping.forecast import Forecast

SETTLED = 0.99
"""Agreement of successive models from which on their predictions count as settled."""

LEAST_GAIN = 0.005
"""F1 (0 to 1) below which a gain, foretold or seen, counts as none."""

_PLATEAU = 3  # rounds
_SIGNS = 2  # that have to agree, since each of them alone is easily misled


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
    """Stop when no text is uncertain enough any more, or when two of three signs say that more buys little.

    The signs: the estimated F1 of the pool has stood still for three rounds; the models before and after the
    last labels agree (κ ≥ .99); the forecast for the next labels is below ``least_gain``. It is advice about
    this kind of labels, not a promise: no sign sees entities that the model has never met.

    Args:
        estimated_f1: of the pool, without its labels, oldest round first, (R,).
        agreement: ``wapaganda.stopping.agreement`` of the last two models; ``None`` when there are no two.
        forecast: of the learning curve so far.
        no_candidates: no new text reaches the uncertainty threshold.
        least_gain: in F1, 0 to 1.
    """
    little = _little_to_gain(forecast, least_gain)
    signs = [*_plateau(estimated_f1, least_gain), *_settled(agreement), *little]
    if no_candidates:
        signs.insert(0, "no new text reaches the uncertainty threshold")
    if no_candidates or len(signs) >= _SIGNS:
        return Advice(True, f"Consider stopping: {'; '.join(signs)}.")
    told = "" if little else f" {forecast.told}"
    but = f" One sign alone speaks against it: {signs[0]}." if signs else ""
    return Advice(False, f"Go on.{told}{but}")


def _plateau(estimated_f1: Sequence[float], least_gain: float) -> list[str]:
    last = estimated_f1[-_PLATEAU:]
    if len(last) < _PLATEAU or max(last) - min(last) > least_gain:
        return []
    moved = 100 * (max(last) - min(last))
    return [f"the estimated F1 of the pool moved by {moved:.1f} points in {_PLATEAU} rounds"]


def _settled(agreement: float | None) -> list[str]:
    if agreement is None or agreement < SETTLED:
        return []
    return [
        f"the last two models agree on entity words (κ {agreement:.3f}; "
        "that alone only bounds the change by about 4 F1 points)"
    ]


def _little_to_gain(forecast: Forecast, least_gain: float) -> list[str]:
    if forecast.gain is None or forecast.gain >= least_gain:
        return []
    told = forecast.told.rstrip(".")
    told = told if told.startswith("F1") else told[0].lower() + told[1:]
    return [f"{told}, less than {100 * least_gain:g} points"] if forecast.gain > 0 else [told]
