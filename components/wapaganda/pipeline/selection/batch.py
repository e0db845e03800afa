"""Choose the next batch from a scored pool, and add the model's proposals."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wapaganda.annotation_cost import PRICES, Prices, expected_seconds, worth_showing
from wapaganda.ledger import Offer
from wapaganda.ner import Document, Span
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.ports import REVIEW
from wapaganda.pipeline.selection.pool_scores import PoolScores
from wapaganda.pipeline.selection.review import doubtful_first
from wapaganda.sampler import Pool, Selection, select
from wapaganda.uncertainty import AUTO, Expectation, acquisition

_MINIMUM_SECONDS = 0.1
"""The price of a text without words."""


def choose(
    pool: Sequence[Document],
    scored: PoolScores | None,
    labelled: Sequence[Document],
    config: LoopConfig,
    seed: int,
    is_random: NDArray[np.bool_] | None = None,
) -> Selection:
    """The next batch by the configured strategy; without a model (``scored`` is ``None``) a random one.

    The score and the threshold decide which texts are candidates; ``utility`` ranks them.
    Labelled texts and their near duplicates are not offered. ``is_random`` (n,): the random sample among the
    texts of ``pool``, if these were chosen from a larger one.
    """
    seen = [document.text for document in labelled]
    if scored is None:
        texts = {document.id: document.text for document in pool}
        ids = tuple(texts)
        blank = Pool(ids, list(texts.values()), np.zeros(len(ids)), None)
        return select(
            blank, config.batch_size, strategy="random", threshold=config.threshold, seed=seed, seen=seen
        )
    candidates = replace(_candidates(pool, scored, config), is_random=is_random)
    return select(
        candidates,
        config.batch_size,
        strategy=config.strategy,
        threshold=config.threshold,
        seed=seed,
        seen=seen,
        options=config.options,
    )


def _candidates(pool: Sequence[Document], scored: PoolScores, config: LoopConfig) -> Pool:
    """The scored texts that are still in the pool. No embedding is copied."""
    if scored.ids == tuple(document.id for document in pool):
        value = utility(scored.scores, scored.expectation, config)
        return Pool(scored.ids, [each.text for each in pool], scored.scores, scored.embeddings, value)
    texts = {document.id: document.text for document in pool}
    rows = np.array([row for row, name in enumerate(scored.ids) if name in texts], dtype=np.int64)
    ids = tuple(scored.ids[row] for row in rows.tolist())
    scores = scored.scores[rows]
    value = utility(scores, scored.expectation[rows], config)
    return Pool(ids, [texts[name] for name in ids], scores, scored.embeddings, value, rows)


def utility(scores: NDArray[np.float64], expected: Expectation, config: LoopConfig) -> NDArray[np.float64]:
    """The number by which the sampler ranks each text, (n,).

    It is the acquisition value of the measure. The measure ``auto`` ranks by its scores under ``uncertainty``
    and by expected span errors divided by the price under the other strategies.
    """
    seconds = expected_seconds(
        expected.n_words,
        expected.predicted,
        expected.expected_correct,
        expected.entities,
        PRICES[config.prices],
    )
    if config.measure != AUTO or config.strategy == "uncertainty":
        return acquisition(scores, config.measure, seconds, config.cost_exponent)
    return expected.errors / np.maximum(seconds, _MINIMUM_SECONDS) ** config.cost_exponent


def offered(document: Document, spans: Iterable[Span], rank: int, offer: Offer) -> Document:
    """A document for annotators, with the proposed spans; ``meta`` has its rank from 0, its uncertainty and
    the reason why it was selected."""
    meta = {"rank": rank, "uncertainty": round(offer.score, 6), "reason": offer.reason}
    return Document(document.id, document.text, tuple(spans), meta)


def _shown(spans: Iterable[Span], offer: Offer, floor: float) -> Iterable[Span]:
    kept = worth_showing(spans, floor)
    return doubtful_first(kept) if offer.reason == REVIEW else kept


def offered_batch(
    offers: Sequence[Offer],
    documents: Sequence[Document],
    proposed: Mapping[str, Sequence[Span]],
    labels: Collection[str],
    floor: float = 0.0,
) -> list[Document]:
    """Those of ``documents`` that were offered, by rank, with the spans in ``proposed`` that have one of
    these ``labels`` (the live model may be older than the labels of the project) and at least the confidence
    ``floor``.

    The spans of a text that is offered for review are in the order of ``doubtful_first``.
    """
    by_id = {document.id: document for document in documents}
    chosen = [offer for offer in offers if offer.document_id in by_id]
    return [
        offered(
            by_id[each.document_id],
            _shown((s for s in proposed.get(each.document_id, ()) if s.label in labels), each, floor),
            rank,
            each,
        )
        for rank, each in enumerate(chosen)
    ]


def with_seconds(documents: Iterable[Document], scored: PoolScores | None, prices: Prices) -> list[Document]:
    """The documents; ``meta`` of those that were scored has the ``seconds`` that an annotator is expected to
    need."""
    documents = list(documents)
    rows = scored.rows(documents) if scored else {}
    if scored is None or not rows:
        return documents
    expected = scored.expectation[np.array(list(rows.values()), dtype=np.int64)]
    seconds = expected_seconds(
        expected.n_words, expected.predicted, expected.expected_correct, expected.entities, prices
    )
    known = dict(zip(rows, np.round(seconds, 1).tolist(), strict=True))
    return [
        replace(each, meta={**each.meta, "seconds": known[each.id]}) if each.id in known else each
        for each in documents
    ]


def unfinished(
    documents: Iterable[Document], shown: Mapping[str, Sequence[Span]], labels: Collection[str]
) -> list[Document]:
    """Those of ``documents`` that have an entry in ``shown``, with its spans as far as they have one of these
    ``labels`` and lie in the text, and with their ``annotators`` so far."""
    return [
        Document(
            each.id,
            each.text,
            tuple(span for span in shown[each.id] if span.label in labels and span.end <= len(each.text)),
            {"annotators": each.meta["annotators"]} if each.meta.get("annotators") else {},
        )
        for each in documents
        if each.id in shown
    ]
