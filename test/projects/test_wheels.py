"""Both projects build, install into a clean environment and work there, away from the sources.

The environments are real ones and pip installs the built wheel with everything that the wheel asks for, so
a missing brick, a missing requirement or a wrong script shows. Torch alone is not fetched anew: it is taken
over from the environment of the tests by hard links, for what pip would fetch may be gigabytes of CUDA.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SITE = Path(sysconfig.get_path("purelib"))
PIP = [sys.executable, "-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check"]
COMMANDS = {
    "selfish": [["selfish", "--help"], ["selfish", "train", "--help"]],
    "ml_backend": [["ml-backend", "--help"]],
}
IMPORT_ALL = """
import importlib, json, pkgutil, wapaganda
names = [module.name for module in pkgutil.walk_packages(wapaganda.__path__, "wapaganda.")]
names = [name for name in names if not name.endswith("__main__")]
files = [importlib.import_module(name).__file__ for name in names]
print(json.dumps({"names": names, "files": files, "path": list(wapaganda.__path__)}))
"""

pytestmark = pytest.mark.slow


def closure(name: str) -> dict[str, Distribution]:
    """The installed distribution and all that it needs, by name."""
    found: dict[str, Distribution] = {}
    waiting = [name]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found[each] = distribution(each)
            needs = [Requirement(text) for text in found[each].requires or ()]
            waiting += [need.name for need in needs if not need.marker or need.marker.evaluate({"extra": ""})]
    return found


def link(source: str, target: str) -> None:
    """A hard link, so that an uninstall there takes nothing away here; a copy where links cannot be."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def take_over(name: str, site: Path) -> None:
    """Puts an installed distribution and all that it needs into another environment."""
    for each in closure(name).values():
        for file in each.files or ():
            source, target = Path(str(each.locate_file(file))), site / file
            if source.is_file() and source.is_relative_to(SITE) and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                link(str(source), str(target))


def clean_environment() -> dict[str, str]:
    """The environment without what could lead an import back to the sources."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))
    }


def run(command: list[str], cwd: Path) -> str:
    outcome = subprocess.run(
        command, cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, f"{command}: {outcome.stdout[-2000:]}{outcome.stderr[-4000:]}"
    return outcome.stdout


def build(project: str, folder: Path) -> Path:
    """The wheel of a project, built with the environment's own build back end (no index is asked)."""
    source = ROOT / "projects" / project
    run([*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)], ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module", params=sorted(COMMANDS))
def project(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def wheel(project: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(project, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a fresh environment that pip has installed the wheel into; removed at the end (1 GB)."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    take_over("torch", site)
    run([*PIP, "--python", str(folder / "bin/python"), "install", "--no-compile", str(wheel)], folder)
    yield folder
    shutil.rmtree(folder)


def bricks(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = [name.split("/") for name in archive.namelist()]
    return {parts[1] for parts in names if parts[0] == "wapaganda"}


def test_a_wheel_holds_its_bricks_and_nothing_beside_them(project: str, wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names} == {
        "wapaganda",
        wheel.name.rsplit("-py3", 1)[0] + ".dist-info",
    }
    assert "wapaganda/__init__.py" not in names
    other = {"selfish": "ml_backend", "ml_backend": "selfish_cli"}[project]
    assert other not in bricks(wheel)


def test_a_wheel_holds_the_data_files_of_its_bricks(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    homes = [ROOT / home for home in ("components", "bases")]
    files = [(home, path) for home in homes for path in home.glob("wapaganda/*/**/*.*") if path.is_file()]
    known = {path.relative_to(home) for home, path in files if path.suffix in (".j2", ".css")}
    wanted = {path.as_posix() for path in known if path.parts[1] in bricks(wheel)}
    assert wanted <= names
    assert bool(wanted) == ("simulation_report" in bricks(wheel))


def test_every_brick_of_a_wheel_tells_type_checkers_that_it_is_typed(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {brick for brick in bricks(wheel) if f"wapaganda/{brick}/py.typed" not in names} == set()


def test_every_command_of_the_project_runs(project: str, installed: Path, tmp_path: Path):
    for command in COMMANDS[project]:
        assert "Usage" in run([str(installed / "bin" / command[0]), *command[1:]], tmp_path).replace(
            "usage", "Usage"
        )


def test_every_module_of_the_wheel_is_imported_there(wheel: Path, installed: Path, tmp_path: Path):
    answer = json.loads(
        run([str(installed / "bin/python"), "-I", "-c", IMPORT_ALL], tmp_path).splitlines()[-1]
    )
    assert {name.split(".")[1] for name in answer["names"]} == bricks(wheel)
    assert all(Path(place).is_relative_to(installed) for place in answer["path"] + answer["files"])


def test_pip_finds_no_requirement_broken(installed: Path, tmp_path: Path):
    run([*PIP, "--python", str(installed / "bin/python"), "check"], tmp_path)
