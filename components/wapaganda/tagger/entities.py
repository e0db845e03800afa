"""From tag log-probabilities to the most probable valid spans."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wapaganda.calibration import ConfidenceMap
from wapaganda.decoding import (
    SpanIndex,
    length_batches,
    pad,
    span_probability,
    spans_of,
    viterbi,
)
from wapaganda.ner import LabelSchema, Span


def decode(
    words: Sequence[NDArray[np.int32]],
    log_probs: Sequence[NDArray[np.float32]],
    schema: LabelSchema,
    confidence: ConfidenceMap,
) -> list[tuple[Span, ...]]:
    """The spans of the best valid tag sequence of each text, each with the ``confidence`` of its exact
    probability as ``score``.

    Shapes: words (n_words, 2) and log_probs (n_words, 1 + 2L) for each text.
    """
    found: list[tuple[Span, ...]] = [()] * len(words)
    filled = np.flatnonzero([len(rows) for rows in log_probs])
    lengths = [len(log_probs[int(text)]) for text in filled]
    for batch in length_batches(lengths, len(schema.tags)):
        texts = filled[batch]
        padded, sizes = pad([log_probs[text] for text in texts])
        tags, _ = viterbi(padded, sizes)
        entities = spans_of(tags)
        probabilities = span_probability(padded, sizes, entities)
        for text, places, scores in zip(texts, entities, probabilities, strict=True):
            found[text] = _spans(places, confidence(scores), words[text], schema)
    return found


def _spans(
    places: Sequence[SpanIndex], scores: NDArray[np.float64], words: NDArray[np.int32], schema: LabelSchema
) -> tuple[Span, ...]:
    return tuple(
        Span(int(words[first, 0]), int(words[last, 1]), schema.labels[kind], score)
        for (first, last, kind), score in zip(places, scores.tolist(), strict=True)
    )
