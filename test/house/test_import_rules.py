"""Bricks meet at their front doors, look only down, and leave the environment to `settings`."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMESPACE = "wapaganda"
# `selfish doctor` looks for variables of other programs that make torch slow; it takes no setting from them.
LOOKS_AT_OTHERS = {"selfish_cli/checks.py"}
LOGGING_SETUP = {"basicConfig", "dictConfig", "fileConfig", "addHandler", "setLevel"}


def layers() -> list[set[str]]:
    """The layers of pyproject's import-linter contract, top first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    return [{brick.strip() for brick in layer.split("|")} for layer in settings["contracts"][0]["layers"]]


def allowed(brick: str) -> set[str]:
    """The bricks that `brick` may import: itself and everything in the layers below its own."""
    order = layers()
    height = next(i for i, layer in enumerate(order) if brick in layer)
    return {brick}.union(*order[height + 1 :])


def brick_of(path: Path) -> str:
    parts = path.parts
    return parts[parts.index(NAMESPACE) + 1]


def imported_names(tree: ast.AST, path: Path) -> Iterator[tuple[int, str]]:
    """Each imported dotted name with its line: `from a.b import c` as `a.b.c`, relative ones absolute."""
    start = path.parts.index(NAMESPACE)
    package = list(path.parts[start:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in {
            "import_module",
            "__import__",
        }:
            yield from (
                (node.lineno, argument.value)
                for argument in node.args
                if isinstance(argument, ast.Constant) and str(argument.value).startswith(NAMESPACE)
            )


def is_inner_module(home: Path, brick: str, name: str) -> bool:
    """Whether `name` is a module of the brick that its `__init__` does not offer by that name."""
    for folder in (home / "components" / NAMESPACE / brick, home / "bases" / NAMESPACE / brick):
        if (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists():
            return name not in offered(ast.parse((folder / "__init__.py").read_text()))
    return False


def offered(front_door: ast.Module) -> set[str]:
    """The names that an `__init__` defines, imports from its modules or lists as strings (`__all__`)."""
    names = set()
    for node in ast.walk(front_door):
        match node:
            case ast.ImportFrom(module=str(), names=aliases):
                names |= {alias.asname or alias.name for alias in aliases}
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Constant(value=str(name)):
                names.add(name)
    return names


def import_breaches(home: Path, path: Path) -> list[str]:
    """What the module at `path` imports against the rules, one sentence each."""
    me, found = brick_of(path.relative_to(home)), []
    for line, name in imported_names(ast.parse(path.read_text()), path.relative_to(home)):
        parts = name.split(".")
        if parts[0] != NAMESPACE or len(parts) < 2 or parts[1] == me:
            continue
        where = f"{path.relative_to(home)}:{line}"
        if parts[1] not in allowed(me):
            found.append(f"{where}: {me} must not import {parts[1]}")
        if len(parts) > 3 or (len(parts) == 3 and is_inner_module(home, *parts[1:])):
            found.append(f"{where}: {name} is an inner module of {parts[1]}")
    return found


def is_environ(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "environ") or (
        isinstance(node, ast.Name) and node.id == "environ"
    )


def reads_environment(node: ast.AST) -> bool:
    match node:
        case ast.Subscript(value=value, ctx=ast.Load()):
            return is_environ(value)
        case ast.Compare(comparators=sides):
            return any(is_environ(side) for side in sides)
        case ast.Call(func=ast.Name(id="getenv") | ast.Attribute(attr="getenv")):
            return True
        case ast.Call(func=ast.Attribute(value=value, attr="get" | "items" | "values")):
            return is_environ(value)
    return False


def environment_reads(tree: ast.AST) -> list[int]:
    """Lines that read a setting from the environment; handing it whole to a child process is none."""
    return [node.lineno for node in ast.walk(tree) if reads_environment(node)]


def logging_setups(tree: ast.AST) -> list[int]:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [call.lineno for call in calls if getattr(call.func, "attr", "") in LOGGING_SETUP]


MODULES = sorted(ROOT.glob("components/wapaganda/**/*.py")) + sorted(ROOT.glob("bases/wapaganda/**/*.py"))
COMPONENTS = [path for path in MODULES if path.is_relative_to(ROOT / "components")]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_front_doors_below_it(path: Path):
    assert import_breaches(ROOT, path) == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_settings_reads_the_environment(path: Path):
    if brick_of(path) != "settings" and f"{path.parent.name}/{path.name}" not in LOOKS_AT_OTHERS:
        assert environment_reads(ast.parse(path.read_text())) == []


@pytest.mark.parametrize("path", COMPONENTS, ids=name_of)
def test_no_component_sets_up_logging(path: Path):
    if path.name != "__main__.py":  # a process of its own
        assert logging_setups(ast.parse(path.read_text())) == []


def test_settings_imports_only_the_errors_and_the_registries():
    for path in ROOT.glob("components/wapaganda/settings/*.py"):
        names = [name for _, name in imported_names(ast.parse(path.read_text()), path.relative_to(ROOT))]
        allowed = {"settings", "errors", "uncertainty", "sampler"}
        others = [name for name in names if name.startswith(NAMESPACE) and name.split(".")[1] not in allowed]
        assert others == []


@pytest.mark.real
def test_the_layers_contract_holds():
    linter = Path(sys.executable).with_name("lint-imports")
    outcome = subprocess.run(
        [str(linter), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize(
    ("brick", "source", "breach"),
    [
        ("ner", "from wapaganda.tagger import Tagger", "must not import tagger"),
        ("sampler", "from wapaganda.metrics import evaluate", "must not import metrics"),
        ("trainer", "def f():\n    import wapaganda.pipeline", "must not import pipeline"),
        ("trainer", "from wapaganda.settings import Settings", "must not import settings"),
        ("trainer", "from wapaganda.ner.document import Span", "inner module"),
        ("trainer", "from wapaganda.ner import document", "inner module"),
        ("trainer", "from ..ner.document import Span", "inner module"),
        ("trainer", "import importlib\nimportlib.import_module('wapaganda.ner.document')", "inner module"),
    ],
)
def test_the_import_check_sees_a_breach(tmp_path: Path, brick: str, source: str, breach: str):
    for name in ("ner/document.py", "ner/__init__.py", f"{brick}/work.py"):
        file = tmp_path / "components" / NAMESPACE / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    file.write_text(source)
    assert any(breach in found for found in import_breaches(tmp_path, file))


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("import os\nos.environ['A']", 1),
        ("import os\nos.environ.get('A')", 1),
        ("import os\n'A' in os.environ", 1),
        ("from os import getenv\ngetenv('A')", 1),
        ("import os\nos.environ['A'] = '1'", 0),
        ("import os\nchild = {**os.environ, 'A': '1'}", 0),
    ],
)
def test_the_environment_check_sees_a_read(source: str, reads: int):
    assert len(environment_reads(ast.parse(source))) == reads
