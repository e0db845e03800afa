"""The two roots of the error tree."""

from wapaganda.errors.retry import Retry


class WapagandaError(Exception):
    """An error that a user can fix.

    ``str(error)`` is one sentence: what was expected and what was found. ``hint`` is one sentence that says
    what to do, or empty. ``retry``: when work that failed by it should be tried again; subclasses whose
    fault passes say so.
    """

    retry: Retry = Retry.NEVER

    def __init__(self, message: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class DiskFullError(WapagandaError):
    """A file cannot be written, because the disk or a quota is full."""

    retry = Retry.LATER


class InputError(WapagandaError, ValueError):
    """A file, an option, a setting or an argument is not what was expected."""
