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

Three measures count something over a whole text (``EXTENSIVE``). A count has no largest value, so here the
map is 1 − exp(−count), and ``acquisition`` divides the count by what the text costs. With ``expected_errors``
0.7 says: 1.2 wrong or missing spans are to be expected, at least one with a probability of 0.7. ``tag_count``
alone is no doubt at all: it counts the words in entities.

Measures that compare several readings of a text (``DISAGREEMENT``) need more than one set of
log-probabilities, ``n_samples`` of them, and stand apart from ``MEASURES``; so does the ``fluctuation`` of
past scores (``FLUCTUATION``), which are those of its ``latest_measure``. Readings by thinned heads differ
little and scores seldom swing: both stay far below the threshold of 0.7.
"""

from wapaganda.uncertainty.calibration import (
    Reliability,
    expected_calibration_error,
    fit_confidence,
    reliability,
    span_confidence,
)
from wapaganda.uncertainty.counts import EXTENSIVE, entropy_sum, expected_errors, tag_count
from wapaganda.uncertainty.disagreement import (
    COMMITTEE,
    DISAGREEMENT,
    FLUCTUATION,
    DisagreementMeasure,
    bald,
    committee,
    fluctuation,
    latest_measure,
    n_samples,
    one_reading,
    score_samples,
    vote_entropy,
)
from wapaganda.uncertainty.expectation import Expectation, expect
from wapaganda.uncertainty.parts import EntropySplit, entropy_split, split
from wapaganda.uncertainty.scoring import DEFAULT_MEASURE, MEASURE_NAMES, MEASURES, Measure, score
from wapaganda.uncertainty.sequences import least_confidence, mnlp
from wapaganda.uncertainty.temperature import fit_temperature, tempered
from wapaganda.uncertainty.words import border_doubt, boundary, entropy_max, entropy_mean, ltp, margin
from wapaganda.uncertainty.worth import acquisition, amount

__all__ = [
    "COMMITTEE",
    "DEFAULT_MEASURE",
    "DISAGREEMENT",
    "EXTENSIVE",
    "FLUCTUATION",
    "MEASURES",
    "MEASURE_NAMES",
    "DisagreementMeasure",
    "EntropySplit",
    "Expectation",
    "Measure",
    "Reliability",
    "acquisition",
    "amount",
    "bald",
    "border_doubt",
    "boundary",
    "committee",
    "entropy_max",
    "entropy_mean",
    "entropy_split",
    "entropy_sum",
    "expect",
    "expected_calibration_error",
    "expected_errors",
    "fit_confidence",
    "fit_temperature",
    "fluctuation",
    "latest_measure",
    "least_confidence",
    "ltp",
    "margin",
    "mnlp",
    "n_samples",
    "one_reading",
    "reliability",
    "score",
    "score_samples",
    "span_confidence",
    "split",
    "tag_count",
    "tempered",
    "vote_entropy",
]
