"""No import circles, no crowded folders, few classes of the same name."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).parents[2]
MOST_FILES = 14
MOST_NAMESAKES = 3


def modules() -> dict[str, Path]:
    """Every module of the bricks and of development/ by its dotted name."""
    homes = [ROOT / name for name in ("components", "bases", "development")]
    paths = [(path.relative_to(home), path) for home in homes for path in home.rglob("*.py")]
    return {".".join(short.with_suffix("").parts).removesuffix(".__init__"): path for short, path in paths}


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """The known modules that a module imports anywhere, late and for type checking included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in known else node.module for name in names if node.module in known)


def circles(known: dict[str, Path]) -> list[list[str]]:
    """Groups of modules that import each other."""
    graph = nx.DiGraph(
        (name, other) for name, path in known.items() for other in imports(path, known) if other != name
    )
    return [sorted(group) for group in nx.strongly_connected_components(graph) if len(group) > 1]


def test_no_modules_import_each_other():
    assert circles(modules()) == []


def test_the_check_sees_a_circle(tmp_path):
    (tmp_path / "a.py").write_text("def f():\n    import b")
    (tmp_path / "b.py").write_text("from a import f")
    (tmp_path / "c.py").write_text("import a, b")
    assert circles({path.stem: path for path in tmp_path.glob("*.py")}) == [["a", "b"]]


def test_no_folder_is_crowded():
    folders = Counter(path.parent for path in modules().values() if path.name != "__init__.py")
    assert {str(folder.relative_to(ROOT)): n for folder, n in folders.items() if n > MOST_FILES} == {}


def test_few_classes_share_a_name():
    classes = Counter(
        node.name
        for path in modules().values()
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    )
    namesakes = {name: n for name, n in classes.items() if n > 1}
    assert len(namesakes) <= MOST_NAMESAKES, namesakes
