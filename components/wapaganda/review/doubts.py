"""The labels that a model which has not learnt them doubts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import SpanIndex, length_batches, pad, span_probability
from wapaganda.ner import Document, LabelSchema, Span, fit_spans, repair_spans
from wapaganda.review.suspect import Kind, Suspect, text_key


class Answer(Protocol):
    """What a model says about a text: words (n_words, 2), log-probabilities (n_words, K) and best spans."""

    @property
    def words(self) -> NDArray[np.int32]:
        """Code-point offsets of the words."""

    @property
    def log_probs(self) -> NDArray[np.float32]:
        """Log-probability of every tag of every word."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """The entities of the best sequence."""


def label_errors(
    documents: Sequence[Document], out_of_fold: Sequence[Answer], schema: LabelSchema
) -> list[Suspect]:
    """Where the labels and the best out-of-fold reading differ, the most doubtful first.

    A given span is doubted by 1 − π(given), a proposed one where nothing is marked by its own π, with π the
    exact span marginal: the "self-confidence" of confident learning (Northcutt et al. 2021, "Confident
    Learning: Estimating Uncertainty in Dataset Labels"), of a whole span in place of one word as in Wang &
    Mueller 2022, "Detecting Label Errors in Token Classification Data". A given span that the best reading
    holds is never a suspect. The doubts are as good as the calibration of the log-probabilities.

    Args:
        documents: labelled ones.
        out_of_fold: for each an answer of a model that has not learnt its text.
        schema: the types in the order of the log-probabilities.

    Raises:
        ValueError: the lengths differ, a document has no labels, or a label is not in the schema.
    """
    if len(documents) != len(out_of_fold):
        raise ValueError(
            f"Expected an answer for each of {len(documents)} documents, was: {len(out_of_fold)}"
        )
    bare = [document.id for document in documents if document.spans is None]
    if bare:
        raise ValueError(f"Expected labelled documents, was: {bare[0]!r} without labels")
    given = [_given(document, answer) for document, answer in zip(documents, out_of_fold, strict=True)]
    proposed = [fit_spans(answer.spans, answer.words)[0] for answer in out_of_fold]
    wanted = [(*left, *right) for left, right in zip(given, proposed, strict=True)]
    sure = _probabilities(out_of_fold, wanted, schema)
    found = chain.from_iterable(map(_suspects, documents, given, proposed, sure))
    return sorted(found, key=lambda suspect: -suspect.doubt)


def _given(document: Document, answer: Answer) -> dict[Span, Span]:
    """The given spans as the model could have found them, each with the one that stands in the document."""
    fitted: dict[Span, Span] = {}
    for span in document.spans or ():
        repaired, _ = repair_spans(document.text, [span])
        for seen in fit_spans(repaired, answer.words)[0]:
            fitted.setdefault(seen, span)
    return fitted


def _probabilities(
    answers: Sequence[Answer], spans: Sequence[Sequence[Span]], schema: LabelSchema
) -> list[dict[Span, float]]:
    """π of each span of each text."""
    found: list[dict[Span, float]] = [{} for _ in answers]
    n_words = [len(answer.words) if spans[row] else 0 for row, answer in enumerate(answers)]
    for batch in length_batches(n_words, 1 + 2 * len(schema.labels)):
        rows = [row for row in batch.tolist() if n_words[row]]
        if rows:
            places = [[_index(span, answers[row].words, schema) for span in spans[row]] for row in rows]
            marginals = span_probability(*pad([answers[row].log_probs for row in rows]), places)
            for row, pi in zip(rows, marginals, strict=True):
                found[row] = dict(zip(spans[row], pi.tolist(), strict=True))
    return found


def _index(span: Span, words: NDArray[np.int32], schema: LabelSchema) -> SpanIndex:
    first = int(np.searchsorted(words[:, 0], span.start))
    last = int(np.searchsorted(words[:, 1], span.end))
    return first, last, (schema.begin(span.label) - 1) // 2


def _suspects(
    document: Document, given: dict[Span, Span], proposed: Sequence[Span], sure: dict[Span, float]
) -> Iterator[Suspect]:
    """One suspect for each given span that is not proposed, one for each proposed where nothing is given."""
    key = text_key(document.text)
    for seen, span in given.items():
        if seen not in proposed:
            other = max(proposed, key=lambda each: (_overlap(seen, each), sure[each]), default=None)
            if other is not None and not _overlap(seen, other):
                other = None
            yield Suspect(
                document.id, _kind(seen, other), span, _scored(other, sure), _rounded(1.0 - sure[seen]), key
            )
    for other in proposed:
        if not any(_overlap(seen, other) for seen in given):
            yield Suspect(document.id, "missed", None, _scored(other, sure), _rounded(sure[other]), key)


def _kind(seen: Span, other: Span | None) -> Kind:
    if other is None:
        return "spurious"
    return "type" if (seen.start, seen.end) == (other.start, other.end) else "border"


def _scored(span: Span | None, sure: dict[Span, float]) -> Span | None:
    return None if span is None else replace(span, score=round(sure[span], 6))


def _overlap(left: Span, right: Span) -> int:
    """Code points that belong to both."""
    return max(0, min(left.end, right.end) - max(left.start, right.start))


def _rounded(probability: float) -> float:
    return round(min(1.0, max(0.0, probability)), 6)
