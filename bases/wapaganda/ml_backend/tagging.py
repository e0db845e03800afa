"""One model call at a time, first come first served: texts of requests that wait together share a batch."""

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
    """What a model says about one text; ``log_probs`` has shape (n_words, n_tags)."""

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
class _Ask:
    tagger: TextTagger
    texts: tuple[str, ...]
    answer: "Future[list[Tagged | Exception]]"


class TaggingQueue:
    """A thread that owns every model call, so that concurrent requests never compete for the same cores."""

    def __init__(self, batch_texts: int = 64) -> None:
        self.batch_texts = batch_texts
        self._asks: deque[_Ask] = deque()
        self._news = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="tagging", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch at hand and stop; what still waits is cancelled."""
        with self._news:
            self._stopping = True
            waiting = list(self._asks)
            self._asks.clear()
            self._news.notify_all()
        for ask in waiting:
            ask.answer.cancel()

    def tag(self, tagger: TextTagger, texts: Sequence[str], timeout: float) -> list[Tagged | Exception]:
        """Tag at most ``batch_texts`` texts; a text that the model fails on comes back as the exception.

        Raises:
            TimeoutError: no answer within ``timeout`` seconds; what has not begun by then is dropped.
            CancelledError: the queue was stopped.
        """
        if len(texts) > self.batch_texts:
            raise ValueError(f"Expected at most {self.batch_texts} texts, was: {len(texts)}")
        ask = _Ask(tagger, tuple(texts), Future())
        with self._news:
            if self._stopping:
                ask.answer.cancel()
            self._asks.append(ask)
            self._news.notify()
        try:
            return ask.answer.result(timeout)
        finally:
            ask.answer.cancel()

    def _run(self) -> None:
        while asks := self._next_batch():
            texts = [text for ask in asks for text in ask.texts]
            answers = iter(tag_each(asks[0].tagger, texts))
            for ask in asks:
                ask.answer.set_result([next(answers) for _ in ask.texts])

    def _next_batch(self) -> list[_Ask]:
        """The oldest ask and those behind it that the same model can answer in the same batch."""
        with self._news:
            while True:
                self._news.wait_for(lambda: self._asks or self._stopping)
                if self._stopping:
                    return []
                batch: list[_Ask] = []
                room = self.batch_texts
                for ask in list(self._asks):
                    if batch and (ask.tagger is not batch[0].tagger or len(ask.texts) > room):
                        continue
                    self._asks.remove(ask)
                    if ask.answer.set_running_or_notify_cancel():
                        batch.append(ask)
                        room -= len(ask.texts)
                if batch:
                    return batch


def tag_each(tagger: TextTagger, texts: Sequence[str]) -> list[Tagged | Exception]:
    """Tag all texts at once; if that fails, halve them until the failure stands alone."""
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
