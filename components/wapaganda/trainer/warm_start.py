"""Beginning from the last model instead of from the pretrained weights alone."""

from pathlib import Path

import torch
from torch import nn

from wapaganda.tagger import Tagger


def shrink_towards_pretrained(model: nn.Module, last: Path, keep: float, tags: tuple[str, ...]) -> bool:
    """Make each weight of ``model`` ``keep`` × that of the model in ``last`` + (1 − ``keep``) × its own.

    Shrink and perturb (Ash & Adams 2020, "On warm-starting neural network training"), with the pretrained
    encoder and a fresh head of this training's seed in place of zero and noise. A model of other tags or of
    another shape is no beginning: then nothing is changed and the answer is false.

    Raises:
        FolderError: ``last`` is no model folder.
    """
    before = Tagger.load(last, device="cpu")
    weights, old = model.state_dict(), before.model.state_dict()
    fits = before.schema.tags == tags and {name: each.shape for name, each in weights.items()} == {
        name: each.shape for name, each in old.items()
    }
    if fits:
        with torch.no_grad():
            for name, value in weights.items():
                value.lerp_(old[name].to(value), keep)
    return fits
