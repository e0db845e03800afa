"""What can go wrong, as one sentence, what mends it, and an exit code."""

from dataclasses import dataclass
from typing import Any

FAILED = 1
WRONG_INPUT = 2
INTERRUPTED = 130


class UsageError(Exception):
    """What the user asked for cannot be done as asked; ``mend`` says how it can."""

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Problem:
    """One clear sentence, what to do about it, and the exit code."""

    message: str
    mend: str
    code: int

    def to_dict(self) -> dict[str, Any]:
        """The object that ``--json`` gives."""
        return {"error": self.message, "mend": self.mend, "exit_code": self.code}


def explain(error: Exception) -> Problem | None:
    """The problem behind ``error``; ``None`` when it is none that a user could have brought about."""
    code = _code(error)
    if code is None:
        return None
    message = _message(error)
    mend = str(getattr(error, "mend", "") or "")
    return Problem(message.removesuffix(mend).strip() or mend, mend, code)


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}."
    return str(error) or type(error).__name__


def _code(error: Exception) -> int | None:
    # Imported here: a command that works needs none of them.
    from wapaganda.annotation import FormatError
    from wapaganda.dataset import ExportError
    from wapaganda.label_studio import LabelStudioError
    from wapaganda.ledger import LedgerError
    from wapaganda.model_store import ModelStoreError
    from wapaganda.settings import SettingsError
    from wapaganda.tagger import FolderError
    from wapaganda.trainer import EncoderUnavailable

    if isinstance(error, UsageError | SettingsError | FormatError | ExportError | FileNotFoundError):
        return WRONG_INPUT
    known = (LabelStudioError, EncoderUnavailable, ModelStoreError, LedgerError, FolderError, OSError)
    if isinstance(error, known):
        return FAILED
    # The bricks refuse wrong values with a sentence that begins so; any other ValueError is a defect of ours.
    if isinstance(error, ValueError) and str(error).startswith("Expected "):
        return WRONG_INPUT
    return None
