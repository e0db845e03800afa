"""The live model during one round."""

from dataclasses import dataclass
from functools import cached_property

from wapaganda.model_store import Version
from wapaganda.tagger import Tagger


@dataclass
class LiveModel:
    """The live version of a project; its model is loaded once, on first use."""

    version: Version
    device: str

    @property
    def name(self) -> str:
        """The name of the version."""
        return self.version.name

    @cached_property
    def tagger(self) -> Tagger:
        """The model.

        Raises:
            FolderError: the folder of the version is incomplete.
        """
        return Tagger.load(self.version.path, device=self.device)
