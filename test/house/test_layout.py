"""The house stands as it was drawn: folders, namespace, bricks, projects."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {"bases", "bench", "components", "deploy", "development", "docs", "projects", "test"}
FILES = {
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "docker-compose.yml",
    "mkdocs.yml", "poetry.lock", "poetry.toml", "pyproject.toml", "workspace.toml",
}  # fmt: skip


def tracked_files() -> list[str]:
    """Every path that git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for path in listing.split("\0") if path and (ROOT / path).exists()]


def poly(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("poly")), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_top_level_holds_these_folders_and_no_others():
    folders = {path.split("/")[0] for path in tracked_files() if "/" in path and not path.startswith(".")}
    assert folders == FOLDERS


def test_the_top_level_holds_these_files_and_no_others():
    files = {path for path in tracked_files() if "/" not in path and not path.startswith(".")}
    assert files == FILES


@pytest.mark.parametrize("home", ["components", "bases"])
def test_the_namespace_has_no_init_of_its_own(home: str):
    assert not (ROOT / home / "wapaganda" / "__init__.py").exists()
    assert [entry.name for entry in (ROOT / home).iterdir() if entry.name != "wapaganda"] == []


@pytest.mark.parametrize("home", ["components", "bases"])
def test_every_brick_is_a_package_with_tests(home: str):
    bricks = [path for path in (ROOT / home / "wapaganda").iterdir() if path.name != "__pycache__"]
    assert bricks
    for brick in bricks:
        assert (brick / "__init__.py").is_file(), f"{brick.name} has no __init__.py"
        assert (brick / "py.typed").is_file(), f"{brick.name} has no py.typed"
        assert list((ROOT / "test" / home / "wapaganda" / brick.name).glob("test_*.py")), (
            f"{brick.name} has no tests"
        )


def test_no_base_shares_a_name_with_a_component():
    components = {
        path.name for path in (ROOT / "components/wapaganda").iterdir() if (path / "__init__.py").exists()
    }
    bases = {path.name for path in (ROOT / "bases/wapaganda").iterdir() if (path / "__init__.py").exists()}
    assert not components & bases


def test_every_brick_lives_in_a_project():
    bricks = {path.parent.name for path in ROOT.glob("*/wapaganda/*/__init__.py")}
    listed = {
        line.split('"')[1].rsplit("/", 1)[-1]
        for project in ROOT.glob("projects/*/pyproject.toml")
        for line in project.read_text().splitlines()
        if line.startswith('"../../')
    }
    assert listed == bricks


def test_the_core_lists_every_component_and_each_other_project_one_base():
    for path in ROOT.glob("projects/*/pyproject.toml"):
        bricks = tomllib.loads(path.read_text())["tool"]["polylith"]["bricks"]
        bases = [brick for brick in bricks if brick.startswith("../../bases/")]
        assert len(bases) == (path.parent.name != "core"), path
        if path.parent.name == "core":
            components = {each.parent.name for each in ROOT.glob("components/wapaganda/*/__init__.py")}
            assert {brick.rsplit("/", 1)[1] for brick in bricks} == components


@pytest.mark.real
@pytest.mark.parametrize("command", ["check", "libs"])
def test_polylith_finds_nothing_to_mend(command: str):
    outcome = poly(command)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.real
def test_polylith_has_nothing_to_add_to_a_project():
    files = [ROOT / "pyproject.toml", *ROOT.glob("projects/*/pyproject.toml")]
    before = {path: path.read_text() for path in files}
    try:
        assert poly("sync", "--quiet").returncode == 0
        assert {path: path.read_text() for path in before} == before
    finally:
        for path, text in before.items():
            path.write_text(text)
