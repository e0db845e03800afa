"""The commands of docs/backup.md, run as they stand there, on a project with all that a loop leaves."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from label_studio_server import LabelStudioServer, cache_root, running_label_studio
from wapaganda.jobs import JobQueue
from wapaganda.label_studio import LabelStudio
from wapaganda.ledger import Ledger
from wapaganda.tracking import EXPERIMENT, mirror

PAGE = Path(__file__).parents[4] / "docs/backup.md"
STUDIO = ".local/share/label-studio"

pytestmark = [pytest.mark.label_studio, pytest.mark.slow]


def blocks(heading: str) -> list[str]:
    """The commands below a heading of the page, one text for each block."""
    section = PAGE.read_text("utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(r"(?:^    .*\n)+", section, flags=re.MULTILINE)
    return [re.sub("^    ", "", block, flags=re.MULTILINE) for block in found]


@pytest.fixture
def home(tmp_path: Path, selfish, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder in which the backend has worked."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name, value in (
        ("XDG_CACHE_HOME", cache_root().parent),  # Label Studio itself is not installed again
        ("HOME", folder),
        ("MODEL_DIR", folder / "models"),
        ("DATA_DIR", folder / "data"),
        ("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlruns.db'}"),
    ):
        monkeypatch.setenv(name, str(value))
    return folder


def run(block: str, home: Path) -> None:
    subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=home, check=True)


def use(server: LabelStudioServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", server.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", server.token)


def annotate(server: LabelStudioServer, project: int) -> str:
    """Answer the next text; return its id."""
    with LabelStudio(server.url, server.token) as studio:
        document = studio.next_document(project)
        studio.annotate(project, int(document.id), document.text, [])
        return document.id


def annotations(server: LabelStudioServer, project: int) -> list[Any]:
    headers = {"Authorization": f"Token {server.token}"}
    url = f"{server.url}/api/projects/{project}/export"
    found = httpx.get(url, params={"exportType": "JSON"}, headers=headers, timeout=60)
    return [(task["id"], each["id"], each["result"]) for task in found.json() for each in task["annotations"]]


def runs(home: Path) -> list[str]:
    """The runs in MLflow, with a file of each."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{home / 'mlruns.db'}")
    experiment = client.get_experiment_by_name(EXPERIMENT)
    found = client.search_runs([experiment.experiment_id])
    return sorted(f"{each.info.run_name} {client.list_artifacts(each.info.run_id)}" for each in found)


def test_a_backup_brings_everything_back(home, selfish, files, monkeypatch):
    backend, studio = blocks("Back up without containers")
    restore_backend, restore_studio = blocks("Restore without containers")

    def state() -> list[Any]:
        project = ("--project", number, "--json")
        return [
            selfish("status", *project).json,
            selfish("models", "list", *project).json,
            selfish("jobs", "list", "--json").json,
            runs(home),
        ]

    with running_label_studio(home / STUDIO) as server:
        use(server, monkeypatch)
        texts = ("--import", files.data, "--import", files.pool)
        number = selfish("connect", "--title", "toys", *texts, "--json").json["project"]
        assert selfish("update", "--project", number, "--size", 3, "--json").code == 0
        annotate(server, number)
        first = selfish("update", "--project", number, "--size", 3, "--json").json
        JobQueue(home / "data/jobs.sqlite").submit(f"ls-{number}", "train", "50 new labels", 3600)
        assert mirror(home / f"data/ls-{number}/runs", f"sqlite:///{home / 'mlruns.db'}").ok
        then = state()
        run(backend, home)
        annotate(server, number)  # while the backend stands still
        labels = annotations(server, number)
        run(studio, home)
        late = annotate(server, number)  # after the backup
        assert selfish("update", "--project", number, "--size", 3, "--json").code == 0
        assert annotations(server, number) != labels
    assert len(then[0]["rounds"]) == 2
    assert len(then[3]) == 3  # two rounds, and the run that holds the curves of all

    run(restore_studio, home)
    with running_label_studio(home / STUDIO) as server:
        use(server, monkeypatch)
        assert annotations(server, number) == labels
        assert selfish("update", "--project", number, "--size", 3, "--json").code == 0
        ledger = Ledger(home / f"data/ls-{number}/ledger.sqlite")
        (lost,) = ledger.find([late])
        assert lost.is_labelled or ledger.history(late)  # the second when it was just fetched

    shutil.rmtree(home / "before-restore")
    for each in ("models", "data", "mlruns.db", "mlruns", STUDIO):
        path = home / each
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    run(restore_backend, home)
    run(restore_studio, home)

    with running_label_studio(home / STUDIO) as server:
        use(server, monkeypatch)
        assert annotations(server, number) == labels
        assert state() == then
        again = selfish("update", "--project", number, "--size", 3, "--json").json
        assert again["n_labelled"] == first["n_labelled"] + 1
        assert late not in {str(task) for task, _, _ in annotations(server, number)}
