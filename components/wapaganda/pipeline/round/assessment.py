"""Estimate the F1 of the live model on the pool and the gain of more labels, without labels."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wapaganda.annotation_cost import Prices
from wapaganda.calibration import Calibration
from wapaganda.model_store import ModelStore
from wapaganda.ner import Document, LabelSchema, Span, encode_tags, word_offsets
from wapaganda.pipeline.selection.pool_scores import PoolScores
from wapaganda.pipeline.selection.prices import seconds_per_text
from wapaganda.pipeline.training.holdout import text_key
from wapaganda.sampler import Selection
from wapaganda.stopping import Advice, Forecast, advise, agreement, forecast
from wapaganda.tagger import FolderError

_LOGGER = logging.getLogger(__name__)

STOP_SET = 500
"""Texts of the pool on which successive models are compared."""

NEXT_TEXTS = 100
"""The forecast is for this number of further labels."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """``estimated_f1`` of the live model on the unlabelled pool, ``agreement`` κ with the previous one on a
    stop set (``None``: there is none, or nothing is found), the forecast, and what is advised."""

    estimated_f1: float | None
    agreement: float | None
    forecast: Forecast
    advice: Advice


def assess_progress(
    curve: Sequence[tuple[int, float]],
    n_labelled: int,
    scored: PoolScores | None,
    selection: Selection,
    agreed: float | None,
    prices: Prices,
    calibration: Calibration | None = None,
) -> Assessment:
    """The assessment from the scored pool and the past rounds.

    ``curve``: labelled texts and estimated F1 of the rounds before this one, oldest first.
    ``calibration``: of the model that scored the pool, if it was cross-fitted.
    """
    estimated = estimated_pool_f1(scored, calibration)
    points = list(curve) if estimated is None else [*curve, (n_labelled, estimated)]
    seconds = None
    if scored is not None and len(scored.ids):
        place = {document_id: row for row, document_id in enumerate(scored.ids)}
        rows = [place[pick.id] for pick in selection.picks if pick.id in place]
        seconds = seconds_per_text(scored.expectation[rows], prices)
    outlook = forecast([n for n, _ in points], [f1 for _, f1 in points], NEXT_TEXTS, seconds)
    advice = advise([f1 for _, f1 in points], agreed, outlook, no_candidates=selection.should_stop)
    return Assessment(estimated, agreed, outlook, advice)


def estimated_pool_f1(scored: PoolScores | None, calibration: Calibration | None) -> float | None:
    """The F1 of the live model on the pool without labels, corrected by its ``calibration`` if it has one.

    ``None``: no model has scored the pool, or the pool is empty.
    """
    if scored is None or not len(scored.ids):
        return None
    expected = scored.expectation.f1()
    return expected if calibration is None else calibration.corrected(expected)


def agreement_with(
    name: str | None, store: ModelStore, scored: PoolScores | None, pool: Sequence[Document], device: str
) -> float | None:
    """κ of the version ``name`` and the model that scored the pool, on a stop set of the pool.

    The stop set has the same texts in each round as long as they are unlabelled. Only the version ``name`` is
    loaded. ``None`` if one of the two is missing or damaged, or neither finds an entity.
    """
    stop_set = _stop_set(pool)
    if scored is None or not stop_set or name not in {version.name for version in store.versions()}:
        return None
    from wapaganda.tagger import Tagger

    try:
        other = Tagger.load(store.path(name), device=device)
    except FolderError as error:  # an old version is no reason to stop a round
        _LOGGER.warning("%s and the live model are not compared: %s", name, error)
        return None
    schema = LabelSchema(tuple(dict.fromkeys((*other.schema.labels, *scored.labels))))
    texts, predicted = [document.text for document in stop_set], scored.predicted(stop_set)
    now = _tags(texts, [predicted[document.id] for document in stop_set], schema)
    return agreement(_tags(texts, other.predict(texts), schema), now)


def _stop_set(pool: Sequence[Document]) -> list[Document]:
    documents = {text_key(document.text): document for document in pool}
    return [documents[key] for key in sorted(documents)[:STOP_SET]]


def _tags(texts: Sequence[str], spans: Sequence[tuple[Span, ...]], schema: LabelSchema) -> NDArray[np.int64]:
    """The tags of all words of all texts, one after the other."""
    tags = [encode_tags(found, word_offsets(text), schema) for text, found in zip(texts, spans, strict=True)]
    return np.concatenate([np.zeros(0, dtype=np.int64), *tags])
