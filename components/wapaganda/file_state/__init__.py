"""The state of a data set that people and a model label together: its F1, and what is left to review.

The *people's part* of the file is the texts that people have labelled; it counts as right. The *machine part*
is the other texts, with the labels of the live model. Nothing here needs labels of the machine part: the
brick works with what the model expects of its own predictions (``uncertainty.Expectation``), corrected by its
calibration.
"""

from wapaganda.file_state.correction import Correction
from wapaganda.file_state.order import correcting_seconds, f1_by_reviewed, review_order
from wapaganda.file_state.state import TARGET_F1, FileState

__all__ = [
    "TARGET_F1",
    "Correction",
    "FileState",
    "correcting_seconds",
    "f1_by_reviewed",
    "review_order",
]
