"""Answers for tasks: one for each, and a task that fails does not affect the others."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wapaganda.annotation import LabelConfig, parse_label_config, refuse_other_forms
from wapaganda.ml_backend.logs import brief
from wapaganda.ml_backend.prediction.batching import Tagged, TaggingQueue
from wapaganda.ml_backend.prediction.drawn import DrawnRegion, SameWords, drawn_regions
from wapaganda.ml_backend.prediction.model_cache import ModelCache
from wapaganda.ml_backend.prediction.model_repository import UNTRAINED, LoadedModel
from wapaganda.ml_backend.prediction.source_answers import KnownSources, NoSources, reason_of
from wapaganda.ml_backend.prediction.tasks import (
    UNANSWERED,
    Answer,
    RequestConfig,
    Showing,
    UnreadableTaskError,
    answer,
    text_of,
)
from wapaganda.ml_backend.project_id import ProjectRef, project_ref
from wapaganda.ml_backend.schemas import PredictRequest

logger = logging.getLogger(__name__)


class UncertaintyMeasure(Protocol):
    """An uncertainty measure."""

    def __call__(self, log_probs: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        """From arrays of shape (n_words, n_tags) to values in [0, 1]. Shape: (n_texts,)."""


class KnownConfigs(Protocol):
    """Label configs that Label Studio sent earlier."""

    def __call__(self, key: str) -> str | None:
        """The config (XML) last seen for a project, by its key."""


class KnownShowings(Protocol):
    """What users and rounds have decided about the spans of a project."""

    def __call__(self, key: str) -> Showing:
        """How the spans of a project are shown now, by its key."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about the projects: their label configs, how their spans are shown, and their sources."""

    configs: KnownConfigs
    showings: KnownShowings
    sources: KnownSources = NoSources()  # noqa: RUF009 - it has no state


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for a request, seconds of these for the first load of a model, the longest text and label
    config in characters, the most ``tasks`` in a request, and the most requests at a time (``places``).
    ``label_tag``, ``text_field``: which of several tags and texts is meant.
    """

    seconds: float = 90.0
    load_seconds: float = 60.0
    text_chars: int = 500_000
    config_chars: int = 1_000_000
    tasks: int = 1_000
    places: int = 100
    label_tag: str = ""
    text_field: str = ""


@dataclass(frozen=True, slots=True)
class _Readable:
    place: int
    text: str


class Predictor:
    """Answers prediction requests; safe to call from many threads at once."""

    def __init__(
        self,
        models: ModelCache,
        queue: TaggingQueue,
        measure: UncertaintyMeasure,
        known: Known,
        limits: Limits,
    ) -> None:
        self._models = models
        self._queue = queue
        self._measure = measure
        self._known = known
        self._limits = limits
        self._same = SameWords()
        self._parse = lru_cache(maxsize=64)(parse_label_config)
        self._chosen = (limits.label_tag, limits.text_field)

    def predict(self, request: PredictRequest, arrived: float) -> list[Answer]:
        """One answer for each task, in order; without an answer an empty one with a reason.

        When an annotator has drawn a region it holds the other places of its words, which needs no model.
        ``arrived``: when the request did, by the monotonic clock.
        """
        deadline = arrived + self._limits.seconds
        project = project_ref(request.project) or _project_of(request.tasks)
        if project is None:
            return _all(request, UNTRAINED, "Expected a project such as 12.1795335716, so no model is known.")
        if drawn := drawn_regions(request.params):
            return self._same_words(request, project, drawn)
        left = max(0.0, deadline - time.monotonic())
        live = self._models.get(project.key, min(self._limits.load_seconds, left))
        if live is None:
            return self._without_model(request, project, deadline)
        try:
            config = self._config(request, project)
        except ValueError as error:
            return _all(request, UNANSWERED, str(error))
        showing = self._known.showings(project.key)
        config = replace(config, mapping=showing.mapping)
        return self._with_model(request, RequestConfig(config, showing.floor, showing.terms), live, deadline)

    def _same_words(
        self, request: PredictRequest, project: ProjectRef, drawn: Sequence[DrawnRegion]
    ) -> list[Answer]:
        try:
            config = self._config(request, project)
        except ValueError as error:
            return _all(request, UNANSWERED, str(error))
        answers = []
        for task in request.tasks:
            try:
                text = text_of(task, config, self._limits.text_chars)
                answers.append(self._same.answer(project.key, drawn, text, task, config))
            except UnreadableTaskError as problem:
                answers.append(Answer(UNANSWERED, reason=str(problem)))
        return answers

    def _config(self, request: PredictRequest, project: ProjectRef) -> LabelConfig:
        xml = request.label_config or self._known.configs(project.key)
        if not xml:
            raise ValueError(
                "Expected the project's label_config, was: none, in the request or in a /setup before it."
            )
        if len(xml) > self._limits.config_chars:
            raise ValueError(
                f"Expected a label_config of at most {self._limits.config_chars} characters, was: {len(xml)}."
            )
        config = self._parse(xml, *self._chosen)
        refuse_other_forms(config)
        return config

    def _without_model(self, request: PredictRequest, project: ProjectRef, deadline: float) -> list[Answer]:
        state = self._models.state(project.key)
        if state.error:
            return _all(request, UNANSWERED, state.error)
        if state.target:
            return _all(request, UNANSWERED, f"Model {state.target} is still loading; ask again in a moment.")
        if self._known.sources.version:
            return self._by_sources(request, project, deadline)
        return _all(request, UNTRAINED, "There is no model yet: label some texts and start a training.")

    def _by_sources(self, request: PredictRequest, project: ProjectRef, deadline: float) -> list[Answer]:
        """What the sources propose, as long as there is no model."""
        version = self._known.sources.version
        try:
            labels = self._config(request, project)
        except ValueError as error:
            return _all(request, UNANSWERED, str(error))
        showing = self._known.showings(project.key)
        labels = replace(labels, mapping=showing.mapping)
        config = RequestConfig(labels, showing.floor, showing.terms)
        answers: list[Answer] = [Answer(version)] * len(request.tasks)
        readable = []
        for place, task in enumerate(request.tasks):
            try:
                readable.append(_Readable(place, text_of(task, labels, self._limits.text_chars)))
            except UnreadableTaskError as problem:
                answers[place] = Answer(version, reason=str(problem))
        left = deadline - time.monotonic()
        try:
            texts = [each.text for each in readable]
            found = self._known.sources.propose(project.key, texts, labels.labels, left) if texts else []
        except TimeoutError:
            late = f"The sources did not answer within {self._limits.seconds:g} s; ask again."
            return _all(request, UNANSWERED, late)
        except Exception as error:  # also the code of a user
            logger.warning("The sources of %s do not answer: %s", project.key, brief(error))
            return _all(request, UNANSWERED, reason_of(error))
        for each, spans in zip(readable, found, strict=True):
            confidence = min((span.score or 0.0 for span in spans), default=0.0)
            answers[each.place] = answer(spans, each.text, config, version, confidence)
        return answers

    def _with_model(
        self, request: PredictRequest, config: RequestConfig, live: LoadedModel, deadline: float
    ) -> list[Answer]:
        answers: list[Answer | None] = [None] * len(request.tasks)
        readable = []
        for place, task in enumerate(request.tasks):
            try:
                readable.append(_Readable(place, text_of(task, config.labels, self._limits.text_chars)))
            except UnreadableTaskError as problem:
                answers[place] = Answer(live.version, reason=str(problem))
        readable.sort(key=lambda each: len(each.text))
        for part in self._parts(readable):
            for each, given in zip(part, self._answer_part(part, config, live, deadline), strict=True):
                answers[each.place] = given
        return [given or Answer(UNANSWERED) for given in answers]

    def _parts(self, readable: Sequence[_Readable]) -> Iterator[Sequence[_Readable]]:
        """Texts that are read together, the shortest first: a long text is alone."""
        part: list[_Readable] = []
        characters = 0
        for each in readable:
            characters += len(each.text)
            if part and (len(part) == self._queue.batch_texts or characters > self._queue.batch_characters):
                yield part
                part, characters = [], len(each.text)
            part.append(each)
        if part:
            yield part

    def _answer_part(
        self,
        part: Sequence[_Readable],
        config: RequestConfig,
        live: LoadedModel,
        deadline: float,
    ) -> list[Answer]:
        left = deadline - time.monotonic()
        late = Answer(UNANSWERED, reason=f"Not reached within {self._limits.seconds:g} s; ask again.")
        if left <= 0:
            return [late] * len(part)
        try:
            tagged = self._queue.tag(live.tagger, [each.text for each in part], left)
        except (TimeoutError, CancelledError):
            return [late] * len(part)
        confidences = iter(self._confidences(tagged))
        return [
            _answer_one(each.text, said, config, live.version, confidences)
            for each, said in zip(part, tagged, strict=True)
        ]

    def _confidences(self, tagged: Sequence[Tagged | Exception]) -> NDArray[np.float64]:
        """One for each tagged text, in [0, 1]; NaN for all when the measure fails."""
        found = [said.log_probs for said in tagged if not isinstance(said, Exception)]
        try:
            return 1.0 - self._measure(found)
        except Exception as error:
            logger.error("The uncertainty measure failed on %d texts: %s.", len(found), brief(error))
            return np.full(len(found), np.nan)


def _answer_one(
    text: str,
    tagged: Tagged | Exception,
    config: RequestConfig,
    version: str,
    confidences: Iterator[float],
) -> Answer:
    if isinstance(tagged, Exception):
        return Answer(UNANSWERED, reason=f"The model failed on this text: {type(tagged).__name__}.")
    confidence = float(next(confidences))
    try:
        return answer(tagged.spans, text, config, version, confidence)
    except Exception as error:
        logger.error("A task was left empty: %s.", brief(error))
        reason = f"The spans of this text could not be converted: {type(error).__name__}."
        return Answer(UNANSWERED, reason=reason)


def _all(request: PredictRequest, version: str, reason: str) -> list[Answer]:
    return [Answer(version, reason=reason)] * len(request.tasks)


def _project_of(tasks: Sequence[object]) -> ProjectRef | None:
    first = tasks[0] if tasks else None
    return project_ref(first.get("project")) if isinstance(first, Mapping) else None
