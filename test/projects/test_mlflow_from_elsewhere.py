"""A real MLflow server, started by the command of `docker-compose.yml`, asked as other machines ask it."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from filelock import FileLock

import label_studio_server
from wapaganda.selfish_cli.checks import Check, check_mlflow
from wapaganda.settings import Settings
from wapaganda.tracking import RunLog, start_mirror

SEARCH = "/api/2.0/mlflow/experiments/search"
HOST = "labels.example.org:5000"
PASSWORD = "at-least-twelve"
LOGIN = ("admin", PASSWORD)


@pytest.fixture(scope="module")
def log_in_packages() -> Path:
    """What MLflow's log-in needs and nothing else here does, in a folder of the user's cache."""
    home = label_studio_server.cache_root() / "flask-wtf-1.2.2"
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{home}.lock"):
        if not (home / "flask_wtf").is_dir():
            install = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--target", str(home)]
            subprocess.run([*install, "flask-wtf==1.2.2", "wtforms==3.2.1"], check=True)
    return home


@pytest.fixture
def start(compose, secrets, tmp_path: Path, log_in_packages: Path) -> Callable[..., object]:
    """Starts the service `mlflow` with variables of `.env`; gives its address, or its log if it ends."""

    @contextlib.contextmanager
    def started(**variables: str) -> Iterator[str]:
        service = json.loads(compose(secrets | variables).stdout)["services"]["mlflow"]
        home, port = tmp_path / "mlflow", label_studio_server.free_port()
        home.mkdir()
        shell, option, script = (part.replace("$$", "$") for part in service["command"])
        for place in (
            ("/mlflow/", f"{home}/"),
            ("--host=0.0.0.0", "--host=127.0.0.1"),
            ("=5000", f"={port}"),
        ):
            script = script.replace(*place)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = os.environ | service["environment"] | {"PATH": path, "PYTHONPATH": str(log_in_packages)}
        with (tmp_path / "log").open("w") as log:
            server = subprocess.Popen(
                [shell, option, script],
                cwd=home,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            url, end = f"http://127.0.0.1:{port}", time.monotonic() + 180
            while not healthy(url) and time.monotonic() < end and server.poll() is None:
                time.sleep(0.5)
            yield url if server.poll() is None else (tmp_path / "log").read_text()
        finally:
            server.terminate()
            server.wait(30)

    return started


def healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", headers={"Host": HOST}).status_code == 200
    except httpx.HTTPError:
        return False


def ask(url: str, host: str, login: tuple[str, str] | None = None, origin: str = "") -> int:
    """The status of a search as MLflow's own page makes it: a POST from where the page came from."""
    headers = {"Host": host} | ({"Origin": origin} if origin else {})
    answer = httpx.post(f"{url}{SEARCH}", headers=headers, json={"max_results": 1}, auth=login, timeout=30)
    return answer.status_code


def mlflow_finding() -> Check:
    """What `selfish doctor` finds out about MLflow."""
    return check_mlflow(Settings())


def copy_a_run(folder: Path, url: str) -> bool:
    """Whether the run log reaches the server, with the settings of the environment."""
    log = RunLog(folder)
    log.start("round 1", {}, {}).end("FINISHED")
    environment = Settings().for_libraries
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        return start_mirror(folder, url).wait(120).ok


@pytest.mark.slow
def test_another_host_name_is_served_with_the_variable_and_the_log_in(start, tmp_path, monkeypatch):
    with start(MLFLOW_ALLOWED_HOSTS=f"{HOST},127.0.0.1:*", MLFLOW_TRACKING_PASSWORD=PASSWORD) as url:
        assert ask(url, HOST) == 401
        assert ask(url, HOST, ("admin", "a-wrong-password")) == 401
        assert ask(url, HOST, LOGIN) == 200
        assert ask(url, HOST, LOGIN, origin=f"https://{HOST}") == 200
        assert ask(url, HOST, LOGIN, origin="https://elsewhere.example.org") == 403
        assert ask(url, "mlflow:5000", LOGIN) == 200
        assert ask(url, "elsewhere:5000", LOGIN) == 403
        # The backend brings its runs there with the log-in only, and the doctor knows why.
        assert not copy_a_run(tmp_path / "runs", url)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
        assert "asks for a log-in (401)" in mlflow_finding().message
        (tmp_path / "password").write_text(f"{PASSWORD}\n")
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD_FILE", str(tmp_path / "password"))
        assert copy_a_run(tmp_path / "runs", url)
        assert mlflow_finding().ok


@pytest.mark.slow
def test_without_the_variable_only_this_machine_and_the_backend_are_served(start):
    with start() as url:
        assert ask(url, "mlflow:5000") == ask(url, "localhost:5000") == 200
        assert ask(url, HOST) == 403


@pytest.mark.parametrize(
    ("variable", "value"), [("MLFLOW_ALLOWED_HOSTS", HOST), ("MLFLOW_BIND_ADDRESS", "0.0.0.0")]
)
def test_it_is_not_opened_without_a_password(start, variable, value):
    with start(**{variable: value}) as said:
        assert said.startswith("Expected MLFLOW_TRACKING_PASSWORD together with")
