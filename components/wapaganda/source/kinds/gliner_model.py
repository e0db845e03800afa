"""GLiNER: a model that is asked for types by their names."""

from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from typing import Any

from wapaganda.ner import Span
from wapaganda.source.interface import SourceOptions, SourceUnavailableError, source_kind


@source_kind("gliner")
class Gliner:
    """GLiNER (Zaratiana et al. 2024, "GLiNER: Generalist model for named entity recognition using
    bidirectional transformer").

    Options: ``model``, a name on the model hub or a folder; ``threshold`` (0.5); ``device`` (``cpu``). It
    is asked for the keys of ``labels``, such as ``"name of a company"``, else for the types of the project.
    It is loaded when it is first asked.
    """

    at_a_time = 64

    def __init__(self, options: SourceOptions) -> None:
        model = options.text("model")
        near = options.folder / model
        self._place = str(near) if near.is_dir() else model
        self._threshold, self._device = options.number("threshold", 0.5), options.text("device", "cpu")
        self._name, self.types = options.name, options.wanted()
        if not self.types:
            raise options.wrong("labels", "labels to ask for", "none")
        self.fingerprint = f"gliner {model} {self._threshold} {sorted(self.types)}"

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The entities of each text, each with GLiNER's score."""
        found = self._model.inference(list(texts), list(self.types), threshold=self._threshold)
        return [
            tuple(Span(each["start"], each["end"], each["label"], float(each["score"])) for each in entities)
            for entities in found
        ]

    @cached_property
    def _model(self) -> Any:  # noqa: ANN401 - of a package that need not be there
        try:
            gliner = import_module("gliner")
        except ImportError:
            raise SourceUnavailableError(
                f"Source {self._name}: the package gliner is missing.",
                "Install it: pip install gliner.",
            ) from None
        try:
            return gliner.GLiNER.from_pretrained(self._place, map_location=self._device).eval()
        except Exception as error:  # the hub, torch and safetensors raise many kinds
            raise SourceUnavailableError(
                f"Source {self._name}: the GLiNER model {self._place} cannot be loaded "
                f"({type(error).__name__}: {' '.join(str(error).split())[:120]}).",
                "Name a folder or a name on the model hub as model in the sources file.",
            ) from error
