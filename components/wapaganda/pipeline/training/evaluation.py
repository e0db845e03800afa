"""Scores of models on labels that they have not seen, and the comparison that decides which one goes live.

These labels are the held-out ones or, when none are held out, all by cross-fitting: a version keeps the
out-of-fold predictions for its texts.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wapaganda.metrics import Scores, evaluate
from wapaganda.model_store import ModelStore, Version
from wapaganda.ner import Document, Span, decode_spans, encode_spans, gold_spans, judged_spans
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.training.holdout import TrainingTexts, text_key
from wapaganda.pipeline.training.promotion import PromotionDecision, decide_promotion
from wapaganda.storage import write_json
from wapaganda.tagger import TaggedText

if TYPE_CHECKING:
    from wapaganda.tagger import Tagger

_TRAINED_ON = "trained_on.json"
"""The file of a version with the keys of the texts that it was trained on."""
_OUT_OF_FOLD = "out_of_fold.json"
"""The file of a version with the out-of-fold predictions for its texts."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The scores of a new model, those of the live one, and the decision; ``None``: not measured.

    ``same_scores``: of the new model on the labels on which the live one was measured.
    """

    scores: Scores | None
    previous_scores: Scores | None
    decision: PromotionDecision
    same_scores: Scores | None = None


def compare(folder: Path, live: Version | None, texts: TrainingTexts, config: LoopConfig) -> Comparison:
    """Compare the model in ``folder`` with the live one, and decide.

    On the held-out texts; when none are held out and models are cross-fitted, on the texts that they were
    trained on, without those that were actively selected.
    """
    if texts.holdout or config.folds < 2:
        return _compare_held_out(folder, live, texts.holdout, config)
    return _compare_out_of_fold(folder, live, texts, config)


def _compare_held_out(
    folder: Path, live: Version | None, holdout: Sequence[Document], config: LoopConfig
) -> Comparison:
    """On the held-out texts that the live model was not trained on.

    It may have been trained on some of them: when too few texts were labelled to hold any out, or by
    ``selfish train --test``.
    """
    name, margin = live.name if live else None, config.promotion_margin
    if not holdout:
        return Comparison(None, None, decide_promotion(None, None, margin, name))
    from wapaganda.tagger import Tagger

    tagger = Tagger.load(folder, device=config.device)
    scores = evaluate_documents(tagger, holdout)
    if live is None:
        return Comparison(scores, None, decide_promotion(_f1(scores), None, margin, None))
    trained_on = _trained_on(live.path)
    fair = [document for document in holdout if text_key(document.text) not in trained_on]
    same = scores if len(fair) == len(holdout) else evaluate_documents(tagger, fair)
    previous = evaluate_documents(Tagger.load(live.path, device=config.device), fair) if fair else None
    return Comparison(scores, previous, decide_promotion(_f1(same), _f1(previous), margin, name), same)


def _compare_out_of_fold(
    folder: Path, live: Version | None, texts: TrainingTexts, config: LoopConfig
) -> Comparison:
    """By the out-of-fold predictions for the texts that both were trained on, and the current labels."""
    name, labels = live.name if live else None, "out-of-fold labels"
    new, old = _read_out_of_fold(folder), _read_out_of_fold(live.path) if live else {}
    fair = [
        each for each in texts.train if each.id not in texts.actively_selected and _exact_key(each) in new
    ]
    both = [each for each in fair if _exact_key(each) in old]
    scores, previous, same = _scores(fair, new), _scores(both, old), _scores(both, new)
    decision = decide_promotion(_f1(same), _f1(previous), config.promotion_margin, name, labels)
    return Comparison(scores, previous, decision, same)


def _scores(documents: Sequence[Document], answers: Mapping[str, Sequence[Span]]) -> Scores | None:
    if not documents:
        return None
    predicted = judged_spans(documents, [answers[_exact_key(each)] for each in documents])
    return evaluate(gold_spans(documents), predicted)


def evaluate_version(
    store: ModelStore, name: str, documents: Sequence[Document], device: str
) -> Scores | None:
    """Strict span scores of a published version; ``None`` without documents."""
    from wapaganda.tagger import Tagger

    return evaluate_documents(Tagger.load(store.path(name), device=device), documents) if documents else None


def evaluate_documents(tagger: "Tagger", documents: Sequence[Document]) -> Scores:
    """Strict span scores of a tagger on labelled documents, against their spans after repair.

    Predicted spans of types that the labels of a text cannot say do not count.
    """
    predicted = judged_spans(documents, tagger.predict([document.text for document in documents]))
    return evaluate(gold_spans(documents), predicted)


def write_trained_on(folder: Path, documents: Sequence[Document]) -> None:
    """Write into the folder of a model which texts it was trained on."""
    write_json(folder / _TRAINED_ON, sorted({text_key(document.text) for document in documents}))


def write_out_of_fold(folder: Path, documents: Sequence[Document], answers: Sequence[TaggedText]) -> None:
    """Write the out-of-fold prediction for each document into the folder of a model."""
    spans = {
        _exact_key(document): encode_spans(answer.spans, scores=True)
        for document, answer in zip(documents, answers, strict=True)
    }
    write_json(folder / _OUT_OF_FOLD, spans)


def out_of_fold_spans(folder: Path, documents: Sequence[Document]) -> list[Sequence[Span] | None]:
    """What the models of the folds predicted for each document; ``None`` for texts that they do not know.

    ``folder``: that of a model version.
    """
    found = _read_out_of_fold(folder)
    return [found.get(_exact_key(document)) for document in documents]


def _exact_key(document: Document) -> str:
    """Span offsets depend on white space, so it matters here."""
    return hashlib.sha256(document.text.encode("utf-8", "surrogatepass")).hexdigest()


def _read_out_of_fold(folder: Path) -> Mapping[str, Sequence[Span]]:
    path = folder / _OUT_OF_FOLD
    found = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return {key: decode_spans(spans) for key, spans in found.items()}


def _trained_on(folder: Path) -> frozenset[str]:
    """The keys of the texts that the version in ``folder`` was trained on."""
    path = folder / _TRAINED_ON
    return frozenset(json.loads(path.read_text("utf-8"))) if path.exists() else frozenset()


def _f1(scores: Scores | None) -> float | None:
    return None if scores is None or scores.n_gold == 0 else scores.micro.f1
