"""Bricks carry no dependencies: the root and each project list them, alike, and only what is needed."""

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
COMPANIONS = {
    "h11": "uvicorn",
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
    """Those of the extras, too."""
    project = pyproject(folder)["project"]
    extras = project.get("optional-dependencies", {})
    return as_ranges([*project["dependencies"], *chain(*extras.values())])


@cache
def owners() -> dict[str, set[str]]:
    """Import name → distributions that own it, as installed here."""
    return {module: {canonical(each) for each in names} for module, names in packages_distributions().items()}


def owners_of(module: str) -> set[str]:
    return {COMPANIONS[module]} if module in COMPANIONS else owners().get(module, {module})


def third_party_imports(name: str) -> dict[str, str]:
    """Import name → one file that imports it, over the bricks of a project."""
    found: dict[str, str] = {}
    for brick in pyproject(ROOT / "projects" / name)["tool"]["polylith"]["bricks"]:
        for path in (ROOT / "projects" / name / brick).resolve().rglob("*.py"):
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
def test_a_project_lists_what_its_bricks_import(name: str):
    listed = set(project_ranges(name))
    missing = {m: file for m, file in third_party_imports(name).items() if not owners_of(m) & listed}
    assert missing == {}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_lists_nothing_that_its_bricks_leave_alone(name: str):
    used = set().union(*(owners_of(module) for module in third_party_imports(name)))
    assert set(project_ranges(name)) - used == set()


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
