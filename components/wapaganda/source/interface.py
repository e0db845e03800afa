"""What a source is, and how one is made from its table in the sources file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from wapaganda.errors import InputError, WapagandaError
from wapaganda.ner import Span
from wapaganda.plugins import Registry


class SourceUnavailableError(WapagandaError):
    """A source cannot be used now: a package is missing, a server does not answer, a model is broken."""


class SpanSource(Protocol):
    """Something that finds entities. Its spans may overlap and have labels of its own.

    ``types``: the labels that it knows; empty: whichever the project has. ``fingerprint``: other answers are
    to be expected when it is another one, so that answers can be kept; empty: they are never kept.
    ``at_a_time``: how many texts it is asked at once; what was answered is kept after each time.
    """

    @property
    def types(self) -> tuple[str, ...]:
        """The labels that it knows."""

    @property
    def fingerprint(self) -> str:
        """Of all that decides the answers."""

    @property
    def at_a_time(self) -> int:
        """Texts that it is asked at once, 1 or more."""

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The entities of each text.

        Raises:
            SourceUnavailableError: it cannot be used now.
        """


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """The table of a source in the sources file.

    ``values``: its own options. ``labels``: its labels and those of the project that they are; empty: the
    same. ``project_labels``: the types of the project. ``folder``: that of the file, for relative paths.
    ``key``: for a service that asks for one; it is shown nowhere.
    """

    name: str
    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    project_labels: Sequence[str] = ()
    folder: Path = Path()
    key: str = field(default="", repr=False)

    def text(self, name: str, default: str | None = None) -> str:
        """An option that is a text, by default ``default``.

        Raises:
            InputError: it is missing or of another type.
        """
        return str(self._of_type(name, str, "a text", default))

    def number(self, name: str, default: float) -> float:
        """An option that is a number above 0.

        Raises:
            InputError: it is not.
        """
        value = self._of_type(name, (int, float), "a number above 0", default)
        if isinstance(value, bool) or not value > 0:
            raise self.wrong(name, "a number above 0", value)
        return float(value)

    def switch(self, name: str, default: bool) -> bool:
        """An option that is true or false.

        Raises:
            InputError: it is not.
        """
        return bool(self._of_type(name, bool, "true or false", default))

    def path(self, name: str) -> Path:
        """A file or folder that exists; a relative path starts at the folder of the sources file.

        Raises:
            InputError: there is none.
        """
        path = self.folder / Path(self.text(name)).expanduser()
        if not path.exists():
            raise self.wrong(name, "a file or folder that exists", str(path))
        return path

    def wanted(self) -> tuple[str, ...]:
        """What a source that can find anything is asked for: its own names of the project's labels."""
        return tuple(self.labels) or tuple(self.project_labels)

    def wrong(self, name: str, expected: str, was: object) -> InputError:
        """The error that an option is wrong."""
        return InputError(
            f"Source {self.name}: expected {expected} as {name}, was: {was!r}.",
            f"Correct the source {self.name} in the sources file (docs/sources.md).",
        )

    def _of_type(self, name: str, kind: Any, expected: str, default: Any) -> Any:  # noqa: ANN401 - TOML
        value = self.values.get(name, default)
        if value is None:
            raise self.wrong(name, expected, "nothing")
        if not isinstance(value, kind):
            raise self.wrong(name, expected, value)
        return value


Factory = Callable[[SourceOptions], SpanSource]
_Made = TypeVar("_Made", bound=Factory)

_REGISTRY: Registry[Factory] = Registry("kind of source", "wapaganda.sources", "wapaganda.source.kinds")

SOURCE_KINDS: Mapping[str, Factory] = _REGISTRY
"""All kinds of sources by name, those of installed packages among them."""


def source_kind(name: str) -> Callable[[_Made], _Made]:
    """Register what makes a source of its options, a class or a function, as the kind ``name``.

    Raises:
        ValueError: the name is taken.
    """

    def register(factory: _Made) -> _Made:
        _REGISTRY.add(name, factory, factory.__module__)
        return factory

    return register


def make_source(options: SourceOptions) -> SpanSource:
    """The source of a table.

    Raises:
        InputError: there is no such kind, or an option is wrong.
        SourceUnavailableError: it cannot be used now.
    """
    if options.kind not in SOURCE_KINDS:
        raise options.wrong("kind", f"one of {', '.join(sorted(SOURCE_KINDS))}", options.kind)
    return SOURCE_KINDS[options.kind](options)
