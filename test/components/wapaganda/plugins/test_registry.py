"""The registry: what is imported when, who is refused, and what a broken package leaves behind."""

import logging
import sys
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from wapaganda.plugins import Registry, registry


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A package of the brick's own modules, and modules that stand for those of installed packages."""
    (tmp_path / "own_entries").mkdir()
    (tmp_path / "own_entries" / "first.py").write_text(
        "from holder import things\nthings.add('a', 1, __name__)\n"
    )
    (tmp_path / "holder.py").write_text(
        "from wapaganda.plugins import Registry\nthings = Registry('thing', 'own.things', 'own_entries')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = []

    def add(name: str, code: str) -> None:
        (tmp_path / f"{name}.py").write_text(f"from holder import things\n{code}\n")
        about = SimpleNamespace(name=name, version="2.0")
        found.append(EntryPoint(name, name, "own.things")._for(about))

    monkeypatch.setattr(registry, "entry_points", lambda group: found if group == "own.things" else [])
    yield add
    for name in ["holder", "own_entries", "own_entries.first", *(each.name for each in found)]:
        sys.modules.pop(name, None)


def things() -> Registry[int]:
    import holder

    return holder.things


def test_other_packages_are_imported_only_when_a_name_is_not_our_own(packages):
    packages("other", "things.add('b', 2, __name__)")
    assert things()["a"] == 1
    assert "other" not in sys.modules
    assert things()["b"] == 2
    assert (list(things()), len(things())) == (["a", "b"], 2)
    with pytest.raises(KeyError):
        things()["c"]


def test_our_own_names_win_even_when_another_module_comes_first(packages):
    with pytest.raises(ValueError, match="a thing, was: 'a', which own_entries"):
        things().add("a", 3, "early")
    assert things()["a"] == 1


def test_a_package_that_fails_is_left_out_whole_with_one_sentence(packages, caplog):
    packages("half", "things.add('x', 1, __name__); 'b' in things; things.add('a', 2, __name__)")
    packages("other", "things.add('b', 2, __name__)")
    packages("quits", "raise SystemExit(3)")
    with caplog.at_level(logging.WARNING):
        assert dict(things()) == {"a": 1, "b": 2}
        assert "x" not in things()
    reason = "ValueError: Expected a new name for a thing, was: 'a', which own_entries.first has"
    assert sorted(caplog.messages) == [
        f"The package half 2.0 adds no thing: half cannot be loaded ({reason}); fix or remove the package.",
        "The package quits 2.0 adds no thing: quits cannot be loaded "
        "(SystemExit: 3); fix or remove the package.",
    ]
