"""Texts with their spans, written in the format that a file's name asks for."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wapaganda.selfish_cli.problems import UsageError

if TYPE_CHECKING:
    from wapaganda.ner import Document


def check_suffix(path: Path) -> None:
    """Check early that ``write_texts`` will know the format.

    Raises:
        UsageError: it will not.
    """
    if path.suffix not in WRITERS:
        raise UsageError(f"Expected a file name that ends in {', '.join(WRITERS)}, was: {path}.")


def write_texts(documents: Sequence["Document"], path: Path, labels: Sequence[str]) -> None:
    """Write the documents; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial{path.suffix}")
    try:
        WRITERS[path.suffix](documents, partial, labels)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _jsonl(documents: Sequence["Document"], path: Path, labels: Sequence[str]) -> None:
    from wapaganda.annotation import write_jsonl

    write_jsonl(documents, path)


def _conll(documents: Sequence["Document"], path: Path, labels: Sequence[str]) -> None:
    from wapaganda.annotation import write_conll

    write_conll(documents, path)


def _tasks(documents: Sequence["Document"], path: Path, labels: Sequence[str]) -> None:
    from wapaganda.annotation import write_label_studio_tasks

    write_label_studio_tasks(documents, path)


WRITERS: dict[str, Callable[[Sequence["Document"], Path, Sequence[str]], None]] = {
    ".jsonl": _jsonl,
    ".json": _tasks,
    ".conll": _conll,
}
"""File suffix to its writer: JSONL, Label Studio tasks, CoNLL."""
