"""Work in turns, so that something else can run in between."""

from collections.abc import Generator
from typing import Final, TypeVar

Result = TypeVar("Result")

TURN_WORDS: Final = 10_000
"""The words after which a turn ends; most texts need none."""


def at_once(turns: Generator[object, None, Result]) -> Result:
    """The result of all turns."""
    while True:
        try:
            next(turns)
        except StopIteration as end:
            result: Result = end.value
            return result
