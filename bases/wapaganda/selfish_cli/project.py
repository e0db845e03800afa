"""The project that a command works on: its settings, its lock, its loop, its models, its runs in MLflow."""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import wapaganda.project_context
from wapaganda.errors import InputError

if TYPE_CHECKING:
    from wapaganda.annotation import ReadReport
    from wapaganda.jobs import JobQueue
    from wapaganda.label_studio import LabelStudio
    from wapaganda.ner import Document
    from wapaganda.pipeline import LaterType, Loop
    from wapaganda.progress import Progress
    from wapaganda.selfish_cli.ui.console import Console
    from wapaganda.settings import Settings
    from wapaganda.tagger import Tagger

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
MLFLOW_SECONDS = 10.0
"""Seconds that a command waits for MLflow when its own work is done."""


@dataclass(frozen=True, slots=True)
class CliProject(wapaganda.project_context.ProjectContext):
    """The project of a command, with a connection to Label Studio."""

    def studio(self) -> "LabelStudio":
        """Label Studio at the address of the settings.

        Raises:
            InputError: there is no token.
        """
        from wapaganda.label_studio import LabelStudio

        key = self.settings.label_studio_api_key.get_secret_value()
        if not key:
            raise InputError(
                "Expected an access token of Label Studio, was: none.",
                "Copy one in Label Studio from Account & Settings and set LABEL_STUDIO_API_KEY or --api-key.",
            )
        public = self.settings.label_studio_public_url
        return LabelStudio(self.settings.label_studio_url, key, reading=self.reading, public_url=public)


def open_context(
    project: int | None = None, name: str = "default", overrides: Mapping[str, Any] | None = None
) -> CliProject:
    """The Label Studio project ``project``, or the project of files ``name``; ``overrides`` replace settings.

    Raises:
        InputError: a setting or an option has a wrong value, or the name cannot be the name of a folder.
    """
    settings = read_settings(overrides)
    if project is not None:
        return CliProject(settings, f"ls-{project}")
    if not _NAME.fullmatch(name) or re.fullmatch(r"ls-\d+", name):
        raise InputError(
            f"Expected a name of letters, digits, '_' and '-' that is none of Label Studio's, was: {name!r}",
            "Choose another --name, or name a project of Label Studio by --project ID.",
        )
    return CliProject(settings, name)


def read_settings(overrides: Mapping[str, Any] | None = None) -> "Settings":
    """The settings; a value of ``overrides`` that is not ``None`` replaces that of the environment.

    Raises:
        SettingsError: a value is wrong.
    """
    from wapaganda.settings import Settings

    settings = Settings(**{name: value for name, value in (overrides or {}).items() if value is not None})
    wapaganda.project_context.prepare_environment(settings.threads, settings.for_libraries)
    return settings


def open_jobs(settings: "Settings") -> "JobQueue | None":
    """The jobs of the ML backend; ``None`` when it has never had one."""
    from wapaganda.jobs import JobQueue

    path = wapaganda.project_context.jobs_path(settings)
    return JobQueue(path) if path.exists() else None


def check_folders(settings: "Settings") -> None:
    """Check that models and data can be written, before hours of work are lost.

    Raises:
        InputError: they cannot.
    """
    for name, folder in (("MODEL_DIR", settings.model_dir), ("DATA_DIR", settings.data_dir)):
        reason = wapaganda.project_context.why_not_writable(folder)
        if reason:
            raise InputError(
                f"Expected a folder that can be written, was: {folder} ({reason}).",
                f"Name another by {name}.",
            )


@contextlib.contextmanager
def project_lock(context: CliProject) -> Iterator[None]:
    """Hold the project for this process: one training or round at a time, whichever program runs it.

    The damaged ledger of a Label Studio project is made anew.

    Raises:
        InputError: another process holds it, or models and data cannot be written.
        LedgerError: the ledger of a project of files is damaged.
    """
    from filelock import Timeout

    check_folders(context.settings)
    lock = context.lock()
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(*_other_work(context)) from None
    try:
        context.mend_ledger()
        yield
    finally:
        lock.release()


def _other_work(context: CliProject) -> tuple[str, str]:
    """What holds the project, and what to do."""
    queue = open_jobs(context.settings)
    found = queue.list(context.key, 20) if queue else []
    at_work = (each for each in found if each.state == "running")
    job = next((each for each in at_work if each.kind != wapaganda.project_context.ADAPTATION), None)
    expected = f"Expected no other work on {context.key}, was: "
    if job is None:
        again = "Wait until it is done and repeat the command."
        return f"{expected}another training or round is running.", again
    from wapaganda.selfish_cli.ui.training import training_in_words

    said = training_in_words(
        {
            "id": job.id,
            "state": job.state,
            "progress": job.progress_text,
            "fraction": job.progress_fraction,
            "reason": job.reason,
        }
    )
    number = context.key.removeprefix("ls-")
    follow = f"selfish update --project {number} shows it until it ends" if number != context.key else ""
    stop = f"selfish jobs cancel {job.id} stops it."
    return f"{expected}{said}.", f"{follow}; {stop}" if follow else stop


def project_loop(context: CliProject, project: int, progress: "Progress") -> "Loop":
    """The loop on the Label Studio project ``project``; rounds are shared with the ML backend."""
    progress("load", 0, 0)
    from wapaganda.pipeline import LabelStudioSource

    return context.loop(LabelStudioSource(context.studio(), project, context.loop_id()), progress)


def files_loop(context: CliProject, data: Path, pool: Path, out: Path | None, progress: "Progress") -> "Loop":
    """The loop on files; it writes its batches into ``out``, by default next to the ledger.

    Raises:
        InputError: ``out`` is a file, or cannot be written.
    """
    if out is not None and (reason := wapaganda.project_context.why_not_writable(out)):
        raise InputError(f"Expected a folder for the batches, was: {out} ({reason}).", "Name one by --out.")
    progress("load", 0, 0)
    from wapaganda.pipeline import FileSource

    source = FileSource(data, pool, out or context.directory / "batches", context.reading)
    return context.loop(source, progress)


def last_reading(context: CliProject) -> "ReadReport":
    """The report of the last fetch of the project, from its ledger."""
    from wapaganda.annotation import ReadReport
    from wapaganda.pipeline import READ_REPORT

    return ReadReport.from_dict(context.ledger().value(READ_REPORT, {}))


def later_types_of(context: CliProject, labelled: "Sequence[Document]") -> "tuple[LaterType, ...]":
    """The types that some labelled texts of the project could not have, and the hours of a second look."""
    from wapaganda.pipeline import fitted_prices, later_types, read_proposals

    has_ledger = (context.directory / "ledger.sqlite").exists()
    labels = context.ledger().labels() if has_ledger else None
    prices = fitted_prices(labelled, read_proposals(context.directory / "rounds")).prices
    return later_types(labelled, labels, prices)


def chosen_version(context: CliProject, version: str | None) -> str:
    """The name of the version that the user named, by default of the live one.

    Raises:
        InputError: there is no model yet, or no such version.
        ModelStoreError: the version, or every version, is damaged.
    """
    from wapaganda.model_store import ModelStoreError

    store = context.store()
    live = store.current() if version else store.read_live()
    wanted = version or (live.name if live else None)
    broken = store.damaged() if wanted is None or version else {}
    if wanted in broken or (wanted is None and broken):
        reason = broken[wanted] if wanted else next(reversed(broken.values()))
        raise ModelStoreError(reason, "Train again, or restore the file from a backup.")
    if wanted is None:
        raise InputError(
            f"Expected a trained model of {context.key}, was: none.",
            "Train one by selfish train or selfish update, or name another --name or --project.",
        )
    if version is not None and version not in (names := [each.name for each in store.versions()]):
        raise InputError(f"Expected a version out of {', '.join(names) or 'none'}, was: {version}.")
    return wanted


def load_tagger(context: CliProject, version: str | None, progress: "Progress") -> "Tagger":
    """The tagger of a version, by default of the live one.

    Raises:
        InputError: there is no model yet, or no such version.
        ModelStoreError: the models cannot be read.
    """
    path = context.store().read(chosen_version(context, version)).path
    progress("load", 0, 0)
    from wapaganda.tagger import Tagger

    return Tagger.load(path, device=context.settings.device)


def mirror_runs(context: CliProject, console: "Console", progress: "Progress") -> str:
    """Copy the finished runs to MLflow; after a failure they are copied next time. Returns one sentence.

    Only a failure is shown: a slow MLflow gets the runs in the background.
    """
    progress("mlflow", 0, 0)
    report = context.mirror(MLFLOW_SECONDS)
    if report.ok:
        return f"MLflow has the runs at {context.settings.mlflow_tracking_uri}."
    if report.is_running:
        return f"{report.message.rstrip('.')}."
    message = f"{report.message.rstrip('.')}. The runs are kept and will be written to MLflow next time."
    console.warn(message)
    return message
