"""Whether to stop annotating: agreement of successive models, and a forecast of the learning curve."""

from wapaganda.stopping.advice import LEAST_GAIN, STABLE, Advice, advise
from wapaganda.stopping.agreement import agreement
from wapaganda.stopping.forecast import MINIMUM_ROUNDS, Forecast, forecast

__all__ = [
    "LEAST_GAIN",
    "MINIMUM_ROUNDS",
    "STABLE",
    "Advice",
    "Forecast",
    "advise",
    "agreement",
    "forecast",
]
