"""A spaCy model."""

from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from typing import Any

from wapaganda.ner import Span
from wapaganda.source.interface import SourceOptions, SourceUnavailableError, source_kind


@source_kind("spacy")
class SpacyModel:
    """The entities of a spaCy pipeline. Option: ``model``, a package or a folder.

    A package that is no model itself may have a function ``model_path``. It is loaded when it is first asked.
    """

    at_a_time = 256

    def __init__(self, options: SourceOptions) -> None:
        self._model, self._name = options.text("model"), options.name
        near = options.folder / self._model
        self._place = str(near) if near.is_dir() else self._model
        self.types = tuple(options.labels)

    @property
    def fingerprint(self) -> str:
        """Name and version of the model."""
        meta = self._pipeline.meta
        return f"spacy {self._model} {meta.get('lang')} {meta.get('name')} {meta.get('version')}"

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The entities of each text, with spaCy's labels."""
        return [
            tuple(Span(each.start_char, each.end_char, each.label_) for each in document.ents)
            for document in self._pipeline.pipe(texts)
        ]

    @cached_property
    def _pipeline(self) -> Any:  # noqa: ANN401 - of a package that need not be there
        try:
            spacy = import_module("spacy")
        except ImportError:
            raise SourceUnavailableError(
                f"Source {self._name}: the package spacy is missing.", "Install it: pip install spacy."
            ) from None
        try:
            pipeline = self._load(spacy)
        except Exception as error:  # spaCy and packages of models raise many kinds
            raise SourceUnavailableError(
                f"Source {self._name}: the spaCy model {self._model} cannot be loaded "
                f"({type(error).__name__}: {' '.join(str(error).split())[:120]}).",
                "Install its package, or name its folder, as model in the sources file.",
            ) from error
        return pipeline

    def _load(self, spacy: Any) -> Any:  # noqa: ANN401
        try:
            return spacy.load(self._place)
        except (OSError, ImportError, AttributeError):  # a package that only holds a model, or none
            return spacy.load(import_module(self._model.replace("-", "_")).model_path())
