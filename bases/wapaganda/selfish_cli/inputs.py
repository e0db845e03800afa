"""Read the files of a user, with messages about skipped texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wapaganda.errors import InputError

if TYPE_CHECKING:
    from wapaganda.ner import Document

SHOWN = 3
"""At most this number of skipped texts are reported one by one."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The documents of a file, the messages about it, and those messages that report a loss."""

    documents: tuple["Document", ...]
    notes: tuple[str, ...]
    losses: tuple[str, ...] = ()

    @property
    def labelled(self) -> list["Document"]:
        """The labelled documents."""
        return [document for document in self.documents if document.is_labelled]


def read_texts(path: Path) -> Texts:
    """Every document of ``path``.

    Raises:
        InputError: there is no such file, or it holds no text.
        FormatError: a line of it cannot be understood.
    """
    from wapaganda.annotation import read_documents

    if not path.exists():
        raise InputError(f"Expected a file or folder, was: {path}, which does not exist.")
    found = read_documents(path)
    if not found.documents:
        raise InputError(f"Expected at least one text in {path}, was: none.")
    notes = [f"{path}: spans repaired: {found.repairs.describe()}."] if found.repairs.total else []
    notes += [f"Skipped: {reason}" for reason in found.skipped[:SHOWN]]
    if len(found.skipped) > SHOWN:
        notes.append(f"{path}: {len(found.skipped):,} texts were skipped in all.")
    return Texts(tuple(found.documents), (*notes, *found.notes[:SHOWN]), tuple(notes))


def read_labelled(path: Path) -> Texts:
    """The labelled documents of ``path``, with a message about the others.

    Raises:
        InputError: none is labelled.
    """
    texts = read_texts(path)
    labelled = tuple(texts.labelled)
    if not labelled:
        raise InputError(f"Expected labelled texts in {path}, was: {len(texts.documents):,} without labels.")
    left_out = len(texts.documents) - len(labelled)
    note = (f"{path}: {left_out:,} texts without labels were left out.",) if left_out else ()
    return Texts(labelled, texts.notes + note, texts.losses)


def read_with_entities(path: Path) -> Texts:
    """The labelled documents of ``path``, which a model can learn from.

    Raises:
        InputError: none holds an entity; the hint says what was skipped.
    """
    texts = read_labelled(path)
    if not any(document.spans for document in texts.documents):
        raise InputError(
            f"Expected at least one entity in {path}, was: {len(texts.documents):,} texts without.",
            " ".join(texts.losses) or "Name texts in which entities are marked.",
        )
    return texts


def one_of(hint: str, **choices: object) -> None:
    """Check that exactly one of some options was given; ``text`` is an argument without a name.

    Raises:
        InputError: none or several were.
    """
    given = [_option(name) for name, value in choices.items() if value is not None]
    if len(given) != 1:
        wanted = " or ".join(_option(name) for name in choices)
        raise InputError(f"Expected {wanted}, was: {' and '.join(given) or 'neither'}.", hint)


def copies_among(texts: Sequence["Document"], others: Sequence["Document"]) -> int:
    """How many of ``texts`` are also among ``others``."""
    from wapaganda.ner import collapse_whitespace

    known = {collapse_whitespace(document.text) for document in others}
    return sum(collapse_whitespace(document.text) in known for document in texts)


def _option(name: str) -> str:
    return "a text" if name == "text" else "--" + name.replace("_", "-")
