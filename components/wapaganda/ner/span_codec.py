"""Spans as JSON, for our own files."""

from collections.abc import Iterable
from typing import Any

from wapaganda.ner.document import Span


def encode_spans(spans: Iterable[Span], *, scores: bool = False) -> list[list[Any]]:
    """Each span as ``[start, end, label]``, or as ``[start, end, label, score]`` with ``scores``."""
    if scores:
        return [[span.start, span.end, span.label, span.score] for span in spans]
    return [[span.start, span.end, span.label] for span in spans]


def decode_spans(values: Iterable[Any]) -> tuple[Span, ...]:
    """The spans of rows ``[start, end, label]``, ``[start, end, label, score]`` or ``span_to_dict`` objects.

    Raises:
        ValueError: a value has none of these forms.
    """
    return tuple(_span(value) for value in values)


def span_to_dict(span: Span) -> dict[str, Any]:
    """``{"start", "end", "label"}``, and ``"score"`` when the span has one."""
    values: dict[str, Any] = {"start": span.start, "end": span.end, "label": span.label}
    return values if span.score is None else values | {"score": span.score}


def _span(value: Any) -> Span:  # noqa: ANN401 (any JSON value)
    score: Any = None
    match value:
        case {"start": start, "end": end, "label": label}:
            score = value.get("score")
        case [start, end, label]:
            pass
        case [start, end, label, score]:
            pass
        case _:
            raise ValueError(f"Expected a span as [start, end, label] or an object, was: {value!r}")
    return Span(int(start), int(end), str(label), None if score is None else float(score))
