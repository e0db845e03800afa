"""Labels that are probably wrong: found by a model that has not learnt them, ranked, kept as JSON."""

from wapaganda.label_errors.doubts import Answer, label_errors
from wapaganda.label_errors.matching import Standing, standing
from wapaganda.label_errors.suspect import (
    REVIEW_FILE,
    Kind,
    Suspect,
    read_suspects,
    text_key,
    write_suspects,
)

__all__ = [
    "REVIEW_FILE",
    "Answer",
    "Kind",
    "Standing",
    "Suspect",
    "label_errors",
    "read_suspects",
    "standing",
    "text_key",
    "write_suspects",
]
