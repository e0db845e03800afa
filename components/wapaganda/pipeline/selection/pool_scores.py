"""The scored pool, in memory and on disk."""

import hashlib
import logging
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import Document, Span
from wapaganda.storage import atomic_path
from wapaganda.uncertainty import Expectation

_EXPECTED = ("n_words", "predicted", "right", "entities")
_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PoolSpans:
    """The predicted spans of n texts with S spans in all.

    ``places`` (S, 4): row of the text, start, end, number of the label; in the order of the rows. ``scores``
    (S,): the confidence of each span. ``texts`` (n,): a digest of each text, since a span is a place in it.
    """

    places: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 4), np.int32))
    scores: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    texts: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))

    @classmethod
    def of(cls, spans: Iterable[Sequence[Span]], texts: Sequence[str], labels: Sequence[str]) -> "PoolSpans":
        """The spans of each of ``texts``; their labels are among ``labels``."""
        number = {label: index for index, label in enumerate(labels)}
        flat = [(row, span) for row, found in enumerate(spans) for span in found]
        places = [(row, span.start, span.end, number[span.label]) for row, span in flat]
        scores = [np.nan if span.score is None else span.score for _, span in flat]
        return cls(np.array(places, np.int32).reshape(-1, 4), np.array(scores, float), text_digests(texts))

    def row(self, row: int, labels: Sequence[str]) -> tuple[Span, ...]:
        """The spans of one text."""
        first, last = np.searchsorted(self.places[:, 0], (row, row + 1))
        rows = zip(self.places[first:last, 1:].tolist(), self.scores[first:last].tolist(), strict=True)
        return tuple(
            Span(start, end, labels[label], None if np.isnan(score) else score)
            for (start, end, label), score in rows
        )


@dataclass(frozen=True, slots=True)
class PoolScores:
    """The scored pool of n texts.

    ``ids`` (n,), ``scores`` (n,) in [0, 1], ``embeddings`` (n, hidden) as float16. ``expectation``: what the
    model expects of each text, which gives its price; its ``entities`` by type are in the order of
    ``labels``. ``spans``: what the model predicts for each text.
    """

    ids: tuple[str, ...]
    scores: NDArray[np.float64]
    embeddings: NDArray[np.float16]
    expectation: Expectation
    labels: tuple[str, ...]
    spans: PoolSpans = field(default_factory=PoolSpans)

    def is_of(self, pool: Sequence[Document]) -> bool:
        """Whether exactly these texts were scored, in this order."""
        return self.ids == tuple(each.id for each in pool) and np.array_equal(
            self.spans.texts, text_digests([each.text for each in pool])
        )

    def rows(self, documents: Sequence[Document]) -> Mapping[str, int]:
        """The row by id; a document that was not scored, or whose text has changed, has no entry."""
        rows = {document_id: row for row, document_id in enumerate(self.ids)}
        digests = text_digests([document.text for document in documents])
        return {
            document.id: rows[document.id]
            for document, digest in zip(documents, digests, strict=True)
            if document.id in rows and self.spans.texts[rows[document.id]] == digest
        }

    def predicted(self, documents: Sequence[Document]) -> Mapping[str, tuple[Span, ...]]:
        """The predicted spans by id; a document that was not scored, or whose text has changed, has no
        entry."""
        rows = self.rows(documents)
        return {document_id: self.spans.row(row, self.labels) for document_id, row in rows.items()}

    def save(self, path: Path) -> None:
        """Write one ``.npz`` file atomically."""
        with atomic_path(path) as draft:
            np.savez(
                draft,
                ids=np.array(self.ids, dtype=np.str_),
                scores=self.scores,
                embeddings=self.embeddings,
                n_words=self.expectation.n_words,
                predicted=self.expectation.predicted,
                right=self.expectation.expected_correct,
                entities=self.expectation.entities,
                labels=np.array(self.labels, dtype=np.str_),
                spans=self.spans.places,
                span_scores=self.spans.scores,
                texts=self.spans.texts,
            )

    @classmethod
    def load(cls, path: Path) -> "PoolScores | None":
        """Read the file of ``save``; ``None`` if it is missing, damaged or of an earlier version.

        The pool is then scored again.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                expectation = Expectation(*(stored[each] for each in _EXPECTED))
                ids, labels = (tuple(stored[each].tolist()) for each in ("ids", "labels"))
                spans = PoolSpans(stored["spans"], stored["span_scores"], stored["texts"])
                return cls(ids, stored["scores"], stored["embeddings"], expectation, labels, spans)
        except FileNotFoundError:
            return None
        except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            _LOGGER.info("The pool is scored again, since %s cannot be read: %s", path, error)
            return None


def text_digests(texts: Sequence[str]) -> NDArray[np.uint64]:
    """64 bits of the SHA-256 of each text, (n,)."""
    digests = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8] for text in texts)
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)
