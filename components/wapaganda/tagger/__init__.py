"""A trained model as a function: texts in, entity spans with their probabilities out.

Torch is imported when ``Tagger`` or one of the functions around a model is first used, not before.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from wapaganda.tagger.hf_logging import quiet_transformers
from wapaganda.tagger.model_folder import LABELS_FILE, FolderError, ModelFolder
from wapaganda.tagger.portable import MODULES, TAGGER_FILE, encoder_config, make_plain, make_portable
from wapaganda.tagger.recalibration import recalibrated
from wapaganda.tagger.tagged import TaggedText
from wapaganda.tagger.tokenization import (
    N_CASINGS,
    EncodedText,
    ModelInput,
    Tokenization,
    Window,
    model_inputs,
    windows,
    word_casing,
)

if TYPE_CHECKING:
    from wapaganda.tagger.batches import WordBatch, budget_batches, collate, device_of, word_logits
    from wapaganda.tagger.case_embeddings import add_casing_table, casing_table, save_casing_table
    from wapaganda.tagger.number_formats import fast_format
    from wapaganda.tagger.portable.exported import check_onnx, fold_temperature, write_onnx
    from wapaganda.tagger.tagger import Tagger

_HEAVY = {
    "Tagger": "wapaganda.tagger.tagger",
    "WordBatch": "wapaganda.tagger.batches",
    "add_casing_table": "wapaganda.tagger.case_embeddings",
    "budget_batches": "wapaganda.tagger.batches",
    "casing_table": "wapaganda.tagger.case_embeddings",
    "check_onnx": "wapaganda.tagger.portable.exported",
    "collate": "wapaganda.tagger.batches",
    "device_of": "wapaganda.tagger.batches",
    "fast_format": "wapaganda.tagger.number_formats",
    "fold_temperature": "wapaganda.tagger.portable.exported",
    "save_casing_table": "wapaganda.tagger.case_embeddings",
    "word_logits": "wapaganda.tagger.batches",
    "write_onnx": "wapaganda.tagger.portable.exported",
}

__all__ = [
    "LABELS_FILE",
    "MODULES",
    "N_CASINGS",
    "TAGGER_FILE",
    "EncodedText",
    "FolderError",
    "ModelFolder",
    "ModelInput",
    "TaggedText",
    "Tagger",
    "Tokenization",
    "Window",
    "WordBatch",
    "add_casing_table",
    "budget_batches",
    "casing_table",
    "check_onnx",
    "collate",
    "device_of",
    "encoder_config",
    "fast_format",
    "fold_temperature",
    "make_plain",
    "make_portable",
    "model_inputs",
    "quiet_transformers",
    "recalibrated",
    "save_casing_table",
    "windows",
    "word_casing",
    "word_logits",
    "write_onnx",
]


def __getattr__(name: str) -> object:
    if name in _HEAVY:
        found: object = getattr(import_module(_HEAVY[name]), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
