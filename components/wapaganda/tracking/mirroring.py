"""Mirroring as the loop sees it: a process that is started and, if anybody cares, waited for."""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

EXPERIMENT = "ner_active_learning"


@dataclass(frozen=True, slots=True)
class MirrorReport:
    """Whether MLflow has all that the log has, and one sentence about it."""

    ok: bool
    message: str

    def to_json(self) -> str:
        """The report as one line of JSON."""
        return json.dumps(asdict(self))


class MirrorHandle:
    """A mirror process under way."""

    def __init__(self, process: "subprocess.Popen[bytes] | None", failure: str = "") -> None:
        self._process = process
        self._report = None if process else MirrorReport(False, failure)

    def wait(self, seconds: float) -> MirrorReport:
        """What came of it; or, after ``seconds``, that it is still at work. Never raises."""
        if self._report is None and self._process is not None:
            try:
                out, _ = self._process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                return MirrorReport(
                    False, f"MLflow is slow: still at work after {seconds:g} s, in the background"
                )
            self._report = _report(out, self._process.returncode)
        return self._report or MirrorReport(False, "The mirror of MLflow has no process")


def mirror(log_dir: Path, tracking_uri: str, experiment: str = EXPERIMENT) -> MirrorReport:
    """Brings everything in the run log that MLflow does not have yet into the experiment, in this process.

    May be called any number of times; a call that fails or dies is made good by the next. Never raises for
    what MLflow does.
    """
    from wapaganda.tracking.replay import replay

    return replay(Path(log_dir), tracking_uri, experiment)


def start_mirror(
    log_dir: Path, tracking_uri: str, timeout: float = 600.0, experiment: str = EXPERIMENT
) -> MirrorHandle:
    """Starts `mirror` as a process of its own; returns at once, never raises.

    The process gives up ``timeout`` seconds after it opened the store; the rest follows with the next one.
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
