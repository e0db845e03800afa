"""Decisions on terms in the ledger, as functions of a connection."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wapaganda.terms import DecidedPlace, DecidedTerms

Place = tuple[str, int, int]
"""The key of a text (``terms.text_key``), start and end."""


@dataclass(frozen=True, slots=True)
class TermDecision:
    """A decision: ``term`` is ``label`` (``None``: no entity) at ``places`` places of the pool.

    ``score``: the probability that a place is right, 0 to 1. ``facts``: what it was decided by, JSON-ready.
    ``decided_at``: ISO 8601, UTC.
    """

    number: int
    term: str
    label: str | None
    score: float
    places: int
    decided_at: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def write(
    connection: sqlite3.Connection,
    decision: tuple[str, str | None, float, Mapping[str, Any]],
    places: Iterable[Place],
) -> int:
    """Store a decision (term, label, score, facts) with its places; return its number."""
    term, label, score, facts = decision
    number = connection.execute(
        "INSERT INTO terms (term, label, score, facts) VALUES (?, ?, ?, ?)",
        (term, label, score, json.dumps(dict(facts))),
    ).lastrowid
    assert number is not None
    connection.executemany(
        "INSERT OR IGNORE INTO term_places VALUES (?, ?, ?, ?)", ((key, number, *at) for key, *at in places)
    )
    return number


def read(connection: sqlite3.Connection) -> list[TermDecision]:
    """All decisions that hold, the oldest first."""
    rows = connection.execute(
        "SELECT number, term, label, score, (SELECT COUNT(*) FROM term_places p WHERE p.number = t.number), "
        "decided_at, facts FROM terms t ORDER BY number"
    )
    return [
        TermDecision(number, term, label, score, places, decided_at, json.loads(facts))
        for number, term, label, score, places, decided_at, facts in rows
    ]


def read_places(connection: sqlite3.Connection) -> DecidedTerms:
    """The places of all decisions."""
    rows = connection.execute(
        "SELECT p.text, p.start, p.end, t.label, t.score, t.number FROM term_places p JOIN terms t "
        "ON p.number = t.number ORDER BY p.text, p.number, p.start"
    )
    found: dict[str, list[DecidedPlace]] = {}
    for key, *place in rows:
        found.setdefault(key, []).append(DecidedPlace(*place))
    return DecidedTerms(found)


def delete(connection: sqlite3.Connection, number: int) -> bool:
    """Delete a decision with its places; whether there was one."""
    connection.execute("DELETE FROM term_places WHERE number = ?", (number,))
    return connection.execute("DELETE FROM terms WHERE number = ?", (number,)).rowcount > 0
