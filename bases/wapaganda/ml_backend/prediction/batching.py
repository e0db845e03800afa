"""One model call at a time, in turns: waiting requests share a batch, and a short one passes a long one."""

import logging
import threading
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from wapaganda.ml_backend.logs import brief
from wapaganda.ner import Span

logger = logging.getLogger(__name__)

_TURNS_OF_THE_OLDEST: Final = 4


class Tagged(Protocol):
    """The output of a model for one text."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """The entities, each with its probability as ``score``."""

    @property
    def log_probs(self) -> NDArray[np.float32]:
        """Log-probabilities of the tags. Shape: (n_words, n_tags)."""


class TextTagger(Protocol):
    """A loaded model."""

    def turns(self, texts: Sequence[str]) -> Generator[object, None, Sequence[Tagged]]:
        """Tag texts; each step is one call of the model, and the results are returned in their order."""


@dataclass(eq=False, slots=True)
class _Request:
    tagger: TextTagger
    texts: tuple[str, ...]
    future: "Future[list[Tagged | Exception]]"
    found: dict[int, Tagged | Exception] = field(default_factory=dict)

    @property
    def characters(self) -> int:
        return sum(map(len, self.texts))

    def answer(self, place: int, tagged: Tagged | Exception) -> None:
        self.found[place] = tagged
        if len(self.found) == len(self.texts) and self.future.set_running_or_notify_cancel():
            self.future.set_result([self.found[place] for place in range(len(self.texts))])


@dataclass(frozen=True, slots=True)
class _Item:
    request: _Request
    place: int

    @property
    def text(self) -> str:
        return self.request.texts[self.place]


class _Job:
    """Texts that are read together, and the number of turns that they have had."""

    def __init__(self, items: Sequence[_Item]) -> None:
        self.items = items
        self.used = 0
        self._turns: Generator[object, None, Sequence[Tagged]] | None = None

    @property
    def is_abandoned(self) -> bool:
        return all(item.request.future.cancelled() for item in self.items)

    def turn(self) -> "Sequence[_Job]":
        """Take one turn; return what is left: this job, nothing, or its halves if the model has failed."""
        self.used += 1
        try:
            if self._turns is None:
                self._turns = self.items[0].request.tagger.turns([item.text for item in self.items])
            next(self._turns)
        except StopIteration as end:
            return self._ended(end.value)
        except Exception as error:  # whatever a model raises, the next text is read
            return self._failed(error)
        return [self]

    def close(self) -> None:
        if self._turns is not None:
            self._turns.close()

    def _ended(self, tagged: Sequence[Tagged]) -> "Sequence[_Job]":
        if len(tagged) != len(self.items):
            return self._failed(ValueError(f"Expected {len(self.items)} tagged texts, was: {len(tagged)}"))
        for item, result in zip(self.items, tagged, strict=True):
            item.request.answer(item.place, result)
        return []

    def _failed(self, error: Exception) -> "Sequence[_Job]":
        if len(self.items) == 1:
            (item,) = self.items
            logger.warning("The model failed on a text of %d characters: %s.", len(item.text), brief(error))
            item.request.answer(item.place, error)
            return []
        middle = len(self.items) // 2
        return [_Job(self.items[:middle]), _Job(self.items[middle:])]


class TaggingQueue:
    """One thread makes every model call, so that concurrent requests never compete for the same cores.

    A turn is one call of the model, a few windows. The next turn goes to the job that has had the fewest, and
    every fourth one to the oldest job: a short text passes a long one, and a long one never stands still.
    ``batch_texts``, ``batch_characters``: the most that requests share a job for.
    """

    def __init__(self, batch_texts: int = 64, batch_characters: int = 8_000) -> None:
        self.batch_texts = batch_texts
        self.batch_characters = batch_characters
        self._waiting: deque[_Request] = deque()
        self._jobs: list[_Job] = []
        self._turn = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="tagging", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the current turn and stop; requests without an answer are cancelled."""
        with self._changed:
            self._stopping = True
            started = [item.request for job in self._jobs for item in job.items]
            cancelled = [*self._waiting, *started]
            self._waiting.clear()
            self._changed.notify_all()
        for each in cancelled:
            each.future.cancel()

    def tag(self, tagger: TextTagger, texts: Sequence[str], timeout: float) -> list[Tagged | Exception]:
        """Tag at most ``batch_texts`` texts; the result of a text on which the model fails is the exception.

        Raises:
            TimeoutError: no answer within ``timeout`` seconds; the request gets no turn any more.
            CancelledError: the queue was stopped.
        """
        if not 0 < len(texts) <= self.batch_texts:
            raise ValueError(f"Expected 1 to {self.batch_texts} texts, was: {len(texts)}")
        request = _Request(tagger, tuple(texts), Future())
        with self._changed:
            if self._stopping:
                request.future.cancel()
            self._waiting.append(request)
            self._changed.notify()
        try:
            return request.future.result(timeout)
        finally:
            request.future.cancel()

    def _run(self) -> None:
        while job := self._next():
            left = job.turn()
            if list(left) != [job]:
                with self._changed:
                    at = self._jobs.index(job)
                    self._jobs[at : at + 1] = left

    def _next(self) -> _Job | None:
        """The job whose turn it is; None at the end."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._jobs or self._stopping)
                if self._stopping:
                    return None
                while self._waiting:
                    self._jobs.append(self._shared_job())
                for job in [each for each in self._jobs if each.is_abandoned]:
                    job.close()
                    self._jobs.remove(job)
                if self._jobs:
                    self._turn += 1
                    if self._turn % _TURNS_OF_THE_OLDEST == 0:
                        return self._jobs[0]
                    return min(self._jobs, key=lambda job: job.used)

    def _shared_job(self) -> _Job:
        """The oldest waiting request and later ones that the same model can answer in the same batch."""
        first = self._waiting.popleft()
        chosen = [first]
        texts, characters = self.batch_texts - len(first.texts), self.batch_characters - first.characters
        for request in list(self._waiting):
            if (
                request.tagger is first.tagger
                and not request.future.cancelled()
                and len(request.texts) <= texts
                and request.characters <= characters
            ):
                self._waiting.remove(request)
                chosen.append(request)
                texts, characters = texts - len(request.texts), characters - request.characters
        return _Job([_Item(request, place) for request in chosen for place in range(len(request.texts))])
