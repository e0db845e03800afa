"""Tests by betting: whether the F1 of a file is above a value, with texts drawn one after another."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LARGEST_BET = 0.9
"""The part of the capital that one text can lose at most."""
_PRIOR_TEXTS = 5.0
"""How many texts the variance that the model expects counts for."""
_LEAST_VARIANCE, _RUIN = 1e-12, 1e-300

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Payoffs:
    """What T drawn texts pay when one bets against each of G hypotheses θ, "the F1 is θ or less".

    A payoff is ``at − θ · slope``, linear in θ, with an expectation of 0 or less if the hypothesis is true:
    ``drawn_at`` and ``drawn_slope`` (T,) for the drawn text, times ``scale`` (T,), plus ``known_at`` and
    ``known_slope`` (T,) for what is known before the draw. ``worst`` (G,): the least payoff of a drawn text
    before scaling. ``variance`` (G,): of a drawn text before scaling, as the model expects it. ``known_…``
    and ``scale`` have one more value (T + 1,), for the time after the last text.
    """

    drawn_at: Floats
    drawn_slope: Floats
    known_at: Floats
    known_slope: Floats
    scale: Floats
    worst: Floats
    variance: Floats


def log_capital(payoffs: Payoffs, thetas: Floats, risk: float, planned: int) -> Floats:
    """The logarithm of the largest capital that betting against each θ has reached, (G,).

    A gambler who starts with 1 and bets on a game of expectation 0 or less reaches 1 / risk with a
    probability of at most ``risk`` (Ville 1939), however often one looks. So θ is rejected when the logarithm
    is −log(risk) or more. The bets are those of Waudby-Smith & Ramdas 2024, "Estimating means of bounded
    random variables by betting" (section 3, predictable plug-in), for ``planned`` texts; the game with
    weighted draws without replacement and the model's expectation as a control variate is that of Shekhar et
    al. 2023, "Risk-limiting financial audits via weighted sampling without replacement".
    """
    now = np.zeros(len(thetas))
    most = np.zeros(len(thetas))
    squares, n = _PRIOR_TEXTS * payoffs.variance, _PRIOR_TEXTS
    odds = 2.0 * np.log(1.0 / risk) / max(planned, 1)
    for text in range(len(payoffs.scale)):
        known = payoffs.known_at[text] - thetas * payoffs.known_slope[text]
        worst = payoffs.scale[text] * payoffs.worst + known
        certain = worst > 0.0  # even the worst answers contradict θ
        most[certain] = np.inf
        if text == len(payoffs.drawn_at):
            break
        drawn = payoffs.drawn_at[text] - thetas * payoffs.drawn_slope[text]
        largest = _LARGEST_BET / np.where(worst < 0.0, -worst, 1.0)
        variance = np.maximum(squares / n, _LEAST_VARIANCE)
        bet = np.minimum(np.sqrt(odds / variance) / payoffs.scale[text], largest)
        gain = 1.0 + bet * (payoffs.scale[text] * drawn + known)
        now = now + np.log(np.maximum(gain, _RUIN))
        most = np.maximum(most, now)
        squares, n = squares + drawn**2, n + 1.0
    return most
