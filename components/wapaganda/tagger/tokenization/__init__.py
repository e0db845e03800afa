"""From texts to what a model reads: word pieces, overlapping windows, letter case as token types."""

from wapaganda.tagger.tokenization.casing import N_CASINGS, word_casing
from wapaganda.tagger.tokenization.model_input import ModelInput, model_inputs, model_inputs_in_turns
from wapaganda.tagger.tokenization.windows import EncodedText, Window, windows
from wapaganda.tagger.tokenization.word_pieces import Tokenization

__all__ = [
    "N_CASINGS",
    "EncodedText",
    "ModelInput",
    "Tokenization",
    "Window",
    "model_inputs",
    "model_inputs_in_turns",
    "windows",
    "word_casing",
]
