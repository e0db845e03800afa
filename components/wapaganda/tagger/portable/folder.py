"""What a model folder holds so that other programs read it right, or refuse."""

import json
import shutil
from pathlib import Path
from typing import Any

from wapaganda.errors import InputError
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

    Plain transformers would find other spans: it neither knows the words and their letter case nor the best
    valid sequence. So the config refuses unless ``trust_remote_code=True`` lets the code run.
    """
    for module in MODULES:
        shutil.copyfile(module, folder / module.name)
    facts = ModelFolder.read(folder)
    tokenizer = json.loads((folder / _TOKENIZER).read_text("utf-8"))
    write_json(folder / _TOKENIZER, tokenizer | {"model_max_length": facts.max_pieces}, indent=2)
    values = json.loads((folder / _CONFIG).read_text("utf-8"))
    if values["model_type"] != _OURS:
        write_json(folder / _CONFIG, _guarded(values, facts.casing), indent=2)


def make_plain(folder: Path) -> None:
    """Let plain transformers read a portable folder, too; the code is then the pipeline ``wapaganda``.

    Raises:
        InputError: the model reads letter case, or its tokenizer does not tell words apart: what plain
            transformers finds would be far from right.
    """
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    why = "its tokenizer does not tell where a word begins"
    if ModelFolder.read(folder).casing:
        why = "it reads the letter case of words, which its tokenizer removes"
    elif tokenizer["model"].get("continuing_subword_prefix"):
        values = json.loads((folder / _CONFIG).read_text("utf-8"))
        write_json(folder / _CONFIG, values["encoder"] | {"custom_pipelines": {_OURS: _PIPELINE}}, indent=2)
        return
    raise InputError(
        f"Expected a model that plain transformers can read, was: {why}.", "Export it without --plain."
    )


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
