"""The answers of sources, kept on disk, so that a source is never asked twice about a text."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from wapaganda.ner import Span, decode_spans, encode_spans
from wapaganda.storage import Database, open_whole

_MIGRATIONS = (
    "CREATE TABLE answers (source TEXT NOT NULL, text TEXT NOT NULL, spans TEXT NOT NULL, "
    "PRIMARY KEY (source, text)) WITHOUT ROWID",
)


class KeptAnswers:
    """The SQLite file ``path``; a damaged one is put aside and made anew, since sources can be asked again.

    Raises:
        DatabaseError: the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._database, _ = open_whole(path, lambda: Database(path, _MIGRATIONS, "answers of sources"))

    def find(self, fingerprint: str, texts: Sequence[str]) -> dict[str, tuple[Span, ...]]:
        """The answers that are known, by the text."""
        source, found = _digest(fingerprint), {}
        with self._database.reading() as connection:
            for text in texts:
                query = "SELECT spans FROM answers WHERE source = ? AND text = ?"
                row = connection.execute(query, (source, _digest(text))).fetchone()
                if row is not None:
                    found[text] = decode_spans(json.loads(row[0]))
        return found

    def add(self, fingerprint: str, answers: Mapping[str, Sequence[Span]]) -> None:
        """Keep the answers for these texts."""
        source = _digest(fingerprint)
        rows = [
            (source, _digest(text), json.dumps(encode_spans(spans, scores=True)))
            for text, spans in answers.items()
        ]
        with self._database.writing() as connection:
            connection.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", rows)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
