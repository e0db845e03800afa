"""How uncertain a model is about a text: one number per text, by a named measure.

**The scale, and with it ``UNCERTAINTY_THRESHOLD``:** every measure is mapped linearly to [0, 1]. 0 means
certain: only one tagging of the text has any probability. 1 is the largest value that the measure can take.
A text at or above the threshold is a candidate for annotation. With the default measure ``boundary`` a
threshold of 0.7 means: the three most uncertain entity boundaries have a probability between 0.19 and 0.81,
on average. Other measures need other thresholds: a mean over all words stays far below a maximum.

All measures use the words only, never padding, and the model's probabilities over valid IOB2 sequences
(brick ``decoding``). A text without words scores 0.

Additive measures count something over a whole text. A count has no largest value, so it is mapped to
1 − exp(−count), and ``acquisition`` divides the count by what the text costs. With ``expected_errors`` a
threshold of 0.7 means: 1.2 wrong or missing spans are expected.

``@measure("name")`` registers a function; ``MEASURES`` holds all of them. Every module in the folder
``measures`` is imported. So is the module that an installed package names by an entry point of the group
``wapaganda.measures``.
"""

from wapaganda.uncertainty.acquisition import acquisition, amount
from wapaganda.uncertainty.expected_counts import Expectation, expected_counts
from wapaganda.uncertainty.pooling import is_word, tag_entropy, top_mean
from wapaganda.uncertainty.registry import AUTO, DEFAULT_MEASURE, MEASURES, Measure, find_measure, measure
from wapaganda.uncertainty.scoring import score

__all__ = [
    "AUTO",
    "DEFAULT_MEASURE",
    "MEASURES",
    "Expectation",
    "Measure",
    "acquisition",
    "amount",
    "expected_counts",
    "find_measure",
    "is_word",
    "measure",
    "score",
    "tag_entropy",
    "top_mean",
]
