"""Rounds and offers in the ledger, as functions of a connection."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Round:
    """A round of the loop: its number from 1, the step it has reached, the JSON values of its steps."""

    number: int
    step: str
    payload: Mapping[str, Any]
    started_at: str
    updated_at: str


class Offer(NamedTuple):
    """A text offered to annotators: its rank in the batch, its uncertainty in [0, 1], why it was selected."""

    document_id: str
    rank: int
    score: float
    reason: str


def start(connection: sqlite3.Connection) -> int:
    """Start a new round at the step ``started``; return its number."""
    number: int = connection.execute("SELECT COALESCE(MAX(number), 0) + 1 FROM rounds").fetchone()[0]
    connection.execute("INSERT INTO rounds (number, step, payload) VALUES (?, 'started', '{}')", (number,))
    return number


def save_step(connection: sqlite3.Connection, number: int, step: str, payload: Mapping[str, Any]) -> None:
    """Move a round to ``step`` and merge ``payload`` into what it holds.

    Raises:
        KeyError: there is no such round.
    """
    merged = {**read_one(connection, number).payload, **payload}
    connection.execute(
        "UPDATE rounds SET step = ?, payload = ?, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') "
        "WHERE number = ?",
        (step, json.dumps(merged), number),
    )


def read_one(connection: sqlite3.Connection, number: int) -> Round:
    """The round ``number``.

    Raises:
        KeyError: there is no such round.
    """
    for each in read(connection):
        if each.number == number:
            return each
    raise KeyError(f"Expected the number of a round in the ledger, was: {number}")


def read(connection: sqlite3.Connection) -> list[Round]:
    """All rounds, oldest first."""
    rows = connection.execute(
        "SELECT number, step, payload, started_at, updated_at FROM rounds ORDER BY number"
    )
    return [Round(row[0], row[1], json.loads(row[2]), row[3], row[4]) for row in rows]


def write_offers(
    connection: sqlite3.Connection, number: int, offers: Iterable[tuple[str, int, float, str]]
) -> None:
    """Replace the offers of a round.

    Raises:
        KeyError: there is no such round.
    """
    read_one(connection, number)
    connection.execute("DELETE FROM offers WHERE round = ?", (number,))
    connection.executemany(
        "INSERT INTO offers (round, id, rank, score, drawn) VALUES (?, ?, ?, ?, ?)",
        ((number, str(each[0]), int(each[1]), float(each[2]), str(each[3])) for each in offers),
    )


def read_offers(connection: sqlite3.Connection, number: int) -> list[Offer]:
    """The offers of a round by rank."""
    rows = connection.execute(
        "SELECT id, rank, score, drawn FROM offers WHERE round = ? ORDER BY rank", (number,)
    )
    return [Offer(*row) for row in rows]


def selection_reason(connection: sqlite3.Connection, document_id: str) -> str | None:
    """Why a document was selected when it was last offered; None if it never was."""
    row = connection.execute(
        "SELECT drawn FROM offers WHERE id = ? ORDER BY round DESC LIMIT 1", (document_id,)
    ).fetchone()
    return None if row is None else row[0]


def offered_ids(connection: sqlite3.Connection) -> set[str]:
    """The ids of all documents that were ever offered."""
    return {row[0] for row in connection.execute("SELECT DISTINCT id FROM offers")}
