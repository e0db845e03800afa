"""What a model folder holds so that other programs read it right, or refuse."""

import json
import shutil
from pathlib import Path
from typing import Any

from wapaganda.storage import write_json
from wapaganda.tagger.model_folder import ModelFolder

TAGGER_FILE = "span_tagger.py"
"""The file that finds spans without this program."""
MODULES = tuple(Path(__file__).with_name(name) for name in (TAGGER_FILE, "span_pipeline.py"))
"""The files with code that travel with a model."""
_CONFIG, _TOKENIZER, _OURS = "config.json", "tokenizer_config.json", "wapaganda"
_PIPELINE = {"impl": "span_pipeline.SpanPipeline", "pt": ["AutoModelForTokenClassification"]}


def make_portable(folder: Path) -> None:
    """Put the code into a model folder that has all else, and make its config name it.

    Where plain transformers would find other spans, since the model reads letter case or the tokenizer does
    not tell words apart, the config refuses unless ``trust_remote_code=True`` lets the code run. Elsewhere
    the code is offered as the pipeline ``wapaganda``.
    """
    for module in MODULES:
        shutil.copyfile(module, folder / module.name)
    facts = ModelFolder.read(folder)
    tokenizer = json.loads((folder / _TOKENIZER).read_text("utf-8"))
    write_json(folder / _TOKENIZER, tokenizer | {"model_max_length": facts.max_pieces}, indent=2)
    values = json.loads((folder / _CONFIG).read_text("utf-8"))
    if values["model_type"] == _OURS:
        return
    if facts.casing or not _tells_words_apart(folder):
        values = _guarded(values, facts.casing)
    else:
        values["custom_pipelines"] = {_OURS: _PIPELINE}
    write_json(folder / _CONFIG, values, indent=2)


def is_plain(folder: Path) -> bool:
    """Whether plain transformers reads the model of the folder, without its code."""
    return bool(json.loads((folder / _CONFIG).read_text("utf-8"))["model_type"] != _OURS)


def _guarded(encoder: dict[str, Any], casing: bool) -> dict[str, Any]:
    return {
        "architectures": ["SpanTaggerModel"],
        "auto_map": {
            "AutoConfig": "span_pipeline.SpanTaggerConfig",
            "AutoModelForTokenClassification": "span_pipeline.SpanTaggerModel",
        },
        "custom_pipelines": {"token-classification": _PIPELINE},
        "model_type": _OURS,
        "casing": casing,
        "encoder": encoder,
        "id2label": encoder.get("id2label"),
        "label2id": encoder.get("label2id"),
        "transformers_version": encoder.get("transformers_version"),
    }


def _tells_words_apart(folder: Path) -> bool:
    """Whether the pieces of a word show where it begins, as those of WordPiece do (``##ing``)."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    return bool(tokenizer["model"].get("continuing_subword_prefix"))
