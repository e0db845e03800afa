"""The models of a server: where they come from, and the state of each project's model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from wapaganda.ml_backend.prediction.batching import TextTagger

UNTRAINED: Final = "untrained"


class ModelRepository(Protocol):
    """The models on disk; each call may be slow and may raise."""

    def projects(self) -> Sequence[str]:
        """The keys of the projects that have models."""

    def current(self, project: str) -> str | None:
        """The version that should answer; None before the first model."""

    def versions(self, project: str) -> Sequence[str]:
        """All versions that can be used, oldest first."""

    def damage(self, project: str) -> Sequence[str]:
        """What is damaged on disk, in sentences."""

    def load(self, project: str, version: str) -> TextTagger:
        """Load the model; takes seconds."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory and its version."""

    version: str
    tagger: TextTagger


@dataclass(frozen=True, slots=True)
class ModelState:
    """The state of a project's model: ``version`` answers now, ``target`` will answer, ``error`` says why it
    does not yet. ``damage``: what is damaged on disk, in sentences.
    """

    version: str | None
    target: str | None
    error: str | None
    damage: tuple[str, ...] = ()
