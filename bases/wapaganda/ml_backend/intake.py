"""Events and set-ups in the order in which they came, written down by one thread."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from wapaganda.ml_backend.credentials import CredentialFile, Credentials
from wapaganda.ml_backend.events import Intent
from wapaganda.ml_backend.identity import ProjectRef
from wapaganda.ml_backend.training import TrainingDesk

logger = logging.getLogger(__name__)
Outcome = TypeVar("Outcome")


class Intake:
    """Takes work from the event loop and does it one after another, so that no request waits for a disk."""

    def __init__(self, desk: TrainingDesk, credentials: CredentialFile) -> None:
        self._desk = desk
        self._credentials = credentials
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="intake")

    def intent(self, intent: Intent) -> "Future[str | None]":
        """Apply an intent; the future holds the id of the training that it started, if any."""
        return self._do(lambda: self._desk.apply(intent))

    def set_up(self, project: ProjectRef, credentials: Credentials) -> "Future[None]":
        """Remember what /setup brought."""
        return self._do(lambda: self._credentials.put(project, credentials))

    def catch_up(self) -> "Future[None]":
        """Submit what an earlier end of the server left undone."""
        return self._do(self._desk.catch_up)

    def stop(self) -> None:
        """Finish what was taken."""
        self._worker.shutdown(wait=True)

    def _do(self, work: Callable[[], Outcome]) -> "Future[Outcome]":
        future = self._worker.submit(work)
        future.add_done_callback(_tell)
        return future


def _tell(future: "Future[Any]") -> None:
    if not future.cancelled() and (error := future.exception()):
        logger.error("An event was lost; the next training fetches its labels anyway.", exc_info=error)
