"""The scored pool, in memory and on disk."""

import hashlib
import logging
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import Document, Span
from wapaganda.storage import atomic_path
from wapaganda.uncertainty import Expectation

_EXPECTED = ("n_words", "predicted", "right", "entities")
_IN_MEMORY = 64 << 20
_CHECKED_AT_ONCE = 1 << 20
_ZIP_LENGTHS = 26
"""Where the header of a file in a zip archive has the lengths of its name and of its extra field."""
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

    @classmethod
    def join(cls, blocks: Sequence["PoolSpans"]) -> "PoolSpans":
        """The texts of all blocks, one after the other."""
        first_rows = np.cumsum([0, *(len(block.texts) for block in blocks)])
        moved = [
            block.places + np.array([row, 0, 0, 0]) for block, row in zip(blocks, first_rows, strict=False)
        ]
        whole = [cls(), *blocks]
        return cls(
            np.concatenate([cls().places, *moved], dtype=np.int32),
            np.concatenate([block.scores for block in whole]),
            np.concatenate([block.texts for block in whole]),
        )

    def with_rows(self, rows: NDArray[np.int64], other: "PoolSpans") -> "PoolSpans":
        """These spans, but those of ``rows`` (m,), ascending, from ``other``, which has m texts."""
        kept = ~np.isin(self.places[:, 0], rows)
        moved = other.places.copy()
        moved[:, 0] = rows[other.places[:, 0]]
        places = np.concatenate([self.places[kept], moved])
        order = np.argsort(places[:, 0], kind="stable")
        scores = np.concatenate([self.scores[kept], other.scores])
        return PoolSpans(places[order], scores[order], self.texts)

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

    ``ids`` (n,), ``scores`` (n,) in [0, 1], ``embeddings`` (n, hidden) as float16, which stay on the disk as
    a memory map when they are loaded or many. ``expectation``: what the
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

    def with_rows(self, rows: NDArray[np.int64], other: "PoolScores") -> "PoolScores":
        """These scores, but those of ``rows`` (m,), ascending, from ``other``, which has the same m texts.

        The embeddings, which may be large, are changed in place.
        """
        scores = self.scores.copy()
        scores[rows] = other.scores
        self.embeddings[rows] = other.embeddings
        place = np.arange(len(self.ids))
        place[rows] = len(self.ids) + np.arange(len(rows))
        expectation = Expectation.join([self.expectation, other.expectation])[place]
        spans = self.spans.with_rows(rows, other.spans)
        return replace(self, scores=scores, expectation=expectation, spans=spans)

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
                return cls(ids, stored["scores"], _mapped(path, "embeddings"), expectation, labels, spans)
        except FileNotFoundError:
            return None
        except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            _LOGGER.info("The pool is scored again, since %s cannot be read: %s", path, error)
            return None


class EmbeddingFile:
    """Embeddings as float16, added one by one; beyond 64 MB they are in a temporary file (``TMPDIR``)."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by ``read``
        self._shape = (0, 0)

    def add(self, embedding: NDArray[np.floating]) -> None:
        """Add the next row, (hidden,)."""
        self._shape = (self._shape[0] + 1, len(embedding))
        self._file.write(embedding.astype(np.float16).tobytes())

    def read(self) -> NDArray[np.float16]:
        """All rows, (n, hidden); nothing can be added any more. Many are a memory map of the file."""
        with self._file as file:
            if file.tell() > _IN_MEMORY:
                file.flush()
                return np.memmap(file, np.float16, "r+", shape=self._shape)
            file.seek(0)
            return np.frombuffer(bytearray(file.read()), np.float16).reshape(self._shape)


def _mapped(path: Path, name: str) -> NDArray[Any]:
    """An array of an ``.npz`` file without compression as a memory map, after a check of its sum.

    Raises:
        KeyError, ValueError, zipfile.BadZipFile: it is missing or damaged.
    """
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(f"{name}.npy")
        with archive.open(member) as stream:
            np.lib.format.read_magic(stream)  # type: ignore[no-untyped-call]
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)  # type: ignore[no-untyped-call]
            header = stream.tell()
            while stream.read(_CHECKED_AT_ONCE):
                pass  # the end compares the sum of all bytes
        if 0 in shape:
            return np.zeros(shape, dtype)
        with path.open("rb") as file:
            file.seek(member.header_offset + _ZIP_LENGTHS)
            lengths = np.frombuffer(file.read(4), "<u2").sum()
    start = member.header_offset + _ZIP_LENGTHS + 4 + int(lengths) + header
    return np.memmap(path, dtype, "r", offset=start, shape=shape)


def text_digests(texts: Sequence[str]) -> NDArray[np.uint64]:
    """64 bits of the SHA-256 of each text, (n,)."""
    digests = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8] for text in texts)
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)
