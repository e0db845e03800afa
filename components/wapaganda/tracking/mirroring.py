"""Mirroring for the loop: a process that is started and, if wanted, waited for."""

import json
import subprocess
import sys
from pathlib import Path

from wapaganda.tracking.report import EXPERIMENT, MirrorReport


class MirrorHandle:
    """A running mirror process."""

    def __init__(self, process: "subprocess.Popen[bytes] | None", failure: str = "") -> None:
        self._process = process
        self._report = None if process else MirrorReport(False, failure)

    def wait(self, seconds: float) -> MirrorReport:
        """The report, or after ``seconds`` one that says that the mirror still works. Never raises."""
        if self._report is None and self._process is not None:
            try:
                out, _ = self._process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                return MirrorReport(
                    False,
                    f"MLflow is slow: the mirror still works after {seconds:g} s, in the background",
                    is_running=True,
                )
            self._report = _report(out, self._process.returncode)
        return self._report or MirrorReport(False, "The mirror of MLflow has no process")


def mirror(log_dir: Path, tracking_uri: str, experiment: str = EXPERIMENT) -> MirrorReport:
    """Copy everything from the run log that MLflow lacks into the experiment, in this process.

    It may be called any number of times: after a failed call the next one continues. An error of MLflow is
    reported, not raised.
    """
    from wapaganda.tracking.replay import replay

    return replay(Path(log_dir), tracking_uri, experiment)


def start_mirror(
    log_dir: Path, tracking_uri: str, timeout: float = 600.0, experiment: str = EXPERIMENT
) -> MirrorHandle:
    """Start `mirror` as a separate process; return immediately, never raise.

    The process stops ``timeout`` seconds after it opened the store; the next call copies the rest.
    """
    command = [
        sys.executable,
        "-m",
        "wapaganda.tracking",
        str(log_dir),
        tracking_uri,
        experiment,
        str(timeout),
    ]
    try:
        Path(log_dir).mkdir(parents=True, exist_ok=True)
        with Path(log_dir, "mirror.log").open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )
    except OSError as error:
        return MirrorHandle(None, f"Expected to start the mirror of MLflow, was: {error}")
    return MirrorHandle(process)


def _report(out: bytes, status: int) -> MirrorReport:
    try:
        values = json.loads(out.splitlines()[-1])
        return MirrorReport(bool(values["ok"]), str(values["message"]))
    except (IndexError, ValueError, KeyError, TypeError):
        return MirrorReport(False, f"The mirror of MLflow ended with status {status} and without a report")
