"""What a source is, and how one is made from its table in the sources file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    ``at_a_time``: how many texts it is asked at once; what was answered is kept after each time. It may also
    have ``notes``: sentences about what it could not understand so far.
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

    def spans(self, texts: Sequence[str]) -> Sequence[tuple[Span, ...] | None]:
        """The entities of each text; ``None``: it cannot say, and is asked again another time.

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

    def number(self, name: str, default: float, least: float | None = None) -> float:
        """An option that is a number above 0, or of ``least`` and more.

        Raises:
            InputError: it is not.
        """
        expected = "a number above 0" if least is None else f"a number of {least:g} or more"
        value = self._of_type(name, (int, float), expected, default)
        if isinstance(value, bool) or not (value > 0 if least is None else value >= least):
            raise self.wrong(name, expected, value)
        return float(value)

    def whole(self, name: str, default: int, least: int = 1) -> int:
        """An option that is a whole number, ``least`` or more.

        Raises:
            InputError: it is not.
        """
        expected = f"a whole number, {least} or more,"
        value = self._of_type(name, int, expected, default)
        if isinstance(value, bool) or value < least:
            raise self.wrong(name, expected, value)
        return int(value)

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


class _Table(Mapping[str, Any]):
    """The options of a source, which remember those that were read."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values, self.read = values, set[str]()

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - TOML
        self.read.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


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
    """The source of a table; a kind reads all its options when it makes a source.

    Raises:
        InputError: there is no such kind, or an option is wrong or is none of the kind.
        SourceUnavailableError: it cannot be used now.
    """
    if options.kind not in SOURCE_KINDS:
        raise options.wrong("kind", f"one of {', '.join(sorted(SOURCE_KINDS))}", options.kind)
    table = _Table(options.values)
    made = SOURCE_KINDS[options.kind](replace(options, values=table))
    if unknown := set(table) - table.read:
        known, was = ", ".join(sorted(table.read)), ", ".join(sorted(unknown))
        raise InputError(
            f"Source {options.name}: expected options of the kind {options.kind} ({known}), was: {was}.",
            f"Correct the source {options.name} in the sources file (docs/sources.md).",
        )
    return made
