"""How much a model doubts its own reading of a text: one number per text.

**What the numbers mean, and with them ``UNCERTAINTY_THRESHOLD``:** every measure is mapped to [0, 1]. 0 =
sure: the model sees one reading only. 1 = the largest value that the measure can take. The map is linear,
so a threshold of 0.7 means "at least 0.7 of the greatest possible doubt, as this measure counts it". A text
at or above the threshold is a candidate for annotation. With the default measure ``boundary`` 0.7 says: the
three entity borders that are most in doubt are, on average, as open as a coin that falls on one side with a
probability between 0.19 and 0.81. Another measure wants another threshold: a mean over all words stays far
below a maximum.

All measures look at the words only, never at padding, and at the model's probabilities over valid IOB2
sequences (brick ``decoding``). A text without words scores 0.
"""

from wapaganda.uncertainty.counts import EXTENSIVE, acquisition, amount, expected_errors
from wapaganda.uncertainty.expectation import Expectation, expect
from wapaganda.uncertainty.scoring import DEFAULT_MEASURE, MEASURES, Measure, score
from wapaganda.uncertainty.sequences import least_confidence, mnlp
from wapaganda.uncertainty.words import boundary, entropy_max, entropy_mean, margin

__all__ = [
    "DEFAULT_MEASURE",
    "EXTENSIVE",
    "MEASURES",
    "Expectation",
    "Measure",
    "acquisition",
    "amount",
    "boundary",
    "entropy_max",
    "entropy_mean",
    "expect",
    "expected_errors",
    "least_confidence",
    "margin",
    "mnlp",
    "score",
]
