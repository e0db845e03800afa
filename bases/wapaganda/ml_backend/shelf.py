"""What a server knows of models: where they come from, which one answers, how it stands with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from wapaganda.ml_backend.tagging import TextTagger

UNTRAINED: Final = "untrained"


class Shelf(Protocol):
    """The models on disk; each call may take a moment and may raise."""

    def projects(self) -> Sequence[str]:
        """The keys of the projects that have models."""

    def current(self, project: str) -> str | None:
        """The version that shall answer; None before the first model."""

    def versions(self, project: str) -> Sequence[str]:
        """All versions, oldest first."""

    def load(self, project: str, version: str) -> TextTagger:
        """The model itself; seconds of work."""


@dataclass(frozen=True, slots=True)
class LiveModel:
    """A model in memory under the version it was published as."""

    version: str
    tagger: TextTagger


@dataclass(frozen=True, slots=True)
class ModelState:
    """What a project's model is doing: ``version`` answers now, ``target`` shall answer, ``error`` is why it
    does not yet.
    """

    version: str | None
    target: str | None
    error: str | None
