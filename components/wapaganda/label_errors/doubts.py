"""The labels that a model which has not learnt them doubts."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import length_batches, pad, posterior
from wapaganda.label_errors.suspect import Kind, Suspect, text_key
from wapaganda.ner import Document, LabelSchema, Span, align_spans


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

    A given span that is not proposed is a suspect, with the proposal that it shares most with, and so is a
    proposal where nothing is given. Its doubt is 1 − √mean P(given tag)², over the words of both spans and
    by the marginals over valid sequences: one minus the self-confidence of confident learning (Northcutt et
    al. 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels"), word by word as in Wang &
    Mueller 2022, "Detecting Label Errors in Token Classification Data". Of the ways to pool the words it is
    this one, since the probability of a whole span falls with its length and would put every long name first,
    and a single sure word vouches for more than its share (docs/selfish.md has the comparison).

    Args:
        documents: labelled ones.
        out_of_fold: for each an answer of a model that has not learnt its text; the log-probabilities without
            a temperature, with which the ranking was worse.
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
    readings = [_Reading(*pair, schema) for pair in zip(documents, out_of_fold, strict=True)]
    differing = [reading for reading in readings if reading.differs]
    found: list[Suspect] = []
    for batch in length_batches([len(each.words) for each in differing], len(schema.tags)):
        chosen = [differing[row] for row in batch.tolist()]
        marginals = posterior(*pad([each.log_probs for each in chosen])).tag
        for reading, of_words in zip(chosen, marginals, strict=True):
            found += reading.suspects(of_words)
    place = {document.id: number for number, document in enumerate(documents)}
    return sorted(found, key=lambda each: (-each.doubt, place[each.document_id], each.place))


class _Reading:
    """A text with its given and its proposed spans, both over the words that the model sees."""

    def __init__(self, document: Document, answer: Answer, schema: LabelSchema) -> None:
        self.document, self.words, self.log_probs = document, answer.words, answer.log_probs
        self.given = _fitted(document, answer.words)
        self.proposed = align_spans(answer.spans, answer.words)[0]
        self.tags = self._tags(self.given, schema)

    @property
    def differs(self) -> bool:
        """Whether a span is given or proposed alone."""
        return set(self.given) != set(self.proposed)

    def suspects(self, marginals: NDArray[np.float64]) -> Iterator[Suspect]:
        """The labels in doubt, by the marginals (T, K) of the tags."""
        name, key = self.document.id, text_key(self.document.text)
        for seen, span in self.given.items():
            if seen not in self.proposed:
                other = self._nearest(seen)
                doubt = self._doubt([seen] if other is None else [seen, other], marginals)
                yield Suspect(name, _kind(seen, other), span, other, doubt, key)
        for other in self.proposed:
            if not any(_overlap(seen, other) for seen in self.given):
                yield Suspect(name, "missed", None, other, self._doubt([other], marginals), key)

    def _nearest(self, seen: Span) -> Span | None:
        touching = [span for span in self.proposed if _overlap(seen, span)]
        return max(touching, key=lambda span: (_overlap(seen, span), span.score or 0.0), default=None)

    def _doubt(self, spans: Iterable[Span], marginals: NDArray[np.float64]) -> float:
        inside = np.zeros(len(self.words), dtype=np.bool_)
        for span in spans:
            inside[_words_of(span, self.words)] = True
        at = np.flatnonzero(inside)
        confidence = np.sqrt(np.mean(marginals[at, self.tags[at]] ** 2))
        return round(float(np.clip(1.0 - confidence, 0.0, 1.0)), 6)

    def _tags(self, spans: Iterable[Span], schema: LabelSchema) -> NDArray[np.int64]:
        """The given tag of each word; of spans that overlap the last one counts."""
        tags = np.zeros(len(self.words), dtype=np.int64)
        for span in spans:
            covered, begin = _words_of(span, self.words), schema.begin(span.label)
            tags[covered] = begin + 1
            tags[covered.start] = begin
        return tags


def _fitted(document: Document, words: NDArray[np.int32]) -> dict[Span, Span]:
    """The given spans as the model could have found them, each with the one that stands in the document."""
    fitted: dict[Span, Span] = {}
    for span in document.spans or ():
        for seen in align_spans([span], words)[0]:
            fitted.setdefault(seen, span)
    return fitted


def _words_of(span: Span, words: NDArray[np.int32]) -> slice:
    first = int(np.searchsorted(words[:, 0], span.start))
    return slice(first, int(np.searchsorted(words[:, 1], span.end)) + 1)


def _kind(seen: Span, other: Span | None) -> Kind:
    if other is None:
        return "spurious"
    return "type" if (seen.start, seen.end) == (other.start, other.end) else "border"


def _overlap(left: Span, right: Span) -> int:
    """Code points that belong to both."""
    return max(0, min(left.end, right.end) - max(left.start, right.start))
