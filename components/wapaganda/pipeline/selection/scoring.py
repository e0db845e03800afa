"""Score every unlabelled text with the live model: all of them fast, those near the batch again exactly."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import Document, LabelSchema, Span, reading_words
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.selection.batch import utility
from wapaganda.pipeline.selection.kept_emissions import KeptEmissions
from wapaganda.pipeline.selection.pool_scores import EmbeddingFile, PoolScores, PoolSpans
from wapaganda.progress import Progress, silent
from wapaganda.tagger import ModelFolder, TaggedText, Tagger
from wapaganda.uncertainty import Expectation, expected_counts, score

BLOCK = 2048
"""Texts whose emissions are held in memory at a time."""

SHARPENED = 6
"""Texts for each one of a batch that are read again in float32. With 5 the batch of 500 from 12,000 was the
same as without half precision, with 3 it was not."""


def score_pool(
    tagger: Tagger,
    pool: Sequence[Document],
    config: LoopConfig,
    progress: Progress,
    kept: KeptEmissions | None = None,
) -> PoolScores:
    """Tag the pool and score every text by the measure of ``config``.

    Where half precision is faster (`Tagger.fast`), it reads all texts, and those that a batch can come from
    are read again in float32, so that the batch is the same. The emissions of only one block of texts are in
    memory; they go into ``kept``.
    """

    def read(tagger: Tagger, rows: Sequence[int]) -> Iterable[TaggedText]:
        tagged = tagger.tag([texts[row] for row in rows])
        return tagged if kept is None else kept.keep(rows, tagged)

    measure = config.measure
    texts = [document.text for document in pool]
    every = range(len(pool))
    fast = tagger if config.scoring_precision == "fp32" else tagger.fast()
    if fast is tagger or not pool:
        return score_tagged(pool, read(tagger, every), tagger.schema, measure, progress)
    n = len(pool)
    total = n + min(n, SHARPENED * config.batch_size)
    scored = score_tagged(
        pool, read(fast, every), tagger.schema, measure, lambda step, done, _: progress(step, done, total)
    )
    order = np.argsort(-utility(scored.scores, scored.expectation, config), kind="stable")
    rows = np.sort(order[: total - n])
    near = [pool[row] for row in rows.tolist()]
    sharp = score_tagged(
        near,
        read(tagger, rows.tolist()),
        tagger.schema,
        measure,
        lambda step, done, _: progress(step, n + done, total),
    )
    return scored.with_rows(rows, sharp)


def score_again(
    before: PoolScores, pool: Sequence[Document], kept: KeptEmissions, after: ModelFolder, measure: str
) -> PoolScores:
    """The scores of the same pool and weights with the calibration ``after``. The embeddings stay."""
    tagged = kept.again(after, before.embeddings, BLOCK)
    return score_tagged(pool, tagged, after.schema, measure)


def score_tagged(
    pool: Sequence[Document],
    tagged: Iterable[TaggedText],
    schema: LabelSchema,
    measure: str,
    progress: Progress = silent,
) -> PoolScores:
    """Score texts that are tagged by ``schema``, one of ``tagged`` for each document of ``pool``."""
    n = len(pool)
    progress("score", 0, n)
    scores = np.zeros(n)
    embeddings = EmbeddingFile()
    emissions: list[NDArray[np.float32]] = []
    read: list[int] = []
    expected: list[Expectation] = []
    spans: list[tuple[Span, ...]] = []
    found: list[PoolSpans] = []
    done = 0
    for index, each in enumerate(tagged):
        embeddings.add(each.embedding)
        spans.append(each.spans)
        emissions.append(each.log_probs)
        read.append(reading_words(pool[index].text, each.words))
        if len(emissions) == BLOCK or index + 1 == n:
            scores[done : index + 1] = score(emissions, measure)
            expected.append(replace(expected_counts(emissions), n_words=np.array(read, dtype=np.int64)))
            texts = [document.text for document in pool[done : index + 1]]
            found.append(PoolSpans.of(spans, texts, schema.labels))
            done = index + 1
            spans.clear()
            emissions.clear()
            read.clear()
            progress("score", done, n)
    return PoolScores(
        tuple(document.id for document in pool),
        scores,
        embeddings.read(),
        Expectation.join(expected),
        schema.labels,
        PoolSpans.join(found),
    )
