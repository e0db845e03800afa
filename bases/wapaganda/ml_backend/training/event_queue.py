"""Events and credentials, stored by one thread in the order of their arrival."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from wapaganda.ml_backend.project_id import ProjectRef
from wapaganda.ml_backend.training.credentials import CredentialFile, Credentials
from wapaganda.ml_backend.training.trigger import TrainingTrigger
from wapaganda.ml_backend.training.webhook_event import WebhookEvent

logger = logging.getLogger(__name__)
Outcome = TypeVar("Outcome")


class EventQueue:
    """Takes work from the event loop and does it in order, so that no request waits for the disk."""

    def __init__(self, trigger: TrainingTrigger, credentials: CredentialFile) -> None:
        self._trigger = trigger
        self._credentials = credentials
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="events")

    def put(self, event: WebhookEvent) -> "Future[str | None]":
        """Store an event; the future holds the id of the training that it started, if any."""
        return self._do(lambda: self._trigger.apply(event))

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

    def _do(self, work: Callable[[], Outcome]) -> "Future[Outcome]":
        future = self._worker.submit(work)
        future.add_done_callback(_log_failure)
        return future


def _log_failure(future: "Future[Any]") -> None:
    if not future.cancelled() and (error := future.exception()):
        logger.error("An event was lost; the next training fetches its labels anyway.", exc_info=error)
