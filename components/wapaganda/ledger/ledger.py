"""The ledger of one project."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

from wapaganda.ledger import documents, label_sets, rounds, term_decisions
from wapaganda.ledger.documents import Counts, PastLabels, UpsertReport
from wapaganda.ledger.rounds import Offer, Round
from wapaganda.ledger.schema import MIGRATIONS, LedgerError
from wapaganda.ledger.term_decisions import Place, TermDecision
from wapaganda.ner import Document
from wapaganda.storage import Database
from wapaganda.terms import DecidedTerms

_BATCH = 1_000
_CURSOR = "cursor"


class Ledger:
    """The data of the loop for one project, in the SQLite file ``path``.

    Finished writes survive a crash and a power cut. Several threads and processes may use one file
    at the same time.

    Raises:
        LedgerError: the file is no ledger, or a newer version of wapaganda wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._database = Database(self.path, MIGRATIONS, "a ledger", LedgerError)

    def check(self, hint: str = "") -> None:
        """Read every page of the file.

        Raises:
            LedgerError: one is damaged; with this ``hint``.
        """
        with self._database.reading() as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise LedgerError(f"Expected a ledger in {self.path}, was: damaged ({found}).", hint)

    def upsert_documents(
        self,
        docs: Iterable[Document],
        origin: str,
        labels: Sequence[str] | None = None,
        first_use: Mapping[str, str] = MappingProxyType({}),
    ) -> UpsertReport:
        """Add or update documents by their ids, in transactions of 1,000 documents.

        A copy without labels does not replace a labelled document; it counts as ``kept``. Labels that are
        replaced by others stay in the history. ``labels``: those that the annotators of new answers could
        choose from, if they are known; an answer that is known already keeps its own. ``first_use``: for
        labels that were added since the last read the time of the first answer that has them (ISO 8601;
        empty: none has). Earlier answers could not choose from them.

        Raises:
            InputError: a text cannot be encoded as UTF-8.
        """
        report, source = UpsertReport(), iter(docs)
        while batch := list(islice(source, _BATCH)):
            with self._database.writing() as connection:
                report += documents.upsert(connection, batch, origin, labels, first_use)
        return report

    def labels(self) -> tuple[str, ...] | None:
        """The labels of the project at the last fetch; None: the source has no label config."""
        with self._database.reading() as connection:
            return label_sets.labels(connection)

    def set_labels(self, labels: Sequence[str], renamed: Mapping[str, str]) -> None:
        """Store the labels that the project has now; ``renamed``: the present names of older labels.

        A labelled document whose annotators could not choose from all of them has its own under
        ``ner.CONSIDERED`` in its ``meta``. Documents of ledgers without this knowledge get the labels of
        before, or these if none are known.
        """
        with self._database.writing() as connection:
            label_sets.set_labels(connection, labels, renamed)

    def rename_labels(self, renamed: Mapping[str, Sequence[str]]) -> None:
        """Replace labels that got other names in the source, each by one or more, in the sets of texts."""
        with self._database.writing() as connection:
            label_sets.rename(connection, renamed)

    def documents(self, labelled: bool | None = None) -> Iterator[Document]:
        """Stream all documents, or only the (un)labelled ones, in the order of insertion."""
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
        """Remove the labels of documents whose annotation was deleted; the history keeps them.

        Returns the number of documents that were labelled.
        """
        with self._database.writing() as connection:
            return documents.mark_unlabelled(connection, ids)

    def remove(self, ids: Sequence[str]) -> int:
        """Delete documents that the source no longer has; the history keeps their labels; return how many."""
        with self._database.writing() as connection:
            return documents.remove(connection, ids)

    def history(self, document_id: str) -> list[PastLabels]:
        """The labels that a document had before, oldest first."""
        with self._database.reading() as connection:
            return documents.history(connection, document_id)

    def counts(self) -> Counts:
        """The number of documents of each kind."""
        with self._database.reading() as connection:
            return documents.count(connection)

    def cursor(self) -> str | None:
        """The position up to which the source was read; None before the first read."""
        value = self.value(_CURSOR)
        return None if value is None else str(value)

    def set_cursor(self, cursor: str | None) -> None:
        """Store the position up to which the source was read; None means: read from the beginning."""
        self.set_value(_CURSOR, cursor)

    def value(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - any JSON value
        """The JSON value stored under ``key``, or ``default``."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set_value(self, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Store a JSON value under ``key``."""
        with self._database.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (key, json.dumps(value)))

    def start_round(self) -> Round:
        """Start the next round, at the step ``started``."""
        with self._database.writing() as connection:
            number = rounds.start(connection)
        return self.round(number)

    def save_step(self, number: int, step: str, **payload: Any) -> Round:  # noqa: ANN401 - any JSON values
        """Move a round to ``step`` and merge JSON values into its ``payload``.

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
        """Store the offers of a round, each (document id, rank, score, reason), in place of earlier ones.

        Raises:
            KeyError: there is no such round.
        """
        with self._database.writing() as connection:
            rounds.write_offers(connection, round, offers)

    def offers(self, round: int) -> list[Offer]:
        """The offers of a round, by rank."""
        with self._database.reading() as connection:
            return rounds.read_offers(connection, round)

    def offered_ids(self) -> set[str]:
        """The ids of all documents that were ever offered."""
        with self._database.reading() as connection:
            return rounds.offered_ids(connection)

    def selection_reason(self, document_id: str) -> str | None:
        """Why a document was selected when it was last offered; None if it never was."""
        with self._database.reading() as connection:
            return rounds.selection_reason(connection, document_id)

    def decide_term(
        self, term: str, label: str | None, score: float, facts: Mapping[str, Any], places: Iterable[Place]
    ) -> int:
        """Store that ``term`` is ``label`` (``None``: no entity) at these places; return the number.

        Either all of it is stored or nothing. No label of a document changes.
        """
        with self._database.writing() as connection:
            return term_decisions.write(connection, (term, label, score, facts), places)

    def term_decisions(self) -> list[TermDecision]:
        """The decisions on terms that hold, the oldest first."""
        with self._database.reading() as connection:
            return term_decisions.read(connection)

    def decided_terms(self) -> DecidedTerms:
        """The places that these decisions cover."""
        with self._database.reading() as connection:
            return term_decisions.read_places(connection)

    def undo_term(self, number: int) -> bool:
        """Delete a decision with all its places; whether there was one."""
        with self._database.writing() as connection:
            return term_decisions.delete(connection, number)
