"""The process that runs one round, or tries domain adaptation.

python -m wapaganda.ml_backend.training.round_job QUEUE JOB_ID
"""

import logging
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from filelock import Timeout

from wapaganda.errors import Retry, WapagandaError
from wapaganda.jobs import Job, JobQueue, State, run_child
from wapaganda.label_studio import UnauthorizedError
from wapaganda.ml_backend.composition import credentials_path
from wapaganda.ml_backend.logs import chosen_format, process_context, set_up
from wapaganda.ml_backend.project_id import project_ref
from wapaganda.ml_backend.training.credentials import CredentialFile, Credentials
from wapaganda.progress import Progress
from wapaganda.project_context import ADAPTATION, ProjectContext, jobs_path, prepare_environment
from wapaganda.settings import Settings
from wapaganda.storage import PRIVATE_UMASK

if TYPE_CHECKING:
    from wapaganda.pipeline import Loop

logger = logging.getLogger(__name__)

_LAST_JOB: Final = "last job"
"""The key in the ledger for the job whose round is done: a restarted job does not run a second round."""
_NICENESS: Final = 10
_SESSION_NICENESS: Final = 5
_BACKGROUND_NICENESS: Final = 19
_LOCK_SECONDS: Final = 5.0
_LOCK_TURNS: Final = 6
_MIRROR_SECONDS: Final = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Work on one job of the table and store its end; return the exit status."""
    queue_path, job_id = sys.argv[1:] if arguments is None else arguments
    set_up(chosen_format())
    process_context(job=job_id)
    os.umask(PRIVATE_UMASK)
    give_way()
    return run_child(Path(queue_path), int(job_id), work)


def give_way(niceness: int = _NICENESS, of_session: int = _SESSION_NICENESS) -> None:
    """Let the server go first when both want the processor.

    Where Linux shares it between sessions (`sched_autogroup_enabled`), the niceness of a process counts only
    inside its session, and a training has one of its own. So the session gets one, too: it competes with
    everything on the machine, so with 5 it keeps a quarter of a core that something else wants.
    """
    os.nice(niceness)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # other systems have no such file
            Path("/proc/self/autogroup").write_text(str(of_session))


def work(job: Job, progress: Progress) -> None:
    """Run the project's next round, or continue one that was interrupted; or try domain adaptation.

    Raises:
        LabelStudioError: there is no token, or Label Studio cannot be used.
        ProjectBusyError: another program works on the project.
        EncoderUnavailable: the pretrained encoder cannot be loaded.
    """
    settings = Settings()
    prepare_environment(settings.threads, settings.for_libraries)
    project = project_ref(job.project)
    if project is None or project.number is None:
        raise ValueError(f"Expected a project of Label Studio such as ls-12, was: {job.project}")
    process_context(project=project.key)
    context = ProjectContext(settings, project.key)
    if job.kind == ADAPTATION:
        _adapt(context, progress)
        return
    credentials = CredentialFile(credentials_path(settings)).get(project)
    if not context.directory.exists():
        _refuse_unknown(project.number, label_studio_access(settings, credentials))
    with project_lock(context, progress):
        context.mend_ledger()
        ledger, name = context.ledger(), [job.id, job.created_at]
        if ledger.value(_LAST_JOB) != name:
            access = label_studio_access(settings, credentials)
            report = _loop(context, project.number, access, progress).run_round()
            ledger.set_value(_LAST_JOB, name)
            logger.info("Round done: %s", report)
        _mirror(context, progress)
        context.prune()
    _offer_adaptation(context)


def _offer_adaptation(context: ProjectContext) -> None:
    """Submit a trial of domain adaptation if one is due, unless the last one failed or was cancelled."""
    queue = JobQueue(jobs_path(context.settings))
    last = next((each for each in queue.list(context.key) if each.kind == ADAPTATION), None)
    if last is not None and last.state in (State.FAILED, State.CANCELLED):
        return
    if context.adaptation_is_due():
        queue.submit(context.key, ADAPTATION, "The labels are enough to try domain adaptation.")


def _adapt(context: ProjectContext, progress: Progress) -> None:
    """Try domain adaptation, after everything else that wants the processor."""
    give_way(_BACKGROUND_NICENESS, _BACKGROUND_NICENESS)
    if context.adaptation_is_due():
        logger.info("%s", context.try_adaptation(progress).describe())


def label_studio_access(settings: Settings, credentials: Credentials) -> tuple[str, str]:
    """Address and token of Label Studio.

    A token that the user set goes only to the address that the user set, whatever /setup sends. Without such
    a token the one from /setup is used.

    Raises:
        UnauthorizedError: there is no token.
    """
    key = settings.label_studio_api_key.get_secret_value()
    if key:
        return settings.label_studio_url, key
    if not credentials.access_token:
        raise UnauthorizedError(
            "Expected an access token of Label Studio, was: none.",
            "Copy one in Label Studio from Account & Settings and set LABEL_STUDIO_API_KEY.",
        )
    chosen = "label_studio_url" in settings.model_fields_set or not credentials.hostname
    return settings.label_studio_url if chosen else credentials.hostname, credentials.access_token


class ProjectBusyError(WapagandaError):
    """Another program works on the project."""

    retry = Retry.SOON


def project_lock(context: ProjectContext, progress: Progress) -> AbstractContextManager[object]:
    """Acquire the lock that `selfish` uses, too; report the waiting as progress.

    Raises:
        ProjectBusyError: it is still held after half a minute. Other projects can train meanwhile.
    """
    lock = context.lock()
    for _ in range(_LOCK_TURNS):
        try:
            return lock.acquire(timeout=_LOCK_SECONDS)
        except Timeout:
            progress("waiting for another training or round of this project", 0, 0)
    raise ProjectBusyError(
        f"Expected no other work on {context.key}, was: another training or round is running.",
        "The training starts when it is done.",
    )


def _refuse_unknown(number: int, access: tuple[str, str]) -> None:
    """Before the first file of a project is made: is there such a project?"""
    from wapaganda.label_studio import LabelStudio

    with LabelStudio(*access) as studio:
        studio.project(number)


def _loop(context: ProjectContext, number: int, access: tuple[str, str], progress: Progress) -> "Loop":
    from wapaganda.label_studio import LabelStudio
    from wapaganda.pipeline import LabelStudioSource

    public = context.settings.label_studio_public_url
    studio = LabelStudio(*access, reading=context.reading, public_url=public)
    return context.loop(LabelStudioSource(studio, number, context.loop_id()), progress)


def _mirror(context: ProjectContext, progress: Progress) -> None:
    """Copy the run to MLflow; the training is done, so a failure is only logged."""
    progress("mlflow", 0, 0)
    report = context.mirror(_MIRROR_SECONDS)
    if not report.ok:
        logger.warning("%s. The runs are kept; the next mirroring copies what MLflow lacks.", report.message)


if __name__ == "__main__":
    sys.exit(main())
