"""The files in DATA_DIR that a server needs: mended when damaged, done without when it is read-only."""

import logging
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wapaganda.errors import WapagandaError
from wapaganda.jobs import JobQueue
from wapaganda.ml_backend.training.project_state import ProjectState
from wapaganda.ml_backend.training.trigger import TrainingStatus
from wapaganda.project_context import jobs_path, why_not_writable
from wapaganda.settings import Settings
from wapaganda.storage import open_whole

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StateFiles:
    """``queue``: the job table; ``None``: trainings are off. ``notices``: what a person should know about the
    files, in sentences; it grows while the server runs. ``scratch``: a folder that is deleted when the server
    stops.
    """

    queue: JobQueue | None
    projects: ProjectState
    notices: Sequence[str] = ()
    scratch: Path | None = None


def open_state(settings: Settings) -> StateFiles:
    """Open the state of a server.

    A damaged file is put aside and a new one is made, now and while the server runs. When DATA_DIR cannot be
    written the server works without trainings, and remembers projects until it stops.

    Raises:
        WapagandaError: a newer version wrote a file, or another process holds it.
    """
    folder = settings.data_dir
    if reason := _why_read_only(folder):
        scratch = Path(tempfile.mkdtemp(prefix="wapaganda-"))
        notice = (
            f"Trainings are off, and events are not stored: DATA_DIR {folder} cannot be written ({reason}). "
            "Make it writable and start ml-backend again."
        )
        logger.error(notice)
        return StateFiles(None, ProjectState(scratch / "backend.sqlite"), (notice,), scratch)
    notices: list[str] = []
    jobs, state = jobs_path(settings), folder / "backend.sqlite"

    def mend_jobs() -> None:
        if _mend(jobs, JobQueue, "Trainings that were queued must be started again.", notices):
            JobQueue(jobs).skip_numbers()

    mend_jobs()
    _mend(
        state,
        ProjectState,
        "Projects are known again after their next task or event; labels since their last training are not "
        "counted: press Start Training.",
        notices,
    )
    counts_lost = "Labels since the last training are not counted: press Start Training."
    projects = ProjectState(state, lambda: _mend(state, ProjectState, counts_lost, notices))
    return StateFiles(JobQueue(jobs, on_damage=mend_jobs), projects, notices)


def _mend(path: Path, make: Callable[[Path], JobQueue | ProjectState], lost: str, notices: list[str]) -> bool:
    """Put a damaged file aside, begin a new one, and note it; whether it was damaged."""
    aside = open_whole(path, lambda: make(path))[1]
    if aside is not None:
        notices.append(f"{path} was damaged: it is now {aside}, and a new one was begun. {lost}")
        logger.warning(notices[-1])
    return aside is not None


def _why_read_only(folder: Path) -> str:
    """Why the folder cannot be made or written; empty when it can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return error.strerror or str(error)
    return why_not_writable(folder)


class TrainingsOff:
    """No trainings: every one is refused with the reason."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def submit(self, project: str, kind: str, reason: str, debounce_seconds: float) -> str:
        """Refuse.

        Raises:
            WapagandaError: always.
        """
        raise WapagandaError(self._reason)

    def jobs(self) -> Sequence[TrainingStatus]:
        """None."""
        return ()

    def state(self, project: str, job: str) -> str | None:
        """There is no such job."""
        return None

    def cancel(self, project: str, job: str) -> None:
        """Refuse.

        Raises:
            WapagandaError: always.
        """
        raise WapagandaError(self._reason)

    def retry_now(self, project: str | None = None) -> None:
        """There is nothing to try again."""


class Scratch:
    """A folder that exists as long as the server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(self) -> None:
        """It is there already."""

    def stop(self) -> None:
        """Delete it."""
        shutil.rmtree(self._folder, ignore_errors=True)
