"""From a Label Studio task to a text, and from a tagged text to a Label Studio result; no side effects."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from wapaganda.annotation import LabelConfig, LabelMapping, result_from_spans
from wapaganda.annotation_cost import worth_showing
from wapaganda.ner import Span
from wapaganda.terms import DecidedTerms

UNANSWERED: Final = "unanswered"
"""The version of an empty answer without a model. It is never the current version, so Label Studio asks
again.
"""

_MISSING: Final = object()
_REASON_CHARS: Final = 300


class UnreadableTaskError(ValueError):
    """A task without a valid text; annotators see the message as the reason."""


@dataclass(frozen=True, slots=True)
class Showing:
    """How the spans of a project are shown: ``mapping`` of older labels, the confidence (0 to 1) below
    which a span is hidden, and what was decided about terms."""

    mapping: LabelMapping = field(default_factory=LabelMapping)
    floor: float = 0.0
    terms: DecidedTerms = field(default_factory=DecidedTerms)


@dataclass(frozen=True, slots=True)
class RequestConfig:
    """The label config of a request, the confidence below which a span is hidden, and what was decided about
    terms."""

    labels: LabelConfig
    floor: float = 0.0
    terms: DecidedTerms = field(default_factory=DecidedTerms)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for one task; ``dropped`` counts spans whose label the project does not have (any more),
    ``hidden`` those that are too doubtful."""

    model_version: str
    result: Sequence[Mapping[str, Any]] = field(default=())
    score: float = 0.0
    reason: str | None = None
    dropped: int = 0
    hidden: int = 0

    def to_json(self) -> dict[str, Any]:
        """The item of ``results``; Label Studio stores the first three and ignores the reason."""
        item: dict[str, Any] = {
            "result": list(self.result),
            "score": self.score,
            "model_version": self.model_version,
        }
        if self.reason is not None:
            item["reason"] = shortened(self.reason)
        return item


def shortened(reason: str) -> str:
    """At most 300 characters of ``reason``: it stands in the answer once for each task."""
    return reason if len(reason) <= _REASON_CHARS else reason[: _REASON_CHARS - 1] + "…"


def text_of(task: object, config: LabelConfig, max_chars: int) -> str:
    """The text that annotators see in a task. Lone surrogates are replaced one by one, so that offsets hold.

    Raises:
        UnreadableTaskError: there is none, it is no string, or it is longer than ``max_chars``.
    """
    data = task.get("data") if isinstance(task, Mapping) else None
    if not isinstance(data, Mapping):
        raise UnreadableTaskError("Expected a task with a `data` object, was: none.")
    text = _field(data, config.data_key)
    if text is _MISSING:
        raise UnreadableTaskError(f"Expected a text under data.{config.data_key}, was: no such key.")
    if not isinstance(text, str):
        raise UnreadableTaskError(f"Expected a text under data.{config.data_key}, was: {_kind(text)}.")
    if len(text) > max_chars:
        raise UnreadableTaskError(f"Expected a text of at most {max_chars} characters, was: {len(text)}.")
    return text if text.isascii() else text.encode("utf-32", "surrogatepass").decode("utf-32", "replace")


def answer(
    spans: Iterable[Span],
    text: str,
    config: RequestConfig,
    version: str,
    confidence: float,
) -> Answer:
    """The regions of one text, with what was decided about its terms, without spans below the floor."""
    decided = config.terms.applied(text, spans)
    known = [span for span in decided if config.labels.canonical(span.label) is not None]
    shown = worth_showing(known, config.floor)
    score = min(1.0, max(0.0, confidence)) if math.isfinite(confidence) else 0.0
    return Answer(
        version,
        result_from_spans(shown, text, config.labels),
        score,
        dropped=len(decided) - len(known),
        hidden=len(known) - len(shown),
    )


def _field(data: Mapping[str, object], key: str) -> object:
    """The value under ``key``; a dot selects from a nested object, as in Label Studio's ``$a.b``."""
    if key in data:
        return data[key]
    first, dot, rest = key.partition(".")
    inner = data.get(first)
    return _field(inner, rest) if dot and isinstance(inner, Mapping) else _MISSING


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")
