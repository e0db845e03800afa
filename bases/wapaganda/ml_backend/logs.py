"""The log: one line an event, as text or as JSON, with the request or the job that it belongs to."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from wapaganda.settings import Settings, SettingsError

Format = Literal["auto", "text", "json"]

_request: ContextVar[Mapping[str, str]] = ContextVar("request")
_process: dict[str, str] = {}


@contextmanager
def request_context(**values: str) -> Iterator[None]:
    """Every line that the code inside logs has ``values``."""
    token = _request.set(values)
    try:
        yield
    finally:
        _request.reset(token)


def process_context(**values: str) -> None:
    """From now on every line of this process has ``values``."""
    _process.update(values)


def set_up(form: Format) -> None:
    """Log to standard error; ``auto`` is text on a terminal, else JSON."""
    as_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if as_json else TextLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger("httpx").setLevel(logging.WARNING)


def chosen_format() -> Format:
    """``LOG_FORMAT``, also when another setting is wrong."""
    try:
        return Settings().log_format
    except SettingsError:
        return "auto"


def brief(error: BaseException) -> str:
    """Kind and place of an error without its message, which may hold the text of a user."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = "" if frame is None else f" at {Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}"
    return f"{type(error).__name__}{place}"


def _context() -> dict[str, str]:
    return {**_process, **_request.get({})}


class TextLines(logging.Formatter):
    """Lines for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name in logging
        """The line, without those of a traceback."""
        known = " ".join(f"{name}={value}" for name, value in _context().items())
        line = super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")
        return f"{line} [{known}]" if known else line


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the context, and the traceback of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        values = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_context(),
        }
        if record.exc_info and record.exc_info[0]:
            values["error"] = self.formatException(record.exc_info)
        return json.dumps(values)
