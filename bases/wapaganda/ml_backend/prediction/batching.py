"""One model call at a time, in the order of the requests; waiting requests share a batch."""

import logging
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import Span

logger = logging.getLogger(__name__)


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

    def tag(self, texts: Sequence[str]) -> Iterable[Tagged]:
        """Tag texts in their order."""


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    tagger: TextTagger
    texts: tuple[str, ...]
    future: "Future[list[Tagged | Exception]]"


class TaggingQueue:
    """One thread makes every model call, so that concurrent requests never compete for the same cores."""

    def __init__(self, batch_texts: int = 64) -> None:
        self.batch_texts = batch_texts
        self._waiting: deque[_Request] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="tagging", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the current batch and stop; waiting requests are cancelled."""
        with self._changed:
            self._stopping = True
            cancelled = list(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        for each in cancelled:
            each.future.cancel()

    def tag(self, tagger: TextTagger, texts: Sequence[str], timeout: float) -> list[Tagged | Exception]:
        """Tag at most ``batch_texts`` texts; the result of a text on which the model fails is the exception.

        Raises:
            TimeoutError: no answer within ``timeout`` seconds; a request that has not started is dropped.
            CancelledError: the queue was stopped.
        """
        if len(texts) > self.batch_texts:
            raise ValueError(f"Expected at most {self.batch_texts} texts, was: {len(texts)}")
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
        while requests := self._next_batch():
            texts = [text for request in requests for text in request.texts]
            tagged = iter(tag_each(requests[0].tagger, texts))
            for request in requests:
                request.future.set_result([next(tagged) for _ in request.texts])

    def _next_batch(self) -> list[_Request]:
        """The oldest request and later ones that the same model can answer in the same batch."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._stopping)
                if self._stopping:
                    return []
                batch: list[_Request] = []
                room = self.batch_texts
                for request in list(self._waiting):
                    if batch and (request.tagger is not batch[0].tagger or len(request.texts) > room):
                        continue
                    self._waiting.remove(request)
                    if request.future.set_running_or_notify_cancel():
                        batch.append(request)
                        room -= len(request.texts)
                if batch:
                    return batch


def tag_each(tagger: TextTagger, texts: Sequence[str]) -> list[Tagged | Exception]:
    """Tag all texts at once; if that fails, halve them until only the failing texts are left."""
    if not texts:
        return []
    try:
        tagged = list(tagger.tag(texts))
        if len(tagged) != len(texts):
            raise ValueError(f"Expected {len(texts)} tagged texts, was: {len(tagged)}")
    except Exception as error:
        if len(texts) == 1:
            logger.warning("The model failed on a text of %d characters: %r", len(texts[0]), error)
            return [error]
        middle = len(texts) // 2
        return tag_each(tagger, texts[:middle]) + tag_each(tagger, texts[middle:])
    return list(tagged)
