"""No module imports itself through others, in the bricks, the bases and development alike."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def module_graph(home: Path) -> dict[str, set[str]]:
    """Module to the modules that it imports, wherever the import stands: at the top, late, or for types."""
    files = {}
    for base in ("components", "bases", "development"):
        for path in (home / base).rglob("*.py"):
            parts = path.relative_to(home / base).with_suffix("").parts
            files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {name: imports(path, set(files)) - {name} for name, path in files.items()}


def imports(path: Path, modules: set[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{each.name}" for each in node.names}
            found |= (names & modules) or {node.module}
    return found & modules


def test_there_is_no_import_circle():
    TopologicalSorter(module_graph(ROOT)).prepare()


def test_a_circle_is_seen(tmp_path: Path):
    for base in ("components", "bases", "development"):
        (tmp_path / base).mkdir()
    (tmp_path / "development" / "a.py").write_text("def f():\n    from b import g\n")
    (tmp_path / "development" / "b.py").write_text("import a\n")
    with pytest.raises(CycleError):
        TopologicalSorter(module_graph(tmp_path)).prepare()
