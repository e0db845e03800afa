"""Any error as one sentence and a hint, for people: never the bare text of a library's exception."""

import shutil
from pathlib import Path
from typing import NamedTuple

from wapaganda.errors.disk import is_disk_full
from wapaganda.errors.errors import WapagandaError

_ROOM = "Make room on the disk and repeat: what was finished is kept."


class Explained(NamedTuple):
    """An error for people: a sentence, a hint or an empty string, and whether it is a defect of ours."""

    message: str
    hint: str = ""
    is_defect: bool = False

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


def tell(error: BaseException, log: Path | None = None) -> Explained:
    """What a person should know about ``error``; ``log``: the file with its traceback."""
    if isinstance(error, WapagandaError):
        message = str(error) or type(error).__name__
        hint = error.hint
        return Explained(message.removesuffix(hint).strip() or hint, hint)
    if is_disk_full(error):
        place = _place(error)
        return Explained(f"{place}: the disk is full." if place else "A disk is full.", _ROOM)
    if isinstance(error, MemoryError):
        return Explained("There is not enough memory.", "Free some, or use a smaller encoder.")
    if isinstance(error, OSError) and (said := _of_the_system(error)):
        return Explained(said)
    where = f"The log {log} has the details." if log else "The log has the details."
    return Explained(f"An unexpected error ended the work: {type(error).__name__}.", where, is_defect=True)


def _of_the_system(error: OSError) -> str:
    place = _place(error)
    if isinstance(error, shutil.Error):
        return f"{place}: it cannot be copied." if place else ""
    if error.strerror:
        return f"{place}: {error.strerror}." if place else f"{error.strerror}."
    return str(error)


def _place(error: BaseException) -> str:
    """The file that an error is about, if it says so."""
    if isinstance(error, shutil.Error):
        # Its argument is a list of (source, target, reason), or one such.
        found = error.args[0] if error.args else ()
        first = found[0] if isinstance(found, list) and found else found
        return str(first[1]) if isinstance(first, tuple) and len(first) > 1 else ""
    return str(getattr(error, "filename", None) or "")
