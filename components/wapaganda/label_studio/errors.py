"""What can go wrong with a Label Studio, each with the way to mend it."""


class LabelStudioError(RuntimeError):
    """Label Studio could not do what was asked; ``mend`` says what a person can do about it."""

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.message} {self.mend}".strip()


class UnreachableError(LabelStudioError):
    """Nobody answers at the address, or the answer is not Label Studio's."""


class UnauthorizedError(LabelStudioError):
    """The token is not accepted, or it may not do this."""


class RejectedError(LabelStudioError):
    """Label Studio understood the request and refused it; ``status`` is the HTTP status."""

    def __init__(self, message: str, mend: str = "", *, status: int) -> None:
        super().__init__(message, mend)
        self.status = status


class VersionTakenError(LabelStudioError):
    """The version under which a batch was to be released already holds another batch."""


class OutcomeUnknownError(LabelStudioError):
    """A write was sent but no usable answer came: it may or may not have been carried out.

    ``still_running`` tells that the server may still be working on it.
    """

    def __init__(self, message: str, mend: str = "", *, still_running: bool) -> None:
        super().__init__(message, mend)
        self.still_running = still_running
