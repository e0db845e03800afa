"""The ledger of one project."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from wapaganda.ledger import documents, rounds
from wapaganda.ledger.database import Database
from wapaganda.ledger.documents import Counts, PastLabels, UpsertReport
from wapaganda.ledger.rounds import Offer, Round
from wapaganda.ner import Document

_BATCH = 1_000
_CURSOR = "cursor"


class Ledger:
    """What the loop knows of a project, in the SQLite file ``path``.

    What a call has written when it returns survives a crash and a power cut. Several threads and processes
    may use one file at a time.

    Raises:
        LedgerError: the file is no ledger, or one of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._database = Database(self.path)

    def upsert_documents(self, docs: Iterable[Document], origin: str) -> UpsertReport:
        """Writes documents by their ids, in batches of 1,000 of which each is written whole or not at all.

        A document that is labelled in the ledger is not touched by a copy without labels (counted as
        ``kept``); labels that are replaced by others stay in its history.

        Raises:
            ValueError: a text holds what UTF-8 cannot.
        """
        report, source = UpsertReport(), iter(docs)
        while batch := list(islice(source, _BATCH)):
            with self._database.writing() as connection:
                report += documents.upsert(connection, batch, origin)
        return report

    def documents(self, labelled: bool | None = None) -> Iterator[Document]:
        """All documents, or only the (un)labelled ones, in the order in which they came, streaming."""
        after = 0
        while True:
            with self._database.reading() as connection:
                page = documents.page(connection, after, labelled, _BATCH)
            if not page:
                return
            after = page[-1][0]
            yield from (document for _, document in page)

    def find(self, ids: Sequence[str]) -> list[Document]:
        """The documents with these ids, in the order of ``ids``; unknown ids are left out."""
        with self._database.reading() as connection:
            return documents.find(connection, ids)

    def mark_unlabelled(self, ids: Sequence[str]) -> int:
        """Takes the labels off documents whose annotation was deleted; their history keeps them.

        Returns how many of the documents were labelled.
        """
        with self._database.writing() as connection:
            return documents.mark_unlabelled(connection, ids)

    def remove(self, ids: Sequence[str]) -> int:
        """Removes documents that the source has lost; their history keeps the labels; returns how many."""
        with self._database.writing() as connection:
            return documents.remove(connection, ids)

    def history(self, document_id: str) -> list[PastLabels]:
        """The labels that a document had before, oldest first."""
        with self._database.reading() as connection:
            return documents.history(connection, document_id)

    def counts(self) -> Counts:
        """How many documents there are, of each kind."""
        with self._database.reading() as connection:
            return documents.count(connection)

    def cursor(self) -> str | None:
        """Up to where the source was read; None when it never was."""
        value = self.meta(_CURSOR)
        return None if value is None else str(value)

    def set_cursor(self, cursor: str | None) -> None:
        """Remembers up to where the source was read; None means: from the beginning."""
        self.set_meta(_CURSOR, cursor)

    def meta(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - any JSON value
        """The JSON value kept under ``key``, or ``default``."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set_meta(self, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Keeps a JSON value under ``key``."""
        with self._database.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (key, json.dumps(value)))

    def start_round(self) -> Round:
        """Starts the next round, at the step ``started``."""
        with self._database.writing() as connection:
            number = rounds.start(connection)
        return self.round(number)

    def save_step(self, number: int, step: str, **payload: Any) -> Round:  # noqa: ANN401 - any JSON values
        """Moves a round to ``step`` and adds ``payload``, JSON values, to what it has written down before.

        Raises:
            KeyError: there is no such round.
        """
        with self._database.writing() as connection:
            rounds.save_step(connection, number, step, payload)
        return self.round(number)

    def round(self, number: int) -> Round:
        """The round ``number``.

        Raises:
            KeyError: there is no such round.
        """
        with self._database.reading() as connection:
            return rounds.read_one(connection, number)

    def rounds(self) -> list[Round]:
        """All rounds, oldest first."""
        with self._database.reading() as connection:
            return rounds.read(connection)

    def record_offers(self, round: int, offers: Iterable[tuple[str, int, float, str]]) -> None:
        """Writes down a round's offers, (document id, rank, score, drawn) each, in place of earlier ones.

        Raises:
            KeyError: there is no such round.
        """
        with self._database.writing() as connection:
            rounds.write_offers(connection, round, offers)

    def offers(self, round: int) -> list[Offer]:
        """What was offered in a round, by rank."""
        with self._database.reading() as connection:
            return rounds.read_offers(connection, round)

    def offered_ids(self) -> set[str]:
        """The ids of all documents that were ever offered."""
        with self._database.reading() as connection:
            return rounds.offered_ids(connection)

    def drawn(self, document_id: str) -> str | None:
        """How a document was drawn when it was last offered; None when it never was."""
        with self._database.reading() as connection:
            return rounds.drawn(connection, document_id)
