"""A model outside this program: the code that travels with it, and what its folder tells other programs.

``span_tagger`` and ``span_pipeline`` are copied into model folders, so they import nothing of this program.
"""

from wapaganda.tagger.portable.folder import MODULES, TAGGER_FILE, make_plain, make_portable
from wapaganda.tagger.portable.span_tagger import (
    encoder_config,
    letter_case,
    load_model,
    spaced_and_glued,
    tag_scores,
    windows_of,
)

__all__ = [
    "MODULES",
    "TAGGER_FILE",
    "encoder_config",
    "letter_case",
    "load_model",
    "make_plain",
    "make_portable",
    "spaced_and_glued",
    "tag_scores",
    "windows_of",
]
