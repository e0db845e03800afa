"""What is written into the manifest of a version, and how one is found that was made before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from wapaganda.calibration import Calibration
from wapaganda.metrics import Scores
from wapaganda.model_store import Manifest, ModelStore, Version, data_fingerprint, library_versions
from wapaganda.ner import Document, LabelSchema
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.training.promotion import PromotionDecision
from wapaganda.trainer import Recipe
from wapaganda.uncertainty import find_measure

_CROSS_VALIDATED = "cross_validated"


def made_before(
    store: ModelStore,
    documents: Sequence[Document],
    schema: LabelSchema,
    config: LoopConfig,
    recipes: Iterable[Recipe],
) -> Version | None:
    """The newest version that was made from the same documents by one of these recipes."""
    wanted = (data_fingerprint(documents), tuple(schema.labels), config.encoder)
    ways = [_way(recipe, config) for recipe in recipes]
    for made in reversed(store.versions()):
        manifest = made.manifest
        told = (manifest.data_fingerprint, tuple(manifest.labels), manifest.encoder)
        if told == wanted and manifest.recipe in ways:
            return made
    return None


def manifest_of(
    documents: Sequence[Document],
    schema: LabelSchema,
    config: LoopConfig,
    recipe: Recipe,
    scores: Scores | None,
    calibration: Calibration | None,
    decision: PromotionDecision,
    live: Version | None,
) -> Manifest:
    """The manifest of a new version; ``live`` is the one that was live when it was made."""
    metrics: dict[str, Any] = {} if scores is None else scores.to_dict()
    if calibration is not None:
        metrics[_CROSS_VALIDATED] = calibration.to_dict()
    return Manifest(
        labels=schema.labels,
        encoder=config.encoder,
        data_fingerprint=data_fingerprint(documents),
        n_documents=len(documents),
        metrics=metrics,
        seed=config.seed,
        recipe=_way(recipe, config),
        library_versions=library_versions(),
        reason=decision.reason,
        parent=live.name if live else None,
    )


def calibration_of(manifest: Manifest) -> Calibration | None:
    """What cross-fitting told when the version was made; ``None`` when it was not cross-fitted."""
    values = manifest.metrics.get(_CROSS_VALIDATED)
    return None if values is None else Calibration.from_dict(values)


def _way(recipe: Recipe, config: LoopConfig) -> Mapping[str, Any]:
    """The recipe and, when there are any, the folds, without which a version has no temperature, whether
    their models were kept, and whether the model taught itself."""
    way: dict[str, Any] = asdict(recipe)
    if config.folds >= 2:
        way |= {"folds": config.folds} | (
            {"committee": True} if find_measure(config.measure).committee else {}
        )
    return way | ({"self_training": True} if config.self_training else {})
