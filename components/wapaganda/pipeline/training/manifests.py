"""The manifest of a version, and the search for an earlier version of the same training."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from wapaganda.calibration import Calibration
from wapaganda.model_store import Manifest, ModelStore, Version, data_fingerprint, library_versions
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.training.evaluation import Comparison
from wapaganda.pipeline.training.promotion import PromotionDecision
from wapaganda.trainer import Fit, Recipe, TrainingJob

_CROSS_VALIDATED = "cross_validated"
_FIT = "fit"
_LATER_KEYS = {"max_extensions"}
"""Keys of a recipe that versions before 0.3 do not have."""
_UNJUDGED = "unjudged"
"""The key of a recipe that no training asks for, so such a version is never used again."""


def made_before(
    store: ModelStore, job: TrainingJob, config: LoopConfig, recipes: Iterable[Recipe]
) -> Version | None:
    """The newest version that was made from the same documents by one of these recipes."""
    wanted = (data_fingerprint(job.documents), tuple(job.schema.labels), config.encoder)
    ways = [_way(replace(job, recipe=recipe), config) for recipe in recipes]
    for made in reversed(store.versions()):
        manifest = made.manifest
        found = (manifest.data_fingerprint, tuple(manifest.labels), manifest.encoder)
        if found == wanted and any(_same_way(manifest.recipe, way) for way in ways):
            return made
    return None


def _same_way(stored: Mapping[str, Any], way: Mapping[str, Any]) -> bool:
    return {key: value for key, value in way.items() if key in stored or key not in _LATER_KEYS} == stored


def manifest_of(
    job: TrainingJob,
    config: LoopConfig,
    compared: Comparison,
    calibration: Calibration | None,
    live: Version | None,
    fit: Fit | None,
) -> Manifest:
    """The manifest of a new version; ``live`` is the one that was live when it was made."""
    metrics: dict[str, Any] = {} if compared.scores is None else compared.scores.to_dict()
    if calibration is not None:
        metrics[_CROSS_VALIDATED] = calibration.to_dict()
    if fit is not None:
        metrics[_FIT] = fit.to_dict()
    return Manifest(
        labels=job.schema.labels,
        encoder=config.encoder,
        data_fingerprint=data_fingerprint(job.documents),
        n_documents=len(job.documents),
        metrics=metrics,
        seed=config.seed,
        recipe=_way(job, config),
        library_versions=library_versions(),
        reason=compared.decision.reason,
        parent=live.name if live else None,
    )


def unjudged_manifest(job: TrainingJob, config: LoopConfig, fit: Fit | None) -> Manifest:
    """The manifest of a first model that answers until its folds are trained and it is judged."""
    decision = PromotionDecision(True, "It is the first model. It answers while its folds are trained.")
    made = manifest_of(job, config, Comparison(None, None, decision), None, None, fit)
    return replace(made, recipe={**made.recipe, _UNJUDGED: True})


def is_unjudged(manifest: Manifest) -> bool:
    """Whether the version is that of ``unjudged_manifest``."""
    return _UNJUDGED in manifest.recipe


def calibration_of(manifest: Manifest) -> Calibration | None:
    """The calibration by cross-fitting when the version was made; ``None``: it was not cross-fitted."""
    values = manifest.metrics.get(_CROSS_VALIDATED)
    return None if values is None else Calibration.from_dict(values)


def fit_of(manifest: Manifest) -> Fit | None:
    """How well the version knew its own training texts; ``None``: it was not measured, before 0.3."""
    values = manifest.metrics.get(_FIT)
    return None if values is None else Fit.from_dict(values)


def _way(job: TrainingJob, config: LoopConfig) -> Mapping[str, Any]:
    """The recipe and what else distinguishes versions of the same texts.

    ``folds``: without them there is no temperature. ``distillation``: whether a student was asked for.
    ``adapted_from``: the encoder that was adapted to the texts. ``dev``: the texts that chose the checkpoint.
    """
    way: dict[str, Any] = asdict(job.recipe)
    if config.folds >= 2:
        way["folds"] = config.folds
    if config.distillation:
        way["distillation"] = True
    if config.adapted_from is not None:
        way["adapted_from"] = config.adapted_from
    if job.dev:
        way["dev"] = data_fingerprint(job.dev)
    return way
