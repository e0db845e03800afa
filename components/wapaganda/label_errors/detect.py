"""Find labels that are improbable for a model that was not trained on them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import length_batches, merged_into_outside, pad, posterior
from wapaganda.label_errors.issue import IssueKind, LabelIssue, text_digest
from wapaganda.ner import Document, LabelSchema, Span, align_spans, judged_spans, missing_types


class TextPrediction(Protocol):
    """What a model predicts for a text: words (n_words, 2), log-probabilities (n_words, K) and best spans."""

    @property
    def words(self) -> NDArray[np.int32]:
        """Code-point offsets of the words."""

    @property
    def log_probs(self) -> NDArray[np.float32]:
        """Log-probability of every tag of every word."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """The entities of the best sequence."""


def find_label_issues(
    documents: Sequence[Document], out_of_fold: Sequence[TextPrediction], schema: LabelSchema
) -> list[LabelIssue]:
    """Where the labels and the out-of-fold predictions differ, the most improbable label first.

    A given span that is not proposed is an issue, together with the proposed span that overlaps it most. A
    proposed span that overlaps no given one is an issue, too. The score is 1 − √mean P(given tag)², over the
    words of both spans and by the marginals over valid sequences: one minus the self-confidence of confident
    learning (Northcutt et al. 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels"), word by
    word as in Wang & Mueller 2022, "Detecting Label Errors in Token Classification Data". The probability of
    a whole span falls with its length and would rank every long name first; docs/selfish.md compares the ways
    to pool the words. Types that the labels of a text cannot say are no issue there (``ner.missing_types``).

    Args:
        documents: the labelled documents.
        out_of_fold: for each document a prediction of a model that was not trained on it, with
            log-probabilities at temperature 1; the ranking was worse with a fitted temperature.
        schema: the entity types in the order of the log-probabilities.

    Raises:
        ValueError: the lengths differ, a document has no labels, or a label is not in the schema.
    """
    if len(documents) != len(out_of_fold):
        raise ValueError(
            f"Expected a prediction for each of {len(documents)} documents, was: {len(out_of_fold)}"
        )
    unlabelled = [document.id for document in documents if document.spans is None]
    if unlabelled:
        raise ValueError(f"Expected labelled documents, was: {unlabelled[0]!r} without labels")
    pairs = [_Comparison(*pair, schema) for pair in zip(documents, out_of_fold, strict=True)]
    differing = [pair for pair in pairs if pair.differs]
    found: list[LabelIssue] = []
    for batch in length_batches([len(each.words) for each in differing], len(schema.tags)):
        chosen = [differing[row] for row in batch.tolist()]
        marginals = posterior(*pad([each.log_probs for each in chosen])).tag
        for pair, of_words in zip(chosen, marginals, strict=True):
            found += pair.issues(of_words)
    place = {document.id: number for number, document in enumerate(documents)}
    return sorted(found, key=lambda each: (-each.score, place[each.document_id], each.place))


class _Comparison:
    """The given and the proposed spans of a text, both aligned with the words that the model sees."""

    def __init__(self, document: Document, prediction: TextPrediction, schema: LabelSchema) -> None:
        self.document, self.words = document, prediction.words
        missing = missing_types(document, schema)
        scores = prediction.log_probs
        self.log_probs = merged_into_outside(scores, missing) if missing else scores
        self.given = _fitted(document, prediction.words)
        (sayable,) = judged_spans([document], [prediction.spans])
        self.proposed = align_spans(sayable, prediction.words)[0]
        self.tags = self._tags(self.given, schema)

    @property
    def differs(self) -> bool:
        """Whether given and proposed spans differ."""
        return set(self.given) != set(self.proposed)

    def issues(self, marginals: NDArray[np.float64]) -> Iterator[LabelIssue]:
        """The issues, by the marginals (T, K) of the tags."""
        name, key = self.document.id, text_digest(self.document.text)
        for seen, span in self.given.items():
            if seen not in self.proposed:
                other = self._nearest(seen)
                score = self._score([seen] if other is None else [seen, other], marginals)
                yield LabelIssue(name, _kind(seen, other), span, other, score, key)
        for other in self.proposed:
            if not any(_overlap(seen, other) for seen in self.given):
                yield LabelIssue(name, "missed", None, other, self._score([other], marginals), key)

    def _nearest(self, seen: Span) -> Span | None:
        touching = [span for span in self.proposed if _overlap(seen, span)]
        return max(touching, key=lambda span: (_overlap(seen, span), span.score or 0.0), default=None)

    def _score(self, spans: Iterable[Span], marginals: NDArray[np.float64]) -> float:
        inside = np.zeros(len(self.words), dtype=np.bool_)
        for span in spans:
            inside[_words_of(span, self.words)] = True
        at = np.flatnonzero(inside)
        confidence = np.sqrt(np.mean(marginals[at, self.tags[at]] ** 2))
        return round(float(np.clip(1.0 - confidence, 0.0, 1.0)), 6)

    def _tags(self, spans: Iterable[Span], schema: LabelSchema) -> NDArray[np.int64]:
        """The given tag of each word, (T,); of overlapping spans the last one counts."""
        tags = np.zeros(len(self.words), dtype=np.int64)
        for span in spans:
            covered, begin = _words_of(span, self.words), schema.begin(span.label)
            tags[covered] = begin + 1
            tags[covered.start] = begin
        return tags


def _fitted(document: Document, words: NDArray[np.int32]) -> dict[Span, Span]:
    """The given spans aligned with the words, each mapped to the span in the document."""
    fitted: dict[Span, Span] = {}
    for span in document.spans or ():
        for seen in align_spans([span], words)[0]:
            fitted.setdefault(seen, span)
    return fitted


def _words_of(span: Span, words: NDArray[np.int32]) -> slice:
    first = int(np.searchsorted(words[:, 0], span.start))
    return slice(first, int(np.searchsorted(words[:, 1], span.end)) + 1)


def _kind(seen: Span, other: Span | None) -> IssueKind:
    if other is None:
        return "spurious"
    return "type" if (seen.start, seen.end) == (other.start, other.end) else "border"


def _overlap(left: Span, right: Span) -> int:
    """Number of code points in both spans."""
    return max(0, min(left.end, right.end) - max(left.start, right.start))
