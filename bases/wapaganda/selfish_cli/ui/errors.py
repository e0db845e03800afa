"""The failures of a command: one sentence, a hint, and an exit code."""

import os
import tempfile
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wapaganda.errors import InputError, tell
from wapaganda.settings import Settings, SettingsError

FAILED = 1
WRONG_INPUT = 2
INTERRUPTED = 130
_TRACEBACKS = 50
"""The number of files with tracebacks that stay."""

DEFECT = "Please report this defect of wapaganda with your command and that file."
"""The end of the hint of an error that no input should cause."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One clear sentence, what to do about it, and the exit code."""

    message: str
    hint: str
    code: int

    def to_dict(self) -> dict[str, Any]:
        """The object that ``--json`` prints; ``mend`` is the earlier name of ``hint``."""
        return {"error": self.message, "hint": self.hint, "mend": self.hint, "exit_code": self.code}


def explain(error: Exception) -> Failure:
    """The failure behind ``error``; the traceback of a defect goes into a file that the hint names."""
    said = tell(error)
    if said.is_defect:
        said = tell(error, _keep_traceback(error))
        return Failure(said.message, f"{said.hint} {DEFECT}", FAILED)
    wrong = isinstance(error, InputError | FileNotFoundError)
    return Failure(said.message, said.hint, WRONG_INPUT if wrong else FAILED)


def _keep_traceback(error: Exception) -> Path:
    """Write the traceback into a new file below DATA_DIR, or where temporary files are; return its path.

    Only the user may read it: it may hold texts.
    """
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}.log"
    content = "".join(traceback.format_exception(error))
    try:
        folder = _errors_folder()
        for old in sorted(folder.glob("*.log"))[: 1 - _TRACEBACKS]:
            old.unlink(missing_ok=True)
        return _write(folder / name, content)
    except (OSError, SettingsError):
        return _write(Path(tempfile.mkdtemp(prefix="selfish-"), name), content)


def _errors_folder() -> Path:
    data = Settings().data_dir.absolute()
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = data / "errors"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _write(path: Path, content: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(content, "utf-8", "backslashreplace")
    return path
