"""How many predictions are asked for at a time; one more is refused at once."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Outcome = TypeVar("Outcome")


class BusyError(Exception):
    """As many predictions as there are places have no answer yet."""


class Admission:
    """Predictions in threads of their own, at most ``places`` at a time: no other request waits for one."""

    def __init__(self, places: int) -> None:
        self._threads = ThreadPoolExecutor(places, thread_name_prefix="predict")
        self._free = threading.Semaphore(places)

    async def run(self, work: Callable[[], Outcome]) -> Outcome:
        """The result of ``work``, which begins at once.

        Raises:
            BusyError: there is no free place.
        """
        if not self._free.acquire(blocking=False):
            raise BusyError
        context = contextvars.copy_context()  # the request's id in the log

        def and_leave() -> Outcome:
            try:
                return context.run(work)
            finally:
                self._free.release()

        return await asyncio.get_running_loop().run_in_executor(self._threads, and_leave)

    def stop(self) -> None:
        """Take no more; those inside end by themselves."""
        self._threads.shutdown(wait=False)
