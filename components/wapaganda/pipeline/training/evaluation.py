"""Scores of models on labels that they never saw, and the comparison that decides which one goes live.

Such labels are those held out, or, when none are, all of them by cross-fitting: a version keeps what models
of its recipe said of each of its texts when they had not learnt it.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from wapaganda.metrics import Scores, evaluate
from wapaganda.model_store import ModelStore, Version
from wapaganda.ner import Document, Span, decode_spans, encode_spans, gold_spans
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.training.holdout import text_key
from wapaganda.pipeline.training.promotion import PromotionDecision, decide_promotion
from wapaganda.tagger import TaggedText, Tagger

_LEARNT = "trained_on.json"
"""The file of a version with the keys of the texts that it was trained on."""
_OUT_OF_FOLD = "out_of_fold.json"
"""The file of a version with what models that had not learnt a text would propose for it."""

Comparison = tuple[Scores | None, Scores | None, PromotionDecision]
"""The scores of a new model, those of the live one, and the decision."""


def compare(
    folder: Path,
    live: Version | None,
    documents: Sequence[Document],
    holdout: Sequence[Document],
    chosen: Collection[str],
    config: LoopConfig,
    store: ModelStore,
) -> Comparison:
    """The scores of the model in ``folder``, those of the live one, and what follows.

    On ``holdout``, or when that is empty and models are cross-fitted, on the ``documents`` they learnt, those
    left out whose ids were ``chosen`` for what a model thought of them.
    """
    if holdout or config.folds < 2:
        return _compare_held_out(folder, live, holdout, config, store)
    return _compare_out_of_fold(folder, live, documents, chosen, config)


def _compare_held_out(
    folder: Path,
    live: Version | None,
    holdout: Sequence[Document],
    config: LoopConfig,
    store: ModelStore,
) -> Comparison:
    """On what the live one, too, has never learnt: a text may be held out only now, when too few were
    labelled before or ``selfish train --test`` took them all."""
    if not holdout:
        return None, None, decide_promotion(None, None, config.promotion_margin, live.name if live else None)
    tagger = Tagger.load(folder, device=config.device)
    scores = evaluate_documents(tagger, holdout)
    if live is None:
        return scores, None, decide_promotion(_f1(scores), None, config.promotion_margin, None)
    learnt = _learnt(live.path)
    fair = [document for document in holdout if text_key(document.text) not in learnt]
    same = scores if len(fair) == len(holdout) else evaluate_documents(tagger, fair)
    previous = evaluate_version(store, live.name, fair, config.device)
    return scores, previous, decide_promotion(_f1(same), _f1(previous), config.promotion_margin, live.name)


def _compare_out_of_fold(
    folder: Path,
    live: Version | None,
    documents: Sequence[Document],
    chosen: Collection[str],
    config: LoopConfig,
) -> Comparison:
    """By out-of-fold answers to the texts that both have learnt, and the labels of today."""
    name, labels = live.name if live else None, "out-of-fold labels"
    new, old = _read_out_of_fold(folder), _read_out_of_fold(live.path) if live else {}
    drawn = [each for each in documents if each.id not in chosen and _exact_key(each) in new]
    both = [each for each in drawn if _exact_key(each) in old]
    scores, previous = _scores(drawn, new), _scores(both, old)
    decision = decide_promotion(_f1(_scores(both, new)), _f1(previous), config.promotion_margin, name, labels)
    return scores, previous, decision


def _scores(documents: Sequence[Document], answers: Mapping[str, Sequence[Span]]) -> Scores | None:
    if not documents:
        return None
    return evaluate(gold_spans(documents), [answers[_exact_key(each)] for each in documents])


def evaluate_version(
    store: ModelStore, name: str, documents: Sequence[Document], device: str
) -> Scores | None:
    """Strict span scores of a published version; ``None`` without documents."""
    return evaluate_documents(Tagger.load(store.path(name), device=device), documents) if documents else None


def evaluate_documents(tagger: Tagger, documents: Sequence[Document]) -> Scores:
    """Strict span scores of a tagger on labelled documents, against their spans after repair."""
    return evaluate(gold_spans(documents), tagger.predict([document.text for document in documents]))


def write_learnt(folder: Path, documents: Sequence[Document]) -> None:
    """Write down in the folder of a model which texts it was trained on."""
    keys = sorted({text_key(document.text) for document in documents})
    (folder / _LEARNT).write_text(json.dumps(keys), "utf-8")


def write_out_of_fold(folder: Path, documents: Sequence[Document], answers: Sequence[TaggedText]) -> None:
    """Write down in the folder of a model what one that had not learnt it would propose for each document."""
    spans = {
        _exact_key(document): encode_spans(answer.spans)
        for document, answer in zip(documents, answers, strict=True)
    }
    (folder / _OUT_OF_FOLD).write_text(json.dumps(spans), "utf-8")


def _exact_key(document: Document) -> str:
    """Spans are places in a text, so here white space counts."""
    return hashlib.sha256(document.text.encode("utf-8", "surrogatepass")).hexdigest()


def _read_out_of_fold(folder: Path) -> Mapping[str, Sequence[Span]]:
    path = folder / _OUT_OF_FOLD
    found = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return {key: decode_spans(spans) for key, spans in found.items()}


def _learnt(folder: Path) -> frozenset[str]:
    """The keys of the texts that the version in ``folder`` was trained on."""
    path = folder / _LEARNT
    return frozenset(json.loads(path.read_text("utf-8"))) if path.exists() else frozenset()


def _f1(scores: Scores | None) -> float | None:
    return None if scores is None or scores.n_gold == 0 else scores.micro.f1
