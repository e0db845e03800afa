"""A Python function of one's own."""

import sys
from collections.abc import Sequence
from importlib import import_module

from wapaganda.errors import InputError
from wapaganda.ner import Span, decode_spans
from wapaganda.source.interface import SourceOptions, SourceUnavailableError, source_kind


@source_kind("function")
class PythonFunction:
    """A function that gets a list of texts and returns for each a list of ``(start, end, label)``.

    Options: ``function``, as ``module:function``; the module may lie beside the sources file. ``version``: if
    it is given, answers are kept until it is another one. ``at_a_time`` (256): texts in a call.
    """

    def __init__(self, options: SourceOptions) -> None:
        place, self._name = options.text("function"), options.name
        module, colon, function = place.partition(":")
        if not (module and colon and function.isidentifier()):
            raise options.wrong("function", "module:function", place)
        version = str(options.values.get("version", ""))
        self.fingerprint = f"function {place} {version}" if version else ""
        self.at_a_time = options.whole("at_a_time", 256)
        self.types = tuple(options.labels)
        try:
            self._function = getattr(_imported(module, str(options.folder.resolve())), function)
        except Exception as error:  # the code of a user may raise anything
            raise InputError(
                f"Source {self._name}: {place} cannot be imported ({type(error).__name__}: {error}).",
                "Put the module beside the sources file, or install its package.",
            ) from error

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """What the function returns.

        Raises:
            SourceUnavailableError: it failed, or returned something else.
        """
        try:
            found = [
                tuple(each if isinstance(each, Span) else decode_spans([each])[0] for each in spans)
                for spans in self._function(list(texts))
            ]
        except Exception as error:  # the code of a user may raise anything
            raise SourceUnavailableError(
                f"Source {self._name}: the function failed ({type(error).__name__}: {error}).",
                "It gets a list of texts and returns for each a list of (start, end, label).",
            ) from error
        if len(found) != len(texts):
            raise SourceUnavailableError(
                f"Source {self._name}: expected answers for {len(texts)} texts, was: {len(found)}.",
                "The function returns a list of spans for each text, in their order.",
            )
        return found


def _imported(module: str, folder: str) -> object:
    sys.path.insert(0, folder)
    try:
        return import_module(module)
    finally:
        sys.path.remove(folder)
