"""Events and credentials, stored by one thread in the order of their arrival."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from wapaganda.ml_backend.project_id import ProjectRef
from wapaganda.ml_backend.training.credentials import CredentialFile, Credentials
from wapaganda.ml_backend.training.trigger import TrainingTrigger
from wapaganda.ml_backend.training.webhook_event import WebhookEvent

logger = logging.getLogger(__name__)
Outcome = TypeVar("Outcome")
_Waiting = tuple[WebhookEvent, "Future[str | None]"]


class EventQueue:
    """Takes work from the event loop and does it in order, so that no request waits for the disk.

    Events that wait are stored together, in one step for each project, so that a disk on which one takes long
    keeps up with many.
    """

    def __init__(self, trigger: TrainingTrigger, credentials: CredentialFile) -> None:
        self._trigger = trigger
        self._credentials = credentials
        self._waiting: deque[_Waiting] = deque()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="events")

    def put(self, event: WebhookEvent) -> "Future[str | None]":
        """Store an event; the future holds the id of the training that was started with it, if any."""
        stored: Future[str | None] = Future()
        self._waiting.append((event, stored))
        self._worker.submit(self._store_waiting)
        return stored

    def store_credentials(self, project: ProjectRef, credentials: Credentials) -> "Future[None]":
        """Store what /setup sent, and try a training again that has failed without it."""

        def work() -> None:
            self._credentials.put(project, credentials, self._trigger.knows)
            self._trigger.retry(project)

        return self._do(work)

    def catch_up(self) -> "Future[None]":
        """Submit trainings that became due before the server stopped."""
        return self._do(self._trigger.catch_up)

    def stop(self) -> None:
        """Finish the work in the queue and stop."""
        self._worker.shutdown(wait=True)

    def _store_waiting(self) -> None:
        projects: dict[str, list[_Waiting]] = {}
        while self._waiting:
            event, stored = self._waiting.popleft()
            projects.setdefault(event.project.key if event.project else "", []).append((event, stored))
        for waiting in projects.values():
            self._store(waiting)

    def _store(self, waiting: Sequence[_Waiting]) -> None:
        wanted = [stored for _, stored in waiting if stored.set_running_or_notify_cancel()]
        try:
            job = self._trigger.apply([event for event, _ in waiting])
        except Exception as error:
            _log_loss(error)
            for stored in wanted:
                stored.set_exception(error)
        else:
            for stored in wanted:
                stored.set_result(job)

    def _do(self, work: Callable[[], Outcome]) -> "Future[Outcome]":
        future = self._worker.submit(work)
        future.add_done_callback(_log_failure)
        return future


def _log_failure(future: "Future[Any]") -> None:
    if not future.cancelled() and (error := future.exception()):
        _log_loss(error)


def _log_loss(error: BaseException) -> None:
    logger.error("An event was lost; the next training fetches its labels anyway.", exc_info=error)
