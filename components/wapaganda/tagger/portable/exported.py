"""What an exported folder gets besides: the temperature in its weights, and ONNX."""

import contextlib
import io
import json
import logging
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from wapaganda.errors import InputError
from wapaganda.tagger.hf_logging import quiet_transformers
from wapaganda.tagger.model_folder import LABELS_FILE, FolderError, ModelFolder
from wapaganda.tagger.portable.span_tagger import load_model, tag_scores

if TYPE_CHECKING:
    from torch import Tensor

_WEIGHTS, ONNX_FILE = "model.safetensors", "model.onnx"


def fold_temperature(folder: Path) -> None:
    """Divide the weights of the head by the temperature, so that plain programs get calibrated scores, too.

    The tag scores of the tagger stay the same up to rounding; ``labels.json`` then has the temperature 1.
    """
    facts = ModelFolder.read(folder)
    model = load_model(folder)
    n_tags = len(facts.schema.tags)
    linear = [module for module in model.modules() if isinstance(module, torch.nn.Linear)]
    head = [module for module in linear if module.out_features == n_tags][-1]
    with torch.no_grad():
        for weights in head.parameters():
            weights.div_(facts.temperature)
    with tempfile.TemporaryDirectory(dir=folder) as scratch, quiet_transformers():
        model.save_pretrained(scratch)
        Path(scratch, _WEIGHTS).replace(folder / _WEIGHTS)
    replace(facts, temperature=1.0).write(folder)


def check_onnx() -> None:
    """Check early that ``write_onnx`` has what it needs.

    Raises:
        InputError: a package is missing.
    """
    try:
        import onnx  # noqa: F401 - torch needs both
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"Expected the packages onnx and onnxscript, was: no {error.name}.",
            "pip install onnx onnxscript (the extra [onnx] names them), or export without --onnx.",
        ) from None


def write_onnx(folder: Path) -> None:
    """Write ``model.onnx`` into a model folder; ``span_tagger.load(folder, onnx=True)`` reads it.

    Inputs: ``input_ids``, ``attention_mask`` and, when the model reads letter case, ``casing``, all int64
    (batch, pieces) of any size. Output: ``logits`` (batch, pieces, tags), before the division by the
    temperature of ``labels.json``.

    Raises:
        InputError: a package is missing.
        FolderError: torch cannot write this kind of model as ONNX.
    """
    check_onnx()
    casing = bool(json.loads((folder / LABELS_FILE).read_text("utf-8"))["shapes"])
    model = _Scores(load_model(folder, attn_implementation="eager")).eval()
    names = ["input_ids", "attention_mask", *(["casing"] if casing else [])]
    batch, length = torch.export.Dim("batch"), torch.export.Dim("pieces")
    example = torch.ones(2, 7, dtype=torch.int64)
    try:
        with _quiet():
            torch.onnx.export(
                model,
                tuple(example.clone() for _ in names),
                folder / ONNX_FILE,
                input_names=names,
                output_names=["logits"],
                dynamic_shapes=tuple({0: batch, 1: length} for _ in names),
                dynamo=True,
                external_data=False,
            )
    except Exception as error:  # of torch.export, for what it cannot trace
        name, why = type(model.model).__name__, str(error).splitlines()[0].split("\x1b")[0].rstrip(" .")
        raise FolderError(f"Expected that torch can write {name} as ONNX, was: {why}") from error


class _Scores(torch.nn.Module):
    def __init__(self, model: Any) -> None:  # noqa: ANN401 - a model of transformers
        super().__init__()
        self.model = model

    def forward(self, ids: "Tensor", mask: "Tensor", cases: "Tensor | None" = None) -> "Tensor":
        scores: Tensor = tag_scores(self.model, ids, mask, cases)
        return scores


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the report that torch prints, and its warnings about its own code."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
