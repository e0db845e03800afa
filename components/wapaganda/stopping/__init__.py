"""Whether it is time to stop: do the models still change, and what would more labels buy."""

from wapaganda.stopping.advice import LEAST_GAIN, SETTLED, Advice, advise
from wapaganda.stopping.agreement import agreement
from wapaganda.stopping.forecast import MINIMUM_ROUNDS, Forecast, forecast

__all__ = [
    "LEAST_GAIN",
    "MINIMUM_ROUNDS",
    "SETTLED",
    "Advice",
    "Forecast",
    "advise",
    "agreement",
    "forecast",
]
