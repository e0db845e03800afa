"""Train one model version, judge it on labels that it never saw, and let it go live or keep it as a
candidate."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from wapaganda.metrics import Scores, evaluate
from wapaganda.model_store import Manifest, ModelStore, Version, data_fingerprint, library_versions
from wapaganda.ner import Document, LabelSchema, repair_spans
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.gate import Verdict, judge
from wapaganda.pipeline.ports import Progress
from wapaganda.tagger import Tagger
from wapaganda.trainer import Recipe, StepReport, recipe_for, train


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training gave: the version, its scores and those of the model that was live, and the verdict."""

    version: str
    scores: Scores | None
    previous: str | None
    previous_scores: Scores | None
    verdict: Verdict
    n_train: int
    n_holdout: int
    steps: int
    seconds: float
    reused: bool
    repairs: str


def train_version(
    documents: Sequence[Document],
    holdout: Sequence[Document],
    schema: LabelSchema,
    config: LoopConfig,
    store: ModelStore,
    scratch: Path,
    *,
    progress: Progress,
    on_step: Callable[[StepReport], None] | None = None,
) -> Trained:
    """Train on ``documents``, compare with the live model on ``holdout``, publish, and promote when not
    worse.

    A version that was already made from the same documents with the same recipe is used again, so repeating
    an interrupted round makes no second one.

    Raises:
        ValueError: no document holds an entity.
        EncoderUnavailable: the pretrained encoder cannot be had.
    """
    if not any(document.spans for document in documents):
        raise ValueError(
            f"Expected at least one labelled entity to learn from, "
            f"was: {len(documents)} labelled texts without any"
        )
    recipe = _recipe(config, len(documents))
    live = store.current()
    previous_scores = evaluate_version(store, live.name, holdout, config.device) if live else None
    same = _same_version(store, documents, schema, config, recipe)
    if same is None:
        shutil.rmtree(scratch, ignore_errors=True)
        result = train(
            documents,
            schema,
            config.encoder,
            recipe,
            scratch,
            on_step=_both(on_step, lambda report: progress("train", report.step, report.steps)),
        )
        scores = evaluate_documents(Tagger.load(scratch, device=config.device), holdout) if holdout else None
        verdict = judge(
            _f1(scores), _f1(previous_scores), config.promotion_margin, live.name if live else None
        )
        made = store.publish(scratch, _manifest(documents, schema, config, recipe, scores, verdict, live))
        steps, seconds, repairs = (
            result.steps,
            result.seconds,
            result.repairs.describe() if result.repairs.total else "",
        )
    else:
        made, steps, seconds, repairs = same, 0, 0.0, ""
        scores = evaluate_version(store, made.name, holdout, config.device)
        previous = live.name if live and live.name != made.name else None
        verdict = judge(_f1(scores), _f1(previous_scores), config.promotion_margin, previous)
    if verdict.promote and (live is None or live.name != made.name):
        store.promote(made.name)
    return Trained(
        made.name,
        scores,
        live.name if live else None,
        previous_scores,
        verdict,
        len(documents),
        len(holdout),
        steps,
        seconds,
        same is not None,
        repairs,
    )


def evaluate_version(
    store: ModelStore, name: str, documents: Sequence[Document], device: str
) -> Scores | None:
    """Strict span scores of a published version; ``None`` without documents."""
    return evaluate_documents(Tagger.load(store.path(name), device=device), documents) if documents else None


def evaluate_documents(tagger: Tagger, documents: Sequence[Document]) -> Scores:
    """Strict span scores of a tagger on labelled documents, against their spans after repair."""
    gold = [repair_spans(document.text, document.spans or ())[0] for document in documents]
    return evaluate(gold, tagger.predict([document.text for document in documents]))


def _recipe(config: LoopConfig, n_documents: int) -> Recipe:
    recipe = recipe_for(config.encoder, n_documents, config.learning_rate, config.seed)
    return recipe if config.train_steps is None else replace(recipe, steps=config.train_steps)


def _f1(scores: Scores | None) -> float | None:
    return None if scores is None or scores.n_gold == 0 else scores.micro.f1


def _same_version(
    store: ModelStore, documents: Sequence[Document], schema: LabelSchema, config: LoopConfig, recipe: Recipe
) -> Version | None:
    wanted = (data_fingerprint(documents), tuple(schema.labels), config.encoder, asdict(recipe))
    for made in reversed(store.versions()):
        manifest = made.manifest
        if wanted == (manifest.data_fingerprint, tuple(manifest.labels), manifest.encoder, manifest.recipe):
            return made
    return None


def _manifest(
    documents: Sequence[Document],
    schema: LabelSchema,
    config: LoopConfig,
    recipe: Recipe,
    scores: Scores | None,
    verdict: Verdict,
    live: Version | None,
) -> Manifest:
    return Manifest(
        labels=schema.labels,
        encoder=config.encoder,
        data_fingerprint=data_fingerprint(documents),
        n_documents=len(documents),
        metrics={} if scores is None else scores.to_dict(),
        seed=config.seed,
        recipe=asdict(recipe),
        library_versions=library_versions(),
        reason=verdict.reason,
        parent=live.name if live else None,
    )


def _both(*listeners: Callable[[StepReport], Any] | None) -> Callable[[StepReport], None]:
    def tell(report: StepReport) -> None:
        for listener in listeners:
            if listener is not None:
                listener(report)

    return tell
