"""What an undertrained model means: whether it goes live, and what the user reads."""

from dataclasses import replace

from wapaganda.model_store import Version
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.training.evaluation import Comparison
from wapaganda.pipeline.training.manifests import fit_of
from wapaganda.pipeline.training.promotion import PromotionDecision
from wapaganda.trainer import Recipe, TrainingJob, TrainResult, recipe_for

_FAR = 10.0
"""A learning rate is unusual when it differs from the default of the encoder by this factor or more."""


def compare_fit(compared: Comparison, result: TrainResult, live: Version | None) -> Comparison:
    """The comparison, unless the new model learned nothing or is undertrained.

    Such a model goes live only as the first one, with a sentence that says so, or when its F1 is at least
    that of the live model. An undertrained live model is replaced as any other.
    """
    undertrained = result.collapsed or (result.fit is not None and result.fit.undertrained)
    if not undertrained:
        return compared
    if live is None:
        reason = f"{compared.decision.reason} {sentence_of(result)}"
        return replace(compared, decision=replace(compared.decision, reason=reason))
    live_fit = fit_of(live.manifest)
    if not result.collapsed and live_fit is not None and live_fit.undertrained:
        return compared
    new, old = compared.same_scores, compared.previous_scores
    if not result.collapsed and new is not None and old is not None and new.micro.f1 >= old.micro.f1:
        return compared
    reason = f"{sentence_of(result)} So {live.name} stays live."
    return replace(compared, decision=PromotionDecision(False, reason))


def sentence_of(result: TrainResult) -> str:
    """What is wrong with the model, in one sentence; empty when nothing is."""
    if result.collapsed:
        return f"The training learned nothing: {result.stopped_because}."
    return result.fit.describe() if result.fit is not None else ""


def fit_messages(result: TrainResult, job: TrainingJob, config: LoopConfig) -> tuple[str, ...]:
    """What is wrong with the model and what to try; and a learning rate set by hand that is unusual."""
    usual = recipe_for(job.encoder, len(job.documents), len(job.schema.labels))
    problem = sentence_of(result)
    rate = _unusual_rate(config, usual)
    if not problem:
        return (rate,) if rate else ()
    return (f"{problem} {rate or _advice(config, usual)}",)


def _unusual_rate(config: LoopConfig, usual: Recipe) -> str:
    """A sentence about a learning rate that is far from the default; empty when it is not."""
    rate = config.learning_rate
    if rate is None or 1 / _FAR < rate / usual.learning_rate < _FAR:
        return ""
    return (
        f"LEARNING_RATE is {rate:.0e}; the default for this encoder is {usual.learning_rate:.0e}. "
        "Remove LEARNING_RATE, so that a search can choose it."
    )


def _advice(config: LoopConfig, usual: Recipe) -> str:
    if config.train_steps is not None and config.train_steps < usual.steps:
        return f"TRAIN_STEPS is {config.train_steps:,}; the default for these texts is {usual.steps:,}."
    if config.learning_rate is not None:
        return "Remove LEARNING_RATE, so that a search can choose it, or set more TRAIN_STEPS."
    if not config.recipe_search:
        return "Set RECIPE_SEARCH=true, so that a search can choose the learning rate."
    return "Label more texts, look at the likely label errors, or take another encoder (docs/encoders.md)."
