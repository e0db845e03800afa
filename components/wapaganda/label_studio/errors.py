"""The errors of the connector.

WapagandaError
└── LabelStudioError        Label Studio could not do what was asked
    ├── UnreachableError    no answer, or not one of Label Studio
    ├── UnauthorizedError   the token is not accepted or not sufficient
    ├── RejectedError       the request was refused
    ├── VersionTakenError   the version already holds another batch
    └── OutcomeUnknownError a write may or may not have been carried out
"""

from wapaganda.errors import WapagandaError


class LabelStudioError(WapagandaError):
    """Label Studio could not do what was asked."""


class UnreachableError(LabelStudioError):
    """No server answers at the address, or the answer is not one of Label Studio."""


class UnauthorizedError(LabelStudioError):
    """The token is not accepted, or its user may not do this."""


class RejectedError(LabelStudioError):
    """Label Studio understood the request and refused it; ``status`` is the HTTP status."""

    def __init__(self, message: str, hint: str = "", *, status: int) -> None:
        super().__init__(message, hint)
        self.status = status


class VersionTakenError(LabelStudioError):
    """The version of a batch already holds another batch."""


class OutcomeUnknownError(LabelStudioError):
    """A write was sent without a usable answer: it may or may not have been carried out.

    ``still_running``: the server may still work on it.
    """

    def __init__(self, message: str, hint: str = "", *, still_running: bool) -> None:
        super().__init__(message, hint)
        self.still_running = still_running
