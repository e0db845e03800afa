"""The progress callback and the one that shows nothing."""

from typing import Protocol


class Progress(Protocol):
    """Called with the name of a step, how much of it is done and how much there is; ``total`` 0: unknown."""

    def __call__(self, step: str, done: int, total: int) -> None:
        """Show the progress. Must return quickly and must not raise."""


def silent(step: str, done: int, total: int) -> None:
    """Show nothing."""
