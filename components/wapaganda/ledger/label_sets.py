"""The labels that the annotators of a text could choose from, as functions of a connection.

Each labelled document has the set of labels that the project had when its answer was first read. A document
whose set lacks a label of the project has it under ``ner.CONSIDERED`` in its ``meta``.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from wapaganda.ner import CONSIDERED, Document, with_considered

_LABELS = "labels"
"""The key in the table ``facts`` of the project's labels."""
_ANSWER = ("annotation_id", "updated_at")
"""The keys in ``meta`` that say which answer of an annotator it is."""


def labels(connection: sqlite3.Connection) -> tuple[str, ...] | None:
    """The labels of the project at the last read; ``None``: they are not known."""
    row = connection.execute("SELECT value FROM facts WHERE key = ?", (_LABELS,)).fetchone()
    return None if row is None else tuple(json.loads(row[0]))


def set_labels(connection: sqlite3.Connection, names: Sequence[str], renamed: Mapping[str, str]) -> None:
    """Store the labels that the project has now; ``renamed``: the present names of older labels.

    Labelled documents without a set get the labels of before, or these if none are known.
    """
    before = labels(connection)
    connection.execute(
        "UPDATE documents SET considered = ? WHERE spans IS NOT NULL AND considered IS NULL",
        (_to_json(before or names),),
    )
    rename(connection, {old: [new] for old, new in renamed.items() if old not in names})
    connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (_LABELS, _to_json(names)))


def rename(connection: sqlite3.Connection, renamed: Mapping[str, Sequence[str]]) -> None:
    """Replace labels in all sets, and in those of the project, by one label or more."""
    known = labels(connection)
    if known is not None:
        new = _to_json([each for name in known for each in renamed.get(name, [name])])
        connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (_LABELS, new))
    held = connection.execute("SELECT DISTINCT considered FROM documents WHERE considered IS NOT NULL")
    for (text,) in held.fetchall():
        new = _to_json([each for name in json.loads(text) for each in renamed.get(name, [name])])
        if new != text:
            connection.execute("UPDATE documents SET considered = ? WHERE considered = ?", (new, text))


Row = tuple[str, str | None, str]
"""Text, spans and ``meta`` of a document, the last two in JSON."""


def of_answer(
    new: Row,
    old: Row | None,
    considered: str | None,
    now: Sequence[str] | None,
    first_use: Mapping[str, str],
) -> str | None:
    """The set of a document that is written.

    It is ``considered``, that of the ``old`` row, if the answer is the same, else ``now``. ``None``: the
    document is not answered, or the project's labels are not known. An answer that could not be read has a
    set, too: it may be read later. ``first_use``: labels that were added since the last read, with the time
    of the first answer that has them (empty: none has); an answer before that could not choose from them.
    """
    if now is None or not _is_answered(new):
        return None
    same = old is not None and considered is not None and _same_answer(new, old)
    if same or not first_use:
        return considered if same else _to_json(now)
    moment = str(json.loads(new[2]).get(_ANSWER[1]) or "")
    return _to_json([name for name in now if _existed(first_use.get(name), moment)])


def _existed(first_use: str | None, moment: str) -> bool:
    """Whether a label existed at that time; ``None``: it existed at the last read."""
    return first_use is None or "" < first_use <= moment


def _is_answered(row: Row) -> bool:
    return row[1] is not None or _ANSWER[0] in json.loads(row[2])


def _same_answer(new: Row, old: Row) -> bool:
    """By its number and time; an answer without a number is the same if text and spans are.

    An answer of which a program changed nothing but labels is the same, too: a person's work takes time.
    """
    if new == old:
        return True
    found: Mapping[str, Any] = json.loads(new[2])
    known: Mapping[str, Any] = json.loads(old[2])
    if found.get(_ANSWER[0]) is None:
        return new[:2] == old[:2]
    if all(found.get(key) == known.get(key) for key in _ANSWER):
        return True
    same = all(found.get(key) == known.get(key) for key in (_ANSWER[0], "lead_time"))
    return same and new[1] != old[1] and _places(new[1]) == _places(old[1])


def _places(spans: str | None) -> list[tuple[int, int]] | None:
    return None if spans is None else [(start, end) for start, end, *_ in json.loads(spans)]


def with_set(document: Document, considered: str | None, now: tuple[str, ...] | None) -> Document:
    """The document with its set in ``meta`` if the set lacks a label of ``now``."""
    if considered is None or now is None or document.spans is None or CONSIDERED in document.meta:
        return document
    names = _from_json(considered)
    if set(now) <= set(names):
        return document
    return Document(document.id, document.text, document.spans, with_considered(document.meta, names))


def _to_json(names: Sequence[str]) -> str:
    return json.dumps(list(dict.fromkeys(names)))


@lru_cache(maxsize=64)
def _from_json(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
