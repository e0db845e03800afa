"""An earlier model of ours."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from wapaganda.ner import Span
from wapaganda.source.interface import SourceOptions, SourceUnavailableError, source_kind
from wapaganda.tagger import FolderError, ModelFolder

if TYPE_CHECKING:
    from wapaganda.tagger import Tagger


@source_kind("model")
class EarlierModel:
    """The folder of a model version, or one that `selfish models export` wrote.

    Options: ``folder``, ``device`` (``auto``).
    """

    at_a_time = 256

    def __init__(self, options: SourceOptions) -> None:
        self._path, self._device = options.path("folder"), options.text("device", "auto")
        self._name = options.name
        try:
            self.types = ModelFolder.read(self._path).schema.labels
        except FolderError as error:
            raise options.wrong("folder", "the folder of a model", f"{self._path} ({error})") from error
        files = sorted(each for each in self._path.glob("*") if each.is_file())
        facts = [f"{each.name} {each.stat().st_size} {each.stat().st_mtime_ns}" for each in files]
        self.fingerprint = f"model {hashlib.sha256(repr(facts).encode()).hexdigest()}"

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The entities of each text, each with the confidence of the model."""
        return self._tagger.predict(texts)

    @cached_property
    def _tagger(self) -> "Tagger":
        from wapaganda.tagger import Tagger

        try:
            return Tagger.load(self._path, self._device)
        except FolderError as error:
            raise SourceUnavailableError(f"Source {self._name}: {error}", "Name another folder.") from error
