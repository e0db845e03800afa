"""The two roots of the error tree."""


class WapagandaError(Exception):
    """Something that a user can do something about.

    ``str(error)`` is one sentence: what was expected and what came. ``hint`` is one sentence: what to do, or
    an empty string.
    """

    def __init__(self, message: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class InputError(WapagandaError, ValueError):
    """A file, an option, a setting or an argument is not what was expected."""
