"""Labels that are probably wrong: found by a model that has not learnt them, ranked, kept as JSON."""

from wapaganda.review.doubts import Answer, label_errors
from wapaganda.review.suspect import Kind, Suspect, read_suspects, text_key, write_suspects

__all__ = [
    "Answer",
    "Kind",
    "Suspect",
    "label_errors",
    "read_suspects",
    "text_key",
    "write_suspects",
]
