"""Fine-tuning of a pretrained encoder on a few hundred labelled texts.

Torch is imported when ``train`` or ``load_encoder`` is first asked for, not before.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from wapaganda.trainer.recipe import Recipe, recipe_for
from wapaganda.trainer.reports import StepReport, TrainResult
from wapaganda.trainer.unavailable import EncoderUnavailable

if TYPE_CHECKING:
    from wapaganda.trainer.adapting import Adaptation, adapt
    from wapaganda.trainer.cross_fitting import cross_fit
    from wapaganda.trainer.embedding import embed
    from wapaganda.trainer.encoders import LoadedEncoder, load_encoder
    from wapaganda.trainer.self_training import unlike
    from wapaganda.trainer.training import train

_HEAVY = {
    "Adaptation": "wapaganda.trainer.adapting",
    "LoadedEncoder": "wapaganda.trainer.encoders",
    "adapt": "wapaganda.trainer.adapting",
    "cross_fit": "wapaganda.trainer.cross_fitting",
    "embed": "wapaganda.trainer.embedding",
    "load_encoder": "wapaganda.trainer.encoders",
    "train": "wapaganda.trainer.training",
    "unlike": "wapaganda.trainer.self_training",
}

__all__ = [
    "Adaptation",
    "EncoderUnavailable",
    "LoadedEncoder",
    "Recipe",
    "StepReport",
    "TrainResult",
    "adapt",
    "cross_fit",
    "embed",
    "load_encoder",
    "recipe_for",
    "train",
    "unlike",
]


def __getattr__(name: str) -> object:
    if name in _HEAVY:
        found: object = getattr(import_module(_HEAVY[name]), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
