"""Bricks carry no dependencies: the root lists all, and each project those of what its wheel holds."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECTS = sorted(path.name for path in (ROOT / "projects").iterdir() if (path / "pyproject.toml").exists())
# Import names that come with a listed distribution, whose ranges alone decide which release fits.
CORE = "wapaganda-core"
EXTRAS = {"ray": "ray_engine", "onnx": "tagger"}
"""The extras of the core, each for one brick."""
COMPANIONS = {
    "h11": "uvicorn",
    "pandas": "mlflow",
    "starlette": "fastapi",
    "pydantic_core": "pydantic",
    "huggingface_hub": "transformers",
    "pyarrow": "datasets",
    "ray": "ray[data]",
}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def as_ranges(requirements: list[str]) -> dict[str, str]:
    """`["numpy>=1.26,<3"]` as `{"numpy": ">=1.26,<3"}`; extras belong to the name."""
    matches = [re.fullmatch(r"([A-Za-z0-9._-]+(?:\[[^]]*\])?)\s*(.*)", each) for each in requirements]
    return {canonical(match[1]): match[2].replace(" ", "") for match in matches if match}


def pyproject(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text())


def root_ranges() -> dict[str, str]:
    return ranges_of(ROOT)


def project_ranges(name: str) -> dict[str, str]:
    return ranges_of(ROOT / "projects" / name)


def ranges_of(folder: Path) -> dict[str, str]:
    """Those of the extras, too; without the core."""
    project = pyproject(folder)["project"]
    extras = project.get("optional-dependencies", {})
    listed = [*project["dependencies"], *chain(*extras.values())]
    return as_ranges([each for each in listed if not each.startswith(CORE)])


def held(name: str) -> list[Path]:
    """The bricks in the wheel of a project: the components in that of the core, else the base."""
    bricks = pyproject(ROOT / "projects" / name)["tool"]["polylith"]["bricks"]
    paths = [(ROOT / "projects" / name / brick).resolve() for brick in bricks]
    home = "components" if name == "core" else "bases"
    return [path for path in paths if path.is_relative_to(ROOT / home)]


@cache
def owners() -> dict[str, set[str]]:
    """Import name → distributions that own it, as installed here."""
    return {module: {canonical(each) for each in names} for module, names in packages_distributions().items()}


def owners_of(module: str) -> set[str]:
    return {COMPANIONS[module]} if module in COMPANIONS else owners().get(module, {canonical(module)})


def third_party_imports(name: str) -> dict[str, str]:
    """Import name → one file that imports it, over the bricks in the wheel of a project."""
    return imports_of(held(name))


def imports_of(bricks: list[Path]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in chain(*(brick.rglob("*.py") for brick in bricks)):
        for module in modules_imported(ast.parse(path.read_text())):
            if module not in sys.stdlib_module_names and module != "wapaganda":
                found[module] = str(path.relative_to(ROOT))
    return found


def modules_imported(tree: ast.AST) -> set[str]:
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.split(".")[0] for name in names | {node.module or "" for node in froms}}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_asks_for_the_ranges_of_the_root(name: str):
    root = root_ranges()
    assert project_ranges(name) == {each: root.get(each) for each in project_ranges(name)}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_lists_what_its_wheel_imports(name: str):
    listed = set(project_ranges(name))
    missing = {m: file for m, file in third_party_imports(name).items() if not owners_of(m) & listed}
    assert missing == {}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_lists_nothing_that_its_wheel_leaves_alone(name: str):
    used = set().union(*(owners_of(module) for module in third_party_imports(name)))
    assert set(project_ranges(name)) - used == set()


def test_an_extra_of_the_core_lists_what_only_its_brick_imports():
    project = pyproject(ROOT / "projects/core")["project"]
    assert set(project["optional-dependencies"]) == set(EXTRAS)
    for extra, brick in EXTRAS.items():
        listed = set(as_ranges(project["optional-dependencies"][extra]))
        others = imports_of([path for path in held("core") if path.name != brick])
        assert listed.isdisjoint(set().union(*(owners_of(module) for module in others)))
        assert listed.isdisjoint(as_ranges(project["dependencies"]))


@pytest.mark.parametrize("name", [name for name in PROJECTS if name != "core"])
def test_a_command_needs_the_core_of_its_own_version_or_a_later_one_of_the_series(name: str):
    project = pyproject(ROOT / "projects" / name)["project"]
    major, minor, _ = project["version"].split(".")
    needed = [each for each in project["dependencies"] if each.startswith(CORE)]
    assert [each.partition(">=")[2] for each in needed] == [f"{project['version']},<{major}.{int(minor) + 1}"]


def test_the_root_lists_what_the_projects_need_and_no_more():
    assert set(root_ranges()) == set().union(*(project_ranges(name) for name in PROJECTS))


def test_root_and_projects_agree_on_version_and_python():
    heads = [pyproject(ROOT)["project"]] + [
        pyproject(ROOT / "projects" / name)["project"] for name in PROJECTS
    ]
    for key in ("version", "requires-python", "license"):
        assert len({head[key] for head in heads}) == 1, key


def test_torch_is_an_extra_of_the_root():
    project = pyproject(ROOT)["project"]
    assert "torch" in as_ranges(project["optional-dependencies"]["torch"])
    assert "torch" not in as_ranges(project["dependencies"])


@pytest.mark.real
def test_the_lock_belongs_to_pyproject():
    command = [sys.executable, "-m", "poetry", "check", "--lock"]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_the_lock_holds_no_address():
    lines = (ROOT / "poetry.lock").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("description = "))
    assert re.findall(r"\w+://\S+", text) == []
    assert "[package.source]" not in text
