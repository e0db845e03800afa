"""The Parquet files of a pool, in pieces that are read one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wapaganda.errors import InputError
from wapaganda.ner import Document

PIECE = 16_384
"""The most texts of a piece."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The rows from ``start`` to before ``stop`` of a Parquet file; ``number``: among all pieces, from 0."""

    number: int
    path: Path
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def read(self) -> list[Document]:
        """The texts without labels. A text that is missing is empty; one without an id is named as
        ``read_documents`` names it.

        Raises:
            InputError: the file is damaged.
        """
        texts: list[str | None] = []
        ids: list[str | None] = []
        with _opened(self.path) as file:
            has_ids, before = "id" in file.schema_arrow.names, 0
            for group in range(file.num_row_groups):
                n_rows = file.metadata.row_group(group).num_rows
                first, last = max(self.start - before, 0), min(self.stop - before, n_rows)
                if first < last:
                    columns = file.read_row_group(group, columns=["id", "text"] if has_ids else ["text"])
                    part = columns.slice(first, last - first)
                    texts += part["text"].to_pylist()
                    ids += part["id"].cast("string").to_pylist() if has_ids else [None] * len(part)
                before += n_rows
        return [
            Document(own or f"{self.path.stem}-{row:06d}", text or "")
            for row, (own, text) in enumerate(zip(ids, texts, strict=True), start=self.start + 1)
        ]


def pieces_of(pool: Path) -> tuple[Piece, ...]:
    """The pieces of a Parquet file, or of all Parquet files of a folder by their names.

    Raises:
        InputError: there is no such file, or one is damaged or has no column ``text`` of strings.
    """
    if not pool.exists():
        raise InputError(f"Expected a Parquet file or a folder of them, was: {pool}, which does not exist.")
    paths = sorted(pool.glob("*.parquet")) if pool.is_dir() else [pool]
    pieces: list[Piece] = []
    for path in paths:
        n_rows = _rows(path)
        for start in range(0, n_rows, PIECE):
            pieces.append(Piece(len(pieces), path.resolve(), start, min(start + PIECE, n_rows)))
    if not pieces:
        raise InputError(f"Expected Parquet files with texts in {pool}, was: none.")
    return tuple(pieces)


def _rows(path: Path) -> int:
    import pyarrow.types as types

    with _opened(path) as file:
        columns = file.schema_arrow
        kind = columns.field("text").type if "text" in columns.names else None
        if kind is None or not (types.is_string(kind) or types.is_large_string(kind)):
            was = f"a column text of {kind}" if kind else f"the columns {', '.join(columns.names)}"
            raise InputError(f"Expected a column text of strings in {path}, was: {was}.")
        rows: int = file.metadata.num_rows
        return rows


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            yield file
    except (OSError, pyarrow.ArrowException) as error:
        raise InputError(f"Expected a Parquet file, was: {path} ({str(error).splitlines()[0]}).") from error
