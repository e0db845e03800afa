"""Fine-tuning of a pretrained encoder on a few hundred labelled texts.

Torch is imported when ``train`` or another function around a model is first used, not before.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from wapaganda.trainer.encoders import LoadedEncoder, load_encoder
from wapaganda.trainer.errors import EncoderUnavailable
from wapaganda.trainer.fit import Fit
from wapaganda.trainer.job import Callbacks, SoftText, StepReport, TrainingJob, TrainResult
from wapaganda.trainer.recipe import AdaptationRecipe, Recipe, recipe_for

if TYPE_CHECKING:
    from wapaganda.trainer.cross_fitting import CrossFit, cross_fit
    from wapaganda.trainer.distillation import mean_probabilities, student_job, unlike
    from wapaganda.trainer.domain_adaptation import Adaptation, adapt
    from wapaganda.trainer.embedding import embed
    from wapaganda.trainer.processes.resources import processes_for
    from wapaganda.trainer.rate_search import RateSearch, Trial, search_learning_rate
    from wapaganda.trainer.training_loop import TrainedModel, train, train_in_memory

_HEAVY = {
    "Adaptation": "wapaganda.trainer.domain_adaptation",
    "CrossFit": "wapaganda.trainer.cross_fitting",
    "RateSearch": "wapaganda.trainer.rate_search",
    "TrainedModel": "wapaganda.trainer.training_loop",
    "Trial": "wapaganda.trainer.rate_search",
    "adapt": "wapaganda.trainer.domain_adaptation",
    "cross_fit": "wapaganda.trainer.cross_fitting",
    "mean_probabilities": "wapaganda.trainer.distillation",
    "embed": "wapaganda.trainer.embedding",
    "processes_for": "wapaganda.trainer.processes.resources",
    "search_learning_rate": "wapaganda.trainer.rate_search",
    "student_job": "wapaganda.trainer.distillation",
    "train": "wapaganda.trainer.training_loop",
    "train_in_memory": "wapaganda.trainer.training_loop",
    "unlike": "wapaganda.trainer.distillation",
}

__all__ = [
    "Adaptation",
    "AdaptationRecipe",
    "Callbacks",
    "CrossFit",
    "EncoderUnavailable",
    "Fit",
    "LoadedEncoder",
    "RateSearch",
    "Recipe",
    "SoftText",
    "StepReport",
    "TrainResult",
    "TrainedModel",
    "TrainingJob",
    "Trial",
    "adapt",
    "cross_fit",
    "embed",
    "load_encoder",
    "mean_probabilities",
    "processes_for",
    "recipe_for",
    "search_learning_rate",
    "student_job",
    "train",
    "train_in_memory",
    "unlike",
]


def __getattr__(name: str) -> object:
    if name in _HEAVY:
        found: object = getattr(import_module(_HEAVY[name]), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
