"""The errors of the connector.

WapagandaError
└── LabelStudioError        Label Studio could not do what was asked
    ├── UnreachableError    no answer, or not one of Label Studio
    ├── UnauthorizedError   the token is not accepted or not sufficient
    ├── RejectedError       the request was refused
    ├── VersionTakenError   the version already holds another batch
    ├── ChangedMeanwhileError  the project is no longer what it was a moment ago
    └── OutcomeUnknownError a write may or may not have been carried out

``retry`` of each says whether the fault passes. ``retry_after``: the seconds for which Label Studio or a
proxy has asked us to wait, else 0.
"""

from wapaganda.errors import Retry, WapagandaError

_PASSING = frozenset({408, 425, 429})


class LabelStudioError(WapagandaError):
    """Label Studio could not do what was asked."""

    retry_after: float = 0.0


class UnreachableError(LabelStudioError):
    """No server answers at the address, or the answer is not one of Label Studio."""

    retry = Retry.LATER


class UnauthorizedError(LabelStudioError):
    """There is no token, it is not accepted, or its user may not do this."""

    retry = Retry.RARELY


class RejectedError(LabelStudioError):
    """Label Studio refused the request; ``status`` is the HTTP status: the server's own faults pass."""

    def __init__(self, message: str, hint: str = "", *, status: int) -> None:
        super().__init__(message, hint)
        self.status = status
        self.retry = Retry.LATER if status in _PASSING or status >= 500 else Retry.NEVER


class VersionTakenError(LabelStudioError):
    """The version of a batch already holds another batch."""

    retry = Retry.SOON


class ChangedMeanwhileError(LabelStudioError):
    """Others have changed the project in the same moment; the work fits again when it is repeated."""

    retry = Retry.SOON


class OutcomeUnknownError(LabelStudioError):
    """A write was sent without a usable answer: it may or may not have been carried out.

    ``still_running``: the server may still work on it.
    """

    retry = Retry.LATER

    def __init__(self, message: str, hint: str = "", *, still_running: bool) -> None:
        super().__init__(message, hint)
        self.still_running = still_running
