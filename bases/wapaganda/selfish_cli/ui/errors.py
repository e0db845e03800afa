"""The failures of a command: one sentence, a hint, and an exit code."""

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
    message, hint = _message(error), str(getattr(error, "hint", ""))
    return Failure(message.removesuffix(hint).strip() or hint, hint, code)


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}."
    return str(error) or type(error).__name__


def _code(error: Exception) -> int | None:
    if isinstance(error, InputError | FileNotFoundError):
        return WRONG_INPUT
    return FAILED if isinstance(error, WapagandaError | OSError) else None
