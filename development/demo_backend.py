"""The demo's ML backend, a separate process, and the selfish command, as a user runs them."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from demo_show import Update, waiting
from label_studio_server import LabelStudioServer, free_port
from wapaganda.ledger import Ledger

START_SECONDS = 120.0
ROUND_SECONDS = 3600.0
ENDED_BADLY = ("failed", "cancelled")


class BackendError(RuntimeError):
    """The backend or a command failed; the message says where to look."""


@dataclass(frozen=True)
class Backend:
    """The running backend: where it is, how to log in, and where it writes."""

    url: str
    auth: tuple[str, str]
    log_path: Path
    token: str
    data_dir: Path
    pid: int

    def press_start_training(self, studio_url: str, project: int) -> None:
        """What the button in Label Studio does."""
        headers = {"Authorization": f"Token {self.token}"}
        with httpx.Client(base_url=studio_url, headers=headers, timeout=120) as studio:
            backends = studio.get("/api/ml", params={"project": project}).raise_for_status().json()
            studio.post(f"/api/ml/{backends[0]['id']}/train", json={}).raise_for_status()

    def status(self) -> dict[str, Any]:
        """What /status says."""
        found = httpx.get(f"{self.url}/status", auth=self.auth, timeout=60).raise_for_status().json()
        return dict(found)

    def train(self, studio_url: str, project: int) -> dict[str, Any]:
        """Press Start Training in Label Studio and wait for the round; what its report says.

        Raises:
            BackendError: the training failed.
        """
        known = len(self.reports(project))
        self.press_start_training(studio_url, project)
        with waiting("Training in the backend") as update:
            deadline = time.monotonic() + ROUND_SECONDS
            while len(self.reports(project)) == known or self._is_busy():
                if time.monotonic() > deadline:
                    raise BackendError(f"No round was finished in an hour; see {self.log_path}")
                self._look(update)
                time.sleep(1)
        return self.reports(project)[-1]

    def offered(self, project: int, number: int) -> list[str]:
        """The ids of the texts that were released in a round, in their order."""
        ledger = Ledger(self.data_dir / f"ls-{project}" / "ledger.sqlite")
        return [offer.document_id for offer in ledger.offers(number)]

    def _is_busy(self) -> bool:
        """Whether a job goes on; after its report it still copies its run to MLflow."""
        return any(each["state"] in ("queued", "running") for each in self.status()["jobs"])

    def _look(self, update: Update) -> None:
        jobs = self.status()["jobs"]
        if not jobs:
            return
        newest = jobs[0]
        if newest["state"] in ENDED_BADLY:
            raise BackendError(f"The training {newest['state']}: {newest['error']} (log: {self.log_path})")
        update(int(100 * (newest["fraction"] or 0)), 100, newest["progress"])

    def reports(self, project: int) -> list[dict[str, Any]]:
        """The reports of the finished rounds, oldest first."""
        path = self.data_dir / f"ls-{project}" / "ledger.sqlite"
        if not path.exists():
            return []
        return [dict(each.payload["report"]) for each in Ledger(path).rounds() if each.step == "done"]


def backend_environment(server: LabelStudioServer, folder: Path) -> dict[str, str]:
    """The environment of a backend of ``server`` that keeps everything in ``folder``."""
    return {
        **os.environ,
        "LABEL_STUDIO_URL": server.url,
        "LABEL_STUDIO_API_KEY": server.token,
        "MODEL_DIR": str(folder / "models"),
        "DATA_DIR": str(folder / "data"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlruns.db'}",
        "BASIC_AUTH_USER": "label",
        "BASIC_AUTH_PASS": "studio",
    }


@contextlib.contextmanager
def running_backend(folder: Path, environment: dict[str, str], port: int | None = None) -> Iterator[Backend]:
    """The ML backend on a free local port, or on ``port``, stopped on leaving.

    Raises:
        BackendError: it did not come up.
    """
    port = port or free_port()
    log_path = folder / "ml-backend.log"
    command = [str(_program("ml-backend")), "--host", "127.0.0.1", "--port", str(port)]
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_up(url, process, log_path)
        auth = (environment["BASIC_AUTH_USER"], environment["BASIC_AUTH_PASS"])
        token = environment["LABEL_STUDIO_API_KEY"]
        yield Backend(url, auth, log_path, token, Path(environment["DATA_DIR"]), process.pid)
    finally:
        _stop(process)


def selfish(arguments: Sequence[str], folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Run the selfish command in ``folder`` and return the JSON object that it prints.

    Raises:
        BackendError: it failed.
    """
    done = subprocess.run(
        [str(_program("selfish")), *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise BackendError(f"selfish {arguments[0]} ended with {done.returncode}: {done.stderr.strip()}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _program(name: str) -> Path:
    """The command in the environment of the Python that runs the demo."""
    return Path(sys.executable).parent / name


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log_path: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/health", timeout=5).is_success:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log_path.read_text(errors="replace").splitlines()[-20:])
            raise BackendError(f"The ML backend did not come up; the end of {log_path}:\n{tail}")
        time.sleep(0.3)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
            return
