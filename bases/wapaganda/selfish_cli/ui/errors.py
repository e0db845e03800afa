"""What can go wrong: one sentence, a hint, and an exit code."""

from dataclasses import dataclass
from typing import Any

from wapaganda.errors import InputError, WapagandaError

FAILED = 1
WRONG_INPUT = 2
INTERRUPTED = 130

DEFECT = "This is a defect of wapaganda. Please report it with your command and the traceback."
"""The hint of an error that no input should cause."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One clear sentence, what to do about it, and the exit code."""

    message: str
    hint: str
    code: int

    def to_dict(self) -> dict[str, Any]:
        """The object that ``--json`` prints; ``mend`` is the earlier name of ``hint``."""
        return {"error": self.message, "hint": self.hint, "mend": self.hint, "exit_code": self.code}


def explain(error: Exception) -> Failure | None:
    """The failure behind ``error``; ``None`` when it is a defect of ours."""
    code = _code(error)
    if code is None:
        return None
    message, hint = _message(error), hint_of(error)
    return Failure(message.removesuffix(hint).strip() or hint, hint, code)


def hint_of(error: object) -> str:
    """What to do about an error or a finding; empty when nobody knows."""
    return str(getattr(error, "hint", "") or getattr(error, "mend", "") or "")


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}."
    return str(error) or type(error).__name__


def _code(error: Exception) -> int | None:
    if isinstance(error, InputError | FileNotFoundError) or _is_input_by_its_text(error):
        return WRONG_INPUT
    if isinstance(error, WapagandaError | OSError) or _is_known(error):
        return FAILED
    return None


def _is_input_by_its_text(error: Exception) -> bool:
    """Goes when all bricks raise InputError for wrong input."""
    from wapaganda.annotation import FormatError
    from wapaganda.dataset import ExportError
    from wapaganda.settings import SettingsError

    if isinstance(error, FormatError | ExportError | SettingsError):
        return True
    return isinstance(error, ValueError) and str(error).startswith("Expected ")


def _is_known(error: Exception) -> bool:
    """Goes when the errors of all bricks are WapagandaErrors."""
    from wapaganda.label_studio import LabelStudioError
    from wapaganda.ledger import LedgerError
    from wapaganda.model_store import ModelStoreError
    from wapaganda.tagger import FolderError
    from wapaganda.trainer import EncoderUnavailable

    return isinstance(
        error, (LabelStudioError, EncoderUnavailable, ModelStoreError, LedgerError, FolderError)
    )
