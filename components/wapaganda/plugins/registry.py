"""The registry: a mapping by name that imports the modules which fill it when it is first looked at."""

import logging
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from threading import RLock
from typing import Generic, TypeVar

_LOGGER = logging.getLogger(__package__)

_Entry = TypeVar("_Entry")


class Registry(Mapping[str, _Entry], Generic[_Entry]):
    """Entries by name.

    ``kind``: what an entry is called in messages. ``package``: every module in it is imported, and adds its
    entries, before the first look-up. ``group``: the entry points by which installed packages name modules
    that add more; they are imported when a name is looked up that ``package`` does not have, or when all
    names are. A package that cannot be imported, or takes a name that is taken, is left out as a whole, with
    one warning in the log that names it.
    """

    def __init__(self, kind: str, group: str, package: str) -> None:
        self._kind = kind
        self._group = group
        self._package: str | None = package
        self._waiting: list[EntryPoint] | None = None
        self._entries: dict[str, _Entry] = {}
        self._owners: dict[str, str] = {}
        self._loading = ""
        self._lock = RLock()

    def add(self, name: str, entry: _Entry, module: str) -> None:
        """Add an entry; ``module``: of the code that does.

        Raises:
            ValueError: the name is taken; the message says by whom.
        """
        with self._lock:
            self._load_own()
            owner = self._loading or module
            if name in self._entries:
                taken = self._owners[name]
                raise ValueError(f"Expected a new name for a {self._kind}, was: {name!r}, which {taken} has")
            self._entries[name] = entry
            self._owners[name] = owner

    def __getitem__(self, name: str) -> _Entry:
        with self._lock:
            self._load_own()
            if name not in self._entries:
                self._load_others()
            return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            self._load_own()
            self._load_others()
            return iter(list(self._entries))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _load_own(self) -> None:
        if self._package is None:
            return
        package, self._package = self._package, None
        for module in sorted(iter_modules(import_module(package).__path__), key=lambda each: each.name):
            import_module(f"{package}.{module.name}")

    def _load_others(self) -> None:
        if self._waiting is None:
            found = entry_points(group=self._group)
            self._waiting = sorted(found, key=lambda each: (_distribution(each), each.name))
        while self._waiting:
            self._load(self._waiting.pop(0))

    def _load(self, entry_point: EntryPoint) -> None:
        before = set(self._entries)
        outer, self._loading = self._loading, _distribution(entry_point)
        try:
            entry_point.load()
        except (Exception, SystemExit) as error:
            for name in [each for each in self._entries if each not in before]:
                if self._owners[name] == self._loading:
                    del self._entries[name], self._owners[name]
            _LOGGER.warning(
                "The package %s adds no %s: %s cannot be loaded (%s: %s); fix or remove the package.",
                self._loading,
                self._kind,
                entry_point.value,
                type(error).__name__,
                " ".join(str(error).split()),
            )
        finally:
            self._loading = outer


def _distribution(entry_point: EntryPoint) -> str:
    """The name and version of the package that has the entry point."""
    about = entry_point.dist
    return f"{about.name} {about.version}" if about is not None else "without a name"
