"""The server wired to the real bricks: models from MODEL_DIR, trainings from the job table in DATA_DIR."""

import logging
import sqlite3
import sys
import threading
import time
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from wapaganda.errors import WapagandaError
from wapaganda.jobs import Job, JobQueue, State, Supervisor, UnknownJobError
from wapaganda.ledger import LedgerError
from wapaganda.ml_backend.page.desk import Links
from wapaganda.ml_backend.prediction.batching import TextTagger
from wapaganda.ml_backend.prediction.predictor import Limits
from wapaganda.ml_backend.prediction.source_answers import NoSources, StoredSources
from wapaganda.ml_backend.prediction.tasks import Showing
from wapaganda.ml_backend.services import Background, Effects, ServerOptions, Services
from wapaganda.ml_backend.state_files import Scratch, TrainingsOff, open_state
from wapaganda.ml_backend.training.credentials import CredentialFile
from wapaganda.ml_backend.training.trigger import Trainings, TrainingStatus, TriggerConfig
from wapaganda.model_store import ModelStore, ModelStoreError
from wapaganda.project_context import (
    ADAPTATION,
    Glance,
    ProjectContext,
    Standing,
    close_files,
    seconds_left_of,
)
from wapaganda.settings import Settings
from wapaganda.uncertainty import score

logger = logging.getLogger(__name__)

ROUND_JOB = "wapaganda.ml_backend.training.round_job"


def compose(settings: Settings, command: Sequence[str] | None = None) -> Services:
    """Everything that a server with these settings needs; tests pass another ``command`` that trains.

    Raises:
        WapagandaError: a newer version wrote a file in DATA_DIR, or another process holds it.
    """
    try:
        close_files(settings)
    except OSError as error:
        logger.warning("Files could not be closed to other users: %s.", error)
    state = open_state(settings)
    trainings: Trainings = TrainingsOff(" ".join(state.notices))
    background: list[Background] = [Preloading()]
    if state.queue is not None:
        queue = state.queue
        command = command or (sys.executable, "-m", ROUND_JOB, str(queue.path))
        supervisor = Supervisor(queue, command, background=(ADAPTATION,))
        trainings, background = QueuedTrainings(queue, supervisor, settings), [supervisor, *background]
    if state.scratch is not None:
        background.append(Scratch(state.scratch))

    def measure(log_probs: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        return score(log_probs, settings.measure)

    return Services.of(
        Effects(
            StoredModels(settings.model_dir, settings.device, settings.scoring_precision),
            trainings,
            measure,
            background,
            LedgerShowings(settings),
            StoredGlances(settings),
            StoredFiles(settings),
            state.notices,
            StoredSources(settings) if settings.sources else NoSources(),
        ),
        ServerOptions(
            settings.basic_auth,
            int(settings.max_body_mb * 1_000_000),
            Limits(
                settings.predict_timeout_seconds,
                label_tag=settings.label_tag,
                text_field=settings.text_field,
            ),
            TriggerConfig(settings.train_after_labels, settings.train_debounce_seconds),
            not {"label_studio_url", "label_studio_api_key"}.isdisjoint(settings.model_fields_set),
            links_of(settings),
        ),
        state.projects,
        CredentialFile(credentials_path(settings)),
    )


def credentials_path(settings: Settings) -> Path:
    """The file with what /setup sent."""
    return settings.data_dir / "credentials.json"


class Preloading:
    """Imports the model libraries in the background at the start, so that the first model loads sooner."""

    def start(self) -> None:
        """Start the import."""
        threading.Thread(target=_import_models, name="preloading", daemon=True).start()

    def stop(self) -> None:
        """Nothing to stop."""


def _import_models() -> None:
    from transformers import AutoModelForTokenClassification, AutoTokenizer  # noqa: F401

    from wapaganda.tagger import Tagger  # noqa: F401


class StoredModels:
    """The model stores below a folder, one for each project."""

    def __init__(self, model_dir: Path, device: str, precision: str = "auto") -> None:
        self._model_dir = model_dir
        self._device = device
        self._precision = precision

    def projects(self) -> Sequence[str]:
        """The projects with a live model, latest change first."""
        pointers = self._model_dir.glob("*/current.json")
        found = [(pointer.stat().st_mtime, pointer.parent.name) for pointer in pointers]
        return [name for _, name in sorted(found, reverse=True)]

    def current(self, project: str) -> str | None:
        """The live version."""
        version = self._store(project).current()
        return version.name if version else None

    def versions(self, project: str) -> Sequence[str]:
        """All versions that are whole."""
        return [version.name for version in self._store(project).versions()]

    def damage(self, project: str) -> Sequence[str]:
        """What is damaged in the project's folder, in sentences."""
        return self._store(project).damage()

    def load(self, project: str, version: str) -> TextTagger:
        """Load the model, if its files hold what was published, and warm it up with one short text."""
        from wapaganda.tagger import Tagger

        tagger = Tagger.load(self._store(project).read(version).path, self._device)
        if self._precision == "auto":
            tagger = tagger.fast()
        list(tagger.tag(["warm up"]))
        return tagger

    def _store(self, project: str) -> ModelStore:
        return ModelStore(self._model_dir / project)


_Written = tuple[tuple[int, int, int], ...]
_SETTLED = 1_000_000_000
"""Nanoseconds after which a file that has not changed is taken as it is: clocks of files tick slowly."""


def _written(ledger: Path) -> _Written:
    """Time of change, size and inode of the ledger and of its log, as far as something is in them."""
    return (*_facts(ledger), *_facts(ledger.with_name(f"{ledger.name}-wal")))


def _facts(path: Path) -> _Written:
    """Of one file or folder; nothing of an empty or missing one."""
    with suppress(FileNotFoundError):
        facts = path.stat()
        if facts.st_size:
            return ((facts.st_mtime_ns, facts.st_size, facts.st_ino),)
    return ()


class LedgerShowings:
    """How the spans of a project are shown, from its ledger: mapped labels, the floor, decided terms."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, tuple[_Written, Showing]] = {}

    def __call__(self, key: str) -> Showing:
        """What holds now; without a readable ledger every label is shown by its own name.

        The ledger is opened again when its files have changed, since every prediction asks.
        """
        context = ProjectContext(self._settings, key)
        written = _written(context.ledger_path)
        known = self._known.get(key)
        if known is not None and known[0] == written:
            return known[1]
        showing = self._read(key, context)
        if all(time.time_ns() - changed > _SETTLED for changed, _, _ in written):
            self._known[key] = (written, showing)
        return showing

    def _read(self, key: str, context: ProjectContext) -> Showing:
        try:
            return Showing(context.label_mapping(), context.proposal_floor(), context.decided_terms())
        except (WapagandaError, OSError, sqlite3.Error):
            logger.exception(
                "The ledger of %s could not be read; labels that were mapped are not shown.", key
            )
            return Showing()


@dataclass(frozen=True, slots=True)
class StoredGlances:
    """What the ledgers say."""

    settings: Settings

    def __call__(self, project: str) -> Glance:
        """What the ledger of the project says; empty when it cannot be read."""
        try:
            return Glance.of(ProjectContext(self.settings, project))
        except LedgerError as error:
            logger.warning("The ledger of %s cannot be read: %s", project, error)
            return Glance()


class StoredFiles:
    """The folders of the projects, for the page."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def stamp(self, key: str) -> Hashable:
        """Times of change, sizes and inodes of the ledger and of the pointer to the live version."""
        context = ProjectContext(self._settings, key)
        root = self._settings.model_dir / key
        return (*_written(context.ledger_path), *_facts(root / "current.json"), *_facts(root / "versions"))

    def standing(self, key: str) -> Standing:
        """What the files say.

        Raises:
            LedgerError: the ledger is damaged.
        """
        return Standing.of(ProjectContext(self._settings, key))

    def promote(self, key: str, version: str) -> None:
        """Make a version the live one and pin it.

        Raises:
            ModelStoreError: there is no such version, or it is damaged.
        """
        ProjectContext(self._settings, key).store().promote(version, pin=True)

    def roll_back(self, key: str, live: str) -> None:
        """Make the version live that was live before ``live``, and pin it.

        Raises:
            ModelStoreError: there is none, or another one is live by now.
        """
        store = ProjectContext(self._settings, key).store()
        current = store.current()
        if current is None or current.name != live:
            now = current.name if current else "none"
            raise ModelStoreError(
                f"Expected {live or 'a version'} to be live, was: {now}.", "Load the page again and repeat."
            )
        store.rollback()


def links_of(settings: Settings) -> Links:
    """The addresses of Label Studio and MLflow for the browsers of people."""
    tracking = settings.mlflow_public_url or settings.mlflow_tracking_uri
    return Links(
        settings.label_studio_public_url or settings.label_studio_url,
        _page_of(tracking),
    )


def _page_of(tracking: str) -> str:
    """The address of MLflow's page, without a password; empty for a store that has none."""
    parts = urlsplit(tracking)
    if parts.scheme not in ("http", "https"):
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


class QueuedTrainings:
    """Trainings as jobs of a supervised queue."""

    def __init__(self, queue: JobQueue, supervisor: Supervisor, settings: Settings) -> None:
        self._queue = queue
        self._supervisor = supervisor
        self._settings = settings

    def submit(self, project: str, kind: str, reason: str, debounce_seconds: float) -> str:
        """Queue a job, or join the queued one; return its id."""
        job = self._queue.submit(project, kind, reason, debounce_seconds)
        self._supervisor.wake()
        return str(job.id)

    def jobs(self) -> Sequence[TrainingStatus]:
        """The latest jobs, newest first, without those in the background."""
        jobs = (job for job in self._queue.list() if job.kind != ADAPTATION)
        return [_training_job(job, self._settings) for job in jobs]

    def state(self, project: str, job: str) -> str | None:
        """The state of a job of the project; ``None``: it has no such job."""
        try:
            found = self._queue.get(int(job))
        except (UnknownJobError, ValueError):
            return None
        return str(found.state) if found.project == project else None

    def cancel(self, project: str, job: str) -> None:
        """Cancel a job of the project.

        Raises:
            UnknownJobError: the project has no such job.
        """
        if self.state(project, job) is None:
            raise UnknownJobError(f"Expected the id of a job of {project}, was: {job[:20]}.")
        self._queue.cancel(int(job))
        self._supervisor.wake()

    def retry_now(self, project: str | None = None) -> None:
        """Try the jobs of a project, or of all, that wait after a failure."""
        self._queue.retry_now(project)
        self._supervisor.wake()


def _training_job(job: Job, settings: Settings) -> TrainingStatus:
    return TrainingStatus(
        str(job.id),
        job.project,
        str(job.state),
        job.progress_text,
        job.progress_fraction,
        job.error or None,
        job.not_before if job.waits_to_retry else None,
        job.reason,
        _seconds_left(job, settings) if job.state == State.RUNNING else None,
        job.not_before if job.state == State.QUEUED else None,
        job.cancel_requested and not job.is_over,
    )


def _seconds_left(job: Job, settings: Settings) -> float | None:
    try:
        return seconds_left_of(job, ProjectContext(settings, job.project), time.time())
    except LedgerError:  # the glance says it
        return None
