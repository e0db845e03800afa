"""Documents and their labels in the ledger, as functions of a connection."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wapaganda.errors import InputError
from wapaganda.ledger import label_sets
from wapaganda.ner import Document, Span, decode_spans, encode_spans

_CHUNK = 500
_IS_UNREAD = "json_extract(meta, '$._read.not_read') IS NOT NULL"  # annotation.is_unread in SQL


@dataclass(frozen=True, slots=True)
class UpsertReport:
    """Numbers of documents: new, changed, unchanged, and labelled ones that an unlabelled copy left alone."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    kept: int = 0

    def __add__(self, other: "UpsertReport") -> "UpsertReport":
        return UpsertReport(
            self.added + other.added,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.kept + other.kept,
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of documents; ``offered``: ever offered to annotators, ``waiting``: offered and unlabelled.

    ``unread``: with labels that were not understood; they are neither labelled nor unlabelled.
    """

    documents: int
    labelled: int
    unlabelled: int
    offered: int
    waiting: int
    origins: Mapping[str, int]
    unread: int = 0


@dataclass(frozen=True, slots=True)
class PastLabels:
    """Replaced labels: the document as it was, why and when (ISO 8601, UTC) it was replaced."""

    document: Document
    why: str
    replaced_at: str


def upsert(
    connection: sqlite3.Connection,
    documents: Iterable[Document],
    origin: str,
    labels: Sequence[str] | None,
    first_use: Mapping[str, str],
) -> UpsertReport:
    """Add or update documents; labels in the ledger win over copies without labels.

    ``labels``: those that the annotators of new answers could choose from, if they are known, and the
    ``first_use`` of those that were added since the last read.
    """
    tally = {"added": 0, "changed": 0, "unchanged": 0, "kept": 0}
    for document in documents:
        tally[_upsert_one(connection, document, origin, labels, first_use)] += 1
    return UpsertReport(**tally)


def _upsert_one(
    connection: sqlite3.Connection,
    document: Document,
    origin: str,
    labels: Sequence[str] | None,
    first_use: Mapping[str, str],
) -> str:
    new = (_writable(document), _spans_to_json(document.spans), json.dumps(dict(document.meta)))
    row = connection.execute(
        "SELECT text, spans, meta, considered FROM documents WHERE id = ?", (document.id,)
    ).fetchone()
    old, known = (None, None) if row is None else (row[:3], row[3])
    considered = label_sets.of_answer(new, old, known, labels, first_use)
    if old is None:
        connection.execute(
            "INSERT INTO documents (id, text, spans, meta, origin, considered) VALUES (?, ?, ?, ?, ?, ?)",
            (document.id, *new, origin, considered),
        )
        return "added"
    if old == new:
        return "unchanged"
    if old[1] is not None and new[1] is None:
        return "kept"
    if old[1] is not None and old[:2] != new[:2]:
        _remember(connection, [document.id], "replaced")
    connection.execute(
        "UPDATE documents SET text = ?, spans = ?, meta = ?, origin = ?, considered = ?, "
        "updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ?",
        (*new, origin, considered, document.id),
    )
    return "changed"


def page(
    connection: sqlite3.Connection, after: int, labelled: bool | None, size: int
) -> list[tuple[int, Document]]:
    """The next ``size`` documents after the position ``after``, each with its position."""
    which = {None: "", True: "AND spans IS NOT NULL", False: "AND spans IS NULL"}[labelled]
    rows = connection.execute(
        f"SELECT position, id, text, spans, meta, considered FROM documents WHERE position > ? {which} "
        "ORDER BY position LIMIT ?",
        (after, size),
    )
    labels = label_sets.labels(connection)
    return [(row[0], label_sets.with_set(_document(row[1:5]), row[5], labels)) for row in rows]


def find(connection: sqlite3.Connection, ids: Sequence[str]) -> list[Document]:
    """The documents with these ids, in the order of ``ids``; unknown ids are left out."""
    found: dict[str, Document] = {}
    labels = label_sets.labels(connection)
    for some, marks in _chunks(ids):
        rows = connection.execute(
            f"SELECT id, text, spans, meta, considered FROM documents WHERE id IN ({marks})", some
        )
        found.update((row[0], label_sets.with_set(_document(row[:4]), row[4], labels)) for row in rows)
    return [found[each] for each in ids if each in found]


def mark_unlabelled(connection: sqlite3.Connection, ids: Sequence[str]) -> int:
    """Move the labels of these documents into the history; return how many documents had labels."""
    total = _remember(connection, ids, "unlabelled")
    for some, marks in _chunks(ids):
        connection.execute(
            "UPDATE documents SET spans = NULL, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') "
            f"WHERE spans IS NOT NULL AND id IN ({marks})",
            some,
        )
    return total


def remove(connection: sqlite3.Connection, ids: Sequence[str]) -> int:
    """Delete these documents, keep their labels in the history, return how many there were."""
    _remember(connection, ids, "removed")
    return sum(
        connection.execute(f"DELETE FROM documents WHERE id IN ({marks})", some).rowcount
        for some, marks in _chunks(ids)
    )


def history(connection: sqlite3.Connection, document_id: str) -> list[PastLabels]:
    """The labels that a document had before, oldest first."""
    rows = connection.execute(
        "SELECT id, text, spans, meta, why, replaced_at FROM past_labels WHERE id = ? ORDER BY number",
        (document_id,),
    )
    return [PastLabels(_document(row[:4]), row[4], row[5]) for row in rows]


def count(connection: sqlite3.Connection) -> Counts:
    """The number of documents of each kind."""
    total, labelled = connection.execute("SELECT COUNT(*), COUNT(spans) FROM documents").fetchone()
    (unread,) = connection.execute(
        f"SELECT COUNT(*) FROM documents WHERE spans IS NULL AND {_IS_UNREAD}"
    ).fetchone()
    offered, waiting = connection.execute(
        "SELECT COUNT(*), COALESCE(SUM(spans IS NULL), 0) FROM documents WHERE id IN (SELECT id FROM offers)"
    ).fetchone()
    origins = dict(
        connection.execute("SELECT origin, COUNT(*) FROM documents GROUP BY origin ORDER BY origin")
    )
    return Counts(total, labelled, total - labelled - unread, offered, waiting, origins, unread)


def _remember(connection: sqlite3.Connection, ids: Sequence[str], why: str) -> int:
    return sum(
        connection.execute(
            "INSERT INTO past_labels (id, text, spans, meta, origin, why) "
            "SELECT id, text, spans, meta, origin, ? FROM documents "
            f"WHERE spans IS NOT NULL AND id IN ({marks})",
            (why, *some),
        ).rowcount
        for some, marks in _chunks(ids)
    )


def _chunks(ids: Sequence[str]) -> Iterator[tuple[Sequence[str], str]]:
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), _CHUNK):
        some = unique[start : start + _CHUNK]
        yield some, ",".join("?" * len(some))


def _document(row: Sequence[Any]) -> Document:
    spans = None if row[2] is None else decode_spans(json.loads(row[2]))
    return Document(row[0], row[1], spans, json.loads(row[3]))


def _spans_to_json(spans: Sequence[Span] | None) -> str | None:
    return None if spans is None else json.dumps(encode_spans(spans, scores=True))


def _writable(document: Document) -> str:
    try:
        document.text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"Expected text that UTF-8 can hold in document {document.id!r}, was: {error}."
        ) from error
    return document.text
