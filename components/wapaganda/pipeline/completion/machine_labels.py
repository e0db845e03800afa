"""The labels of a model for the texts that nobody has labelled, frozen for one campaign."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.errors import WapagandaError
from wapaganda.file_state import Correction
from wapaganda.ner import Document, Span
from wapaganda.pipeline.selection.pool_scores import PoolSpans, text_digests
from wapaganda.storage import atomic_path
from wapaganda.uncertainty import Expectation


class CampaignError(WapagandaError):
    """The files of a campaign are missing or damaged, or do not fit the command."""


@dataclass(frozen=True, slots=True)
class MachineLabels:
    """The machine part of a file: n texts with the labels of one model.

    ``ids`` (n,). ``labels``: the entity types. ``spans``: the model's, with their confidence, and a digest of
    each text. ``n_words``, ``predicted`` and ``expected_correct`` (n,): the words that a reader reads, the
    spans, and how many of them the model expects to be right. ``entities`` (n, L): those that it expects, by
    type. ``correction``: of this by its calibration, or an earlier audit: the first three numbers of
    ``file_state.Correction``.
    ``order`` (n,): the rows in the order in which an audit takes them. ``by_term`` (S,): whether a span comes
    from a decision on a term; empty: none does.
    """

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    spans: PoolSpans
    n_words: NDArray[np.int64]
    predicted: NDArray[np.int64]
    expected_correct: NDArray[np.float64]
    entities: NDArray[np.float64]
    order: NDArray[np.int64]
    correction: tuple[float, float, float] = (1.0, 1.0, 1.0)
    by_term: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    def __len__(self) -> int:
        return len(self.ids)

    def expectation(self) -> Expectation:
        """What the model should be expected to do in each text, corrected."""
        raw = Expectation(self.n_words, self.predicted, self.expected_correct, self.entities)
        return Correction(*self.correction)(raw)

    def row(self, row: int) -> tuple[Span, ...]:
        """The spans of one text."""
        return self.spans.row(row, self.labels)

    def term_spans(self, row: int) -> frozenset[Span]:
        """Those of one text that come from a decision on a term."""
        if not self.by_term.any():
            return frozenset()
        first, last = np.searchsorted(self.spans.places[:, 0], (row, row + 1))
        pairs = zip(self.row(row), self.by_term[first:last].tolist(), strict=True)
        return frozenset(span for span, decided in pairs if decided)

    def rows(self, documents: Sequence[Document]) -> Mapping[str, int]:
        """The row by id; a document that is not in the machine part, or whose text has changed, has none."""
        place = {document_id: row for row, document_id in enumerate(self.ids)}
        digests = text_digests([document.text for document in documents])
        return {
            document.id: place[document.id]
            for document, digest in zip(documents, digests, strict=True)
            if document.id in place and self.spans.texts[place[document.id]] == digest
        }

    def of(self, documents: Sequence[Document]) -> Iterator[Document]:
        """Those of ``documents`` that are in the machine part with the same text, with the model's spans."""
        rows = self.rows(documents)
        return (each.with_spans(self.row(rows[each.id])) for each in documents if each.id in rows)

    def save(self, path: Path) -> None:
        """Write one ``.npz`` file atomically."""
        with atomic_path(path) as draft:
            np.savez_compressed(
                draft,
                ids=np.array(self.ids, dtype=np.str_),
                labels=np.array(self.labels, dtype=np.str_),
                spans=self.spans.places,
                span_scores=self.spans.scores,
                texts=self.spans.texts,
                n_words=self.n_words,
                predicted=self.predicted,
                expected_correct=self.expected_correct,
                entities=self.entities,
                order=self.order,
                correction=np.array(self.correction),
                by_term=self.by_term,
            )

    @classmethod
    def load(cls, path: Path) -> "MachineLabels":
        """Read the file of ``save``.

        Raises:
            CampaignError: it is missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                ids, labels = (tuple(stored[each].tolist()) for each in ("ids", "labels"))
                spans = PoolSpans(stored["spans"], stored["span_scores"], stored["texts"])
                words, predicted, correct, entities, order = (stored[each] for each in _ARRAYS)
                wrong, missed, exponent = stored["correction"].tolist()
                corrected = (wrong, missed, exponent)
                by_term = stored["by_term"] if "by_term" in stored else np.zeros(0, np.bool_)
                return cls(ids, labels, spans, words, predicted, correct, entities, order, corrected, by_term)
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise CampaignError(f"Expected the labels of a campaign in {path}, was: {error!r}.") from error


_ARRAYS = ("n_words", "predicted", "expected_correct", "entities", "order")
