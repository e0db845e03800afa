"""Scores of models on held-out labels, and the comparison that decides which one goes live."""

import json
from collections.abc import Sequence
from pathlib import Path

from wapaganda.metrics import Scores, evaluate
from wapaganda.model_store import ModelStore, Version
from wapaganda.ner import Document, gold_spans
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.gate import Verdict, judge
from wapaganda.pipeline.holdout import text_key
from wapaganda.tagger import Tagger

_LEARNT = "trained_on.json"
"""The file of a version with the keys of the texts that it was trained on."""


def compare(
    folder: Path,
    live: Version | None,
    holdout: Sequence[Document],
    config: LoopConfig,
    store: ModelStore,
) -> tuple[Scores | None, Scores | None, Verdict]:
    """The scores of the model in ``folder``, those of the live one, and what follows.

    They are compared on what the live one, too, has never learnt: a text may be held out only now, when too
    few were labelled before or ``selfish train --test`` took them all.
    """
    if not holdout:
        return None, None, judge(None, None, config.promotion_margin, live.name if live else None)
    tagger = Tagger.load(folder, device=config.device)
    scores = evaluate_documents(tagger, holdout)
    if live is None:
        return scores, None, judge(_f1(scores), None, config.promotion_margin, None)
    learnt = _learnt(live.path)
    fair = [document for document in holdout if text_key(document.text) not in learnt]
    same = scores if len(fair) == len(holdout) else evaluate_documents(tagger, fair)
    previous = evaluate_version(store, live.name, fair, config.device)
    return scores, previous, judge(_f1(same), _f1(previous), config.promotion_margin, live.name)


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


def _learnt(folder: Path) -> frozenset[str]:
    """The keys of the texts that the version in ``folder`` was trained on."""
    path = folder / _LEARNT
    return frozenset(json.loads(path.read_text("utf-8"))) if path.exists() else frozenset()


def _f1(scores: Scores | None) -> float | None:
    return None if scores is None or scores.n_gold == 0 else scores.micro.f1
