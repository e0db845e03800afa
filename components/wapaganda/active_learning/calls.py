"""The three calls, what they take and what they return."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.errors import InputError
from wapaganda.model_store import ModelStore, Version
from wapaganda.ner import Document, LabelSchema, Span, decode_spans, repaired
from wapaganda.pipeline import (
    LoopConfig,
    PoolScores,
    TrainingOutcome,
    TrainingTexts,
    choose_step,
    score_pool,
    selected_documents,
    split_holdout,
    train_version,
)
from wapaganda.progress import silent
from wapaganda.tagger import Tagger

LabelledText = Document | tuple[str, Iterable[Any]] | Mapping[str, Any]
"""A labelled ``Document``, ``(text, spans)``, or ``{"text": …, "spans": …}``.

A span is ``(start, end, label)`` or ``{"start": …, "end": …, "label": …}``, in code points."""

PlainText = Document | str
"""A text to score. A text without an id gets its place in the list, from "0", as its id."""


@dataclass(frozen=True, slots=True)
class FittedModel:
    """The live model of a folder, and the result of the last training in it.

    ``labelled``: what `fit` was given. `choose` offers neither these texts nor near duplicates of them.
    """

    version: Version
    tagger: Tagger
    outcome: TrainingOutcome
    config: LoopConfig
    labelled: Sequence[Document] = field(repr=False)

    def predict(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The entities of each text, with their confidence (0 to 1)."""
        return self.tagger.predict(texts)


@dataclass(frozen=True, slots=True)
class ScoredTexts:
    """Scored texts, n of them. ``scores``: all that the model said of them."""

    model: FittedModel
    documents: Sequence[Document] = field(repr=False)
    scores: PoolScores = field(repr=False)

    @property
    def uncertainty(self) -> NDArray[np.float64]:
        """The uncertainty of each text, (n,), 0 to 1."""
        return self.scores.scores

    def __len__(self) -> int:
        return len(self.documents)


def fit(texts: Iterable[LabelledText], encoder: str | LoopConfig, folder: str | Path) -> FittedModel:
    """Train on labelled texts, calibrate by cross-fitting, and return the live model of ``folder``.

    ``encoder``: a name on the model hub or a folder; or a ``LoopConfig``, which has more settings. ``folder``
    keeps the model versions. With more texts a later call makes the next version there, which goes live when
    it is not worse (``outcome.decision``); the same texts and recipe are not trained twice. The first call
    searches the learning rate. One process at a time may fit in a folder.

    Raises:
        InputError: a text or span is not what it should be, or no text has an entity.
        EncoderUnavailable: the encoder cannot be loaded.
    """
    config = LoopConfig(encoder) if isinstance(encoder, str) else encoder
    documents = _with_own_ids([_labelled(text, place) for place, text in enumerate(texts)])
    if not any(document.spans for document in documents):
        raise InputError(f"Expected at least one labelled entity, was: {len(documents)} texts without any.")
    store = ModelStore(Path(folder))
    train, held = split_holdout(documents, config.held_out, lambda _: True)
    schema = LabelSchema.of(documents)
    outcome = train_version(TrainingTexts(train, held), schema, config, store, Path(folder) / "training")
    live = store.read_live()
    assert live is not None  # there is one after every training
    return FittedModel(live, Tagger.load(live.path, device=config.device), outcome, config, documents)


def score(model: FittedModel, texts: Iterable[PlainText]) -> ScoredTexts:
    """Read unlabelled texts with the model: uncertainty, expected errors, spans.

    Raises:
        InputError: two texts have the same id.
    """
    documents = _with_own_ids([_unlabelled(text, place) for place, text in enumerate(texts)])
    scores = score_pool(model.tagger, documents, model.config, silent)
    return ScoredTexts(model, documents, scores)


def choose(scored: ScoredTexts, n: int, seed: int | None = None) -> list[Document]:
    """The ``n`` texts that are worth labelling next, best first, with the spans that the model proposes.

    There are fewer when the texts run out. ``meta`` holds the ``uncertainty`` (0 to 1) and the ``reason``.
    ``seed``: of the random choices; not set, that of the config.

    Raises:
        InputError: ``n`` is not at least 1.
    """
    if n < 1:
        raise InputError(f"Expected a number of texts from 1 on, was: {n}.")
    config = replace(scored.model.config, batch_size=n)
    used = config.seed if seed is None else seed
    selection = choose_step(scored.documents, scored.scores, scored.model.labelled, config, used)
    chosen = selected_documents(selection, scored.documents, scored.scores)
    return [
        replace(document, meta={**document.meta, "uncertainty": float(pick.score), "reason": pick.reason})
        for document, pick in zip(chosen, selection.picks, strict=True)
    ]


def _labelled(text: LabelledText, place: int) -> Document:
    match text:
        case Document():
            document = text
        case {"text": str(content), "spans": spans} | (str(content), spans) if spans is not None:
            try:
                document = Document(str(place), content, decode_spans(spans))
            except (TypeError, ValueError) as error:
                raise InputError(f"Expected spans as (start, end, label) in text {place}: {error}") from None
        case _:
            raise InputError(f"Expected a labelled text as (text, spans) at place {place}, was: {text!r}")
    if not document.is_labelled:
        raise InputError(f"Expected a labelled text at place {place}, was: {document.id!r} without spans.")
    whole, repairs = repaired(document)
    if repairs.refused:
        raise InputError(f"Expected spans in text {place} that fit it, was: {repairs.describe()}.")
    return whole


def _unlabelled(text: PlainText, place: int) -> Document:
    if not isinstance(text, str | Document):
        raise InputError(f"Expected a text at place {place}, was: {text!r}")
    return Document(str(place), text) if isinstance(text, str) else text


def _with_own_ids(documents: list[Document]) -> list[Document]:
    """The documents, when no id is there twice."""
    seen: set[str] = set()
    for document in documents:
        if document.id in seen:
            raise InputError(f"Expected each id once, was: {document.id!r} twice.")
        seen.add(document.id)
    return documents
