"""Starts a real Label Studio, headless and on free local ports, for tests, demo and benches.

Label Studio pins twenty of its requirements exactly, so it has a separate virtual environment in the user's
cache. One migrated SQLite database is kept there, too, and copied for every new server: a first start
takes a minute and a half, one from a copy a few seconds.

    python development/label_studio_server.py --prepare          makes both caches
    python development/label_studio_server.py --data-dir DIR     runs a server until it is interrupted
    (--port 8080: there, else on a free port)
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from filelock import FileLock

VERSION = "1.23.2"
USERNAME = "admin@example.com"
PASSWORD = "label-studio-demo"
TOKEN = "5e1f15b0a7c0ffee5e1f15b0a7c0ffee5e1f15b0"
DATABASE = "label_studio.sqlite3"
START_TIMEOUT = 300.0

SETTINGS = {
    "LABEL_STUDIO_USERNAME": USERNAME,
    "LABEL_STUDIO_PASSWORD": PASSWORD,
    "LABEL_STUDIO_USER_TOKEN": TOKEN,
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
    "COLLECT_ANALYTICS": "false",
    "LATEST_VERSION_CHECK": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "USE_DEFAULT_BANNED_SUBNETS": "false",
    "DJANGO_DB": "sqlite",
    # Imports predictions 15 times faster into a big project; docker-compose.yml sets it, too.
    "fflag_fix_back_4620_memory_efficient_predictions_import_08012025_short": "true",
}
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ", "SYSTEMROOT")


class LabelStudioStartError(RuntimeError):
    """Label Studio could not be installed or did not come up; the message holds the end of its log."""


@dataclass(frozen=True)
class LabelStudioServer:
    """A running server: where it is and how to log in; ``token`` is the admin's legacy token."""

    url: str
    username: str
    password: str
    token: str
    pid: int
    log_path: Path

    def join(self, email: str, password: str = "second-password-1") -> str:
        """The legacy token of a new user, who joins by the invitation of the admin."""
        admin = {"Authorization": f"Token {self.token}"}
        invitation = httpx.get(f"{self.url}/api/invite", headers=admin, timeout=60).json()["invite_url"]
        with httpx.Client(base_url=self.url, timeout=60, follow_redirects=True) as browser:
            browser.get(invitation)
            form = {"email": email, "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
            here = {"Referer": f"{self.url}{invitation}"}
            browser.post(invitation, data=form, headers=here).raise_for_status()
            return str(browser.get("/api/current-user/token").json()["token"])


def cache_root() -> Path:
    """The directory that holds the virtual environment and the migrated database of the pinned version."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "wapaganda"


def prepare() -> tuple[Path, Path]:
    """Makes the caches where they are missing; returns the ``label-studio`` program and the migrated file."""
    return _program(), _migrated_database()


@contextlib.contextmanager
def running_label_studio(
    data_dir: Path,
    *,
    timeout: float = START_TIMEOUT,
    extra_env: dict[str, str] | None = None,
    port: int | None = None,
) -> Iterator[LabelStudioServer]:
    """A Label Studio over ``data_dir`` (made and filled when empty, kept afterwards), stopped on leaving.

    It listens on ``port``, or on a free one.

    Raises:
        LabelStudioStartError: it could not be installed or did not answer within ``timeout`` seconds.
    """
    program, database = prepare()
    data_dir.mkdir(parents=True, exist_ok=True)
    if not (data_dir / DATABASE).exists():
        shutil.copyfile(database, data_dir / DATABASE)
    with _serve(program, data_dir, timeout, extra_env or {}, port) as server:
        yield server


def _program() -> Path:
    home = cache_root() / f"label-studio-{VERSION}"
    program, stamp = home / "bin" / "label-studio", home / "installed"
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{home}.lock"):
        if not (stamp.exists() and program.exists()):
            print(
                f"Installing Label Studio {VERSION} into its own environment (some minutes, once) …",
                flush=True,
            )
            stamp.unlink(missing_ok=True)
            _install(home)
            stamp.write_text(VERSION + "\n")
    return program


def _install(home: Path) -> None:
    """Installs, or completes a half-done installation."""
    python = home / "bin" / "python"
    if (
        not python.exists()
        or subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode
    ):
        venv.EnvBuilder(with_pip=True, clear=True).create(home)
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "-qq",
        "--disable-pip-version-check",
        f"label-studio=={VERSION}",
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise LabelStudioStartError(f"Label Studio {VERSION} could not be installed:\n{done.stdout[-3000:]}")


def _migrated_database() -> Path:
    account = hashlib.sha256("\n".join((USERNAME, PASSWORD, TOKEN)).encode()).hexdigest()[:8]
    target = cache_root() / f"label-studio-{VERSION}-{account}.sqlite3"
    program = _program()
    with FileLock(f"{target}.lock"):
        if not target.exists():
            print("Preparing Label Studio's database (a minute or two, once) …", flush=True)
            with tempfile.TemporaryDirectory(dir=target.parent, prefix="migrating-") as scratch:
                with _serve(program, Path(scratch), 2 * START_TIMEOUT, {}):
                    pass
                Path(scratch, DATABASE).replace(target)
    return target


@contextlib.contextmanager
def _serve(
    program: Path, data_dir: Path, timeout: float, extra_env: dict[str, str], port: int | None = None
) -> Iterator[LabelStudioServer]:
    log_path = data_dir / "label-studio.log"
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(program), "start", "--no-browser", "--internal-host", "127.0.0.1", "-p", str(port)]
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [*command, "--log-level", "WARNING"],
            env=_environment(data_dir, url) | extra_env,
            cwd=data_dir,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_up(url, process, log_path, timeout)
        yield LabelStudioServer(url, USERNAME, PASSWORD, TOKEN, process.pid, log_path)
    finally:
        _stop(process)


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(data_dir: Path, url: str) -> dict[str, str]:
    """A clean one: Label Studio reads HOST, DEBUG, PORT and the like without any prefix, and proxies, too."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    own = {"HOME": str(data_dir), "LABEL_STUDIO_BASE_DATA_DIR": str(data_dir), "LABEL_STUDIO_HOST": url}
    return passed | own | SETTINGS


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log_path: Path, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not _is_up(url):
        if process.poll() is not None:
            raise LabelStudioStartError(f"Label Studio ended with {process.returncode}.\n{_tail(log_path)}")
        if time.monotonic() > deadline:
            raise LabelStudioStartError(f"Label Studio gave no answer in {timeout:.0f} s.\n{_tail(log_path)}")
        time.sleep(0.2)


def _is_up(url: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{url}/health", timeout=5) as answer:
            return bool(json.load(answer).get("status") == "UP")
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _tail(log_path: Path, lines: int = 30) -> str:
    text = log_path.read_text(errors="replace") if log_path.exists() else ""
    return f"The end of {log_path}:\n" + "\n".join(text.splitlines()[-lines:])


def _stop(process: subprocess.Popen[bytes], patience: float = 10.0) -> None:
    """Ends the server's own process group and waits for it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what is left, child processes too
    process.wait()


def main() -> int:
    """The command: prepares the caches, or runs a server until it is interrupted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--prepare", action="store_true", help="only make the caches")
    what.add_argument("--data-dir", type=Path, help="run a server with its data in this directory")
    parser.add_argument("--port", type=int, help="where it listens; else on a free port")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if arguments.prepare:
            prepare()
            return 0
        with running_label_studio(arguments.data_dir, port=arguments.port) as server:
            for name, value in (
                ("Label Studio", server.url),
                ("User", server.username),
                ("Password", server.password),
                ("Access token", server.token),
            ):
                print(f"{name:<14}{value}", flush=True)
            print("Press Ctrl-C to stop.", flush=True)
            while True:
                signal.pause()
    except KeyboardInterrupt:
        return 0
    except LabelStudioStartError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
