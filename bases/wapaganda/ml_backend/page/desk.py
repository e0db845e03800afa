"""The files of the projects, as far as the page reads and changes them."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

from wapaganda.project_context import Standing


class Desk(Protocol):
    """The files of the projects on disk."""

    def stamp(self, key: str) -> Hashable:
        """Something that changes when the files of the project do; quick."""

    def standing(self, key: str) -> Standing:
        """What the files say.

        Raises:
            WapagandaError: the ledger is damaged.
        """

    def promote(self, key: str, version: str) -> None:
        """Make a version the live one, by a person's choice.

        Raises:
            WapagandaError: there is no such version, or it is damaged.
        """

    def roll_back(self, key: str, live: str) -> None:
        """Make the version live that was live before ``live``.

        Raises:
            WapagandaError: there is none, or another one is live by now.
        """


class NoFiles:
    """A server without files."""

    def stamp(self, key: str) -> Hashable:
        """Nothing changes."""
        return None

    def standing(self, key: str) -> Standing:
        """Nothing is known."""
        return Standing()

    def promote(self, key: str, version: str) -> None:
        """There is nothing to promote."""

    def roll_back(self, key: str, live: str) -> None:
        """There is nothing to go back to."""


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses in the browsers of people: of Label Studio, and of MLflow ("": it has no page)."""

    label_studio: str = ""
    mlflow: str = ""
