"""The events of a run, one JSON object on a line, and the record that they add up to."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_logger = logging.getLogger(__name__)

TRAIN_LOSS = "train_loss"
"""The metric of every step of a training."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run: its kind, when (Unix milliseconds), and what."""

    kind: str
    time: int
    values: Mapping[str, Any]

    def to_line(self) -> bytes:
        """The event as a line of the log.

        Raises:
            TypeError: it has a value that is not JSON.
        """
        return json.dumps({"event": self.kind, "time": self.time, **self.values}).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class MetricEvent:
    """Metrics at a step, at a time in Unix milliseconds."""

    step: int
    time: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ModelEvent:
    """A model version of the store, registered under ``name``, with the alias that it got."""

    name: str
    version: str
    alias: str | None
    path: Path | None


@dataclass(slots=True)
class LoggedRun:
    """A run as recorded in its log; ``status`` is RUNNING until it has ended."""

    id: str
    name: str = ""
    started_at: int = 0
    status: str = "RUNNING"
    params: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: list[MetricEvent] = field(default_factory=list)
    artifacts: list[Path] = field(default_factory=list)
    models: list[ModelEvent] = field(default_factory=list)

    def last_metrics(self) -> dict[str, float]:
        """The last value of every metric."""
        return {name: value for event in self.metrics for name, value in event.values.items()}


def parse(data: bytes, path: Path) -> list[Event | None]:
    """The events of a log, one entry for each complete line; None for a damaged line."""
    lines = data.split(b"\n")[:-1]
    return [_parse_line(line, path, number) for number, line in enumerate(lines, 1)]


def record(run_id: str, events: Iterable[Event | None]) -> LoggedRun:
    """The record of a run, from its events."""
    result = LoggedRun(run_id)
    for event in events:
        if event is not None:
            _add(result, event)
    return result


def model_of(event: Event) -> ModelEvent:
    """The model of an event of the kind ``model``."""
    path = event.values.get("path")
    return ModelEvent(
        event.values["name"], event.values["version"], event.values.get("alias"), Path(path) if path else None
    )


def metrics_of(event: Event) -> MetricEvent:
    """The metrics of an event of the kind ``metrics``."""
    return MetricEvent(event.values["step"], event.time, event.values["values"])


def without_given_up(events: Sequence[Event | None]) -> tuple[list[Event | None], int]:
    """The events without the metrics of trainings that began anew later, and the place of the last beginning;
    0 when there was one training only."""
    anew = max((at for at, each in enumerate(events) if each is not None and each.kind == "anew"), default=0)
    return [None if at < anew and _is_of_training(each) else each for at, each in enumerate(events)], anew


def _is_of_training(event: Event | None) -> bool:
    return event is not None and event.kind == "metrics" and TRAIN_LOSS in event.values["values"]


def last_training_step(events: Sequence[Event | None]) -> int:
    """The step of the last training that was written last; 0 before the first one."""
    kept, _ = without_given_up(events)
    trained = (each for each in kept if each is not None and _is_of_training(each))
    return max((metrics_of(each).step for each in trained), default=0)


def _add(result: LoggedRun, event: Event) -> None:
    values = event.values
    if event.kind == "start":
        result.name, result.started_at = values["name"], event.time
    elif event.kind == "name":
        result.name = values["name"]
    elif event.kind == "params":
        result.params |= values["values"]
    elif event.kind == "tags":
        result.tags |= values["values"]
    elif event.kind == "metrics":
        result.metrics.append(metrics_of(event))
    elif event.kind == "artifact":
        result.artifacts.append(Path(values["path"]))
    elif event.kind == "model":
        result.models.append(model_of(event))
    elif event.kind == "end":
        result.status = values["status"]


def _parse_line(line: bytes, path: Path, number: int) -> Event | None:
    try:
        values = json.loads(line)
        return Event(values.pop("event"), values.pop("time"), values)
    except (ValueError, KeyError, AttributeError, TypeError):
        if line.strip():
            _logger.warning("Expected an event in %s:%d, was: %r", path, number, line[:80])
        return None
