"""Spans in JSON as the tools write them: their keys, their forms, and what looks like them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from math import isfinite
from typing import Any

from wapaganda.annotation.collecting import FormatError
from wapaganda.annotation.counting import Marked, find_places
from wapaganda.annotation.tag_schemes import TagReader, form_of, labels_in, outside_of
from wapaganda.ner import Span

SPAN_KEYS = frozenset(
    ("spans", "entities", "ents", "label", "labels", "annotation", "annotations", "named_entities", "ner")
)
"""The keys, in lower case, under which tools write spans."""
TAG_KEYS = ("ner_tags", "tags", "labels", "ner_labels", "ner", "label", "iob", "bio")
"""The keys, in lower case, under which tools write one tag for each token; the first present one counts."""
MACHINE_KEYS = frozenset(
    ("proposed", "prediction", "predictions", "suggestion", "suggestions", "predicted", "predicted_spans")
)
"""The keys, in lower case, under which tools write what a model found."""
_STARTS = ("start", "start_offset", "start_char", "begin")
_ENDS = ("end", "end_offset", "end_char", "stop")
_NAMES = ("label", "type", "entity", "entity_group", "entity_type", "tag", "category", "class")
_STRONG_NAMES = frozenset(("label", "entity", "entity_type", "entity_group"))
_OWN_WORDS = ("text", "value", "word", "surface", "mention")
_NO_LABELS = frozenset(("tokens", "words", "sents", "sentences", "relations", "comments", "cats", "options"))
_TAG = re.compile(r"[BIESLUMWbieslumw][-_].+|.+[-_][BIESLUMW]")
_LOOKED_AT = 5


def spans_of(value: object, key: str) -> tuple[Span, ...]:
    """The spans of a list, or of an object of lists as ``datasets`` gives it.

    Raises:
        FormatError: it has another form.
    """
    items = _rows(value)
    if not isinstance(items, list | tuple):
        raise FormatError(f"Expected {key} to be a list of spans or null, was: {shown(value)}")
    return tuple(map(_span, items))


def placed_spans(spans: tuple[Span, ...], value: object, text: str) -> tuple[tuple[Span, ...], str]:
    """The spans where the words stand that they carry, and how their offsets were counted if not as ours.

    Raises:
        FormatError: the offsets contradict the words, and no other counting explains them all.
    """
    items = _rows(value)
    if not isinstance(items, list | tuple) or not any(map(own_words, items)):
        return spans, ""
    marks = [Marked(span.start, span.end, own_words(item)) for span, item in zip(spans, items, strict=True)]
    places = find_places(text, marks)
    if places.ranges is None:
        raise FormatError(places.example, kind="offsets-contradict")
    if not places.counting:
        return spans, ""
    moved = zip(spans, places.ranges, strict=True)
    return tuple(Span(start, end, span.label, span.score) for span, (start, end) in moved), places.counting


def _rows(value: object) -> object:
    """A list of objects in place of an object of lists of the same length."""
    if not isinstance(value, Mapping) or not value:
        return value
    lists = list(value.values())
    if not all(isinstance(each, list) and len(each) == len(lists[0]) for each in lists):
        return value
    return [dict(zip(value, row, strict=True)) for row in zip(*lists, strict=True)]


def _span(item: object) -> Span:
    if type(item) is dict and "label" in item and "start" in item and "end" in item:
        start, end, label, score = item["start"], item["end"], item["label"], item.get("score")
    else:
        start, end, label, score = _parts(item)
    if type(start) is not int or type(end) is not int:
        start, end = offset(start, item), offset(end, item)
    if not isinstance(label, str) or not label:
        kind = "label-numbers" if isinstance(label, int) else "malformed"
        raise FormatError(f"Expected a label that is a string, was: {shown(item)}", kind=kind)
    return Span(start, end, checked_label(label), None if score is None else checked_score(score))


def _parts(item: object) -> tuple[object, object, object, object]:
    """Start, end, label and score of a span in any of the known forms.

    Raises:
        FormatError: it has none of them.
    """
    if isinstance(item, Mapping):
        start, end, label = _first(item, _STARTS), _first(item, _ENDS), _first(item, _NAMES)
        if label is None and isinstance(names := item.get("labels"), list) and len(names) == 1:
            label = names[0]
        if start is not None and end is not None and label is not None:
            return start, end, label, item.get("score", item.get("confidence"))
    elif isinstance(item, list | tuple) and len(item) in (3, 4):
        score = item[3] if len(item) == 4 else None
        if isinstance(item[0], str) and not isinstance(item[2], str):
            return item[1], item[2], item[0], score
        return item[0], item[1], item[2], score
    raise FormatError(f"Expected a span with start, end and label, was: {shown(item)}")


def _first(item: Mapping[str, Any], keys: Iterable[str]) -> object:
    return next((item[key] for key in keys if item.get(key) is not None), None)


def own_words(item: object) -> str | None:
    """The words that a span says it marks, if it says so."""
    if not isinstance(item, Mapping) or len(item) <= 3:
        return None
    found = _first(item, _OWN_WORDS)
    return found if isinstance(found, str) and found.strip() else None


def looks_like_spans(value: object, depth: int = 2) -> bool:
    """Whether a value has the form of a span, or holds some within two levels."""
    if _is_span_like(value):
        return True
    if depth == 0 or not isinstance(value, list | tuple | Mapping):
        return False
    if isinstance(value, Mapping):
        pairs = (each for each in value.values() if isinstance(each, list) and each)
        if any(all(_is_pair(item) for item in each) for each in pairs):
            return True
    inner = value.values() if isinstance(value, Mapping) else value
    return any(looks_like_spans(each, depth - 1) for each in islice(inner, _LOOKED_AT))


def _is_span_like(item: object) -> bool:
    if isinstance(item, Mapping):
        keys = {str(key).lower() for key in item}
        if keys & {*_STARTS, *_ENDS, "offset", "offsets"}:
            return bool(keys & {*_NAMES, "labels", "name"})
        return bool(keys & _STRONG_NAMES) and bool(keys & set(_OWN_WORDS))
    if isinstance(item, list | tuple) and 3 <= len(item) <= 5:
        numbers = sum(isinstance(each, int) and not isinstance(each, bool) for each in item)
        return numbers >= 2 and any(isinstance(each, str) for each in item)
    return False


def _is_pair(item: object) -> bool:
    return isinstance(item, list | tuple) and len(item) == 2 and all(type(each) is int for each in item)


def looks_like_tags(value: object, n_words: int = 0) -> bool:
    """Whether a value has the form of tags: mostly ``O`` and tags with a prefix, or ``O`` for some words."""
    if isinstance(value, str):
        first = value[:200].split()[:3]
        tags: Any = value.split() if any(each in "Oo" or _TAG.fullmatch(each) for each in first) else []
    else:
        tags = value
    if not isinstance(tags, list | tuple) or not tags or not all(isinstance(tag, str) for tag in tags):
        return False
    counts = Counter(tags)
    outside = outside_of(counts)
    marked = {tag: count for tag, count in counts.items() if tag not in outside}
    if form_of(marked) not in ("bare", "plain"):
        return bool(marked) or (len(tags) == n_words and "O" in counts)
    return len(tags) == n_words and "O" in counts


def looks_like_labels(key: str, value: object, n_words: int) -> bool:
    """Whether the value under an unknown key holds labels that nobody would read."""
    if not value or key.lower() in _NO_LABELS or isinstance(value, bool | int | float):
        return False
    if (
        isinstance(value, list)
        and n_words
        and len(value) == n_words
        and all(type(each) is int for each in value)
    ):
        return any(part in key.lower() for part in ("tag", "label", "ner", "iob", "bio", "entit"))
    return looks_like_spans(value) or looks_like_tags(value, n_words)


def labels_among(value: object) -> Iterator[str]:
    """The labels in a value that looks like spans or tags, as far as they can be found."""
    if looks_like_tags(value):
        tags = value.split() if isinstance(value, str) else list(value)  # type: ignore[call-overload]
        counts = dict.fromkeys(tags, 1)
        outside = outside_of(counts)
        form = form_of({tag: 1 for tag in counts if tag not in outside})
        yield from map(printable, labels_in(TagReader(form, outside), tags))
    elif isinstance(value, Mapping):
        name = _first(value, _NAMES)
        if isinstance(name, str) and _is_span_like(value):
            yield printable(name)
        else:
            for key, each in value.items():
                if isinstance(each, list) and each and all(map(_is_pair, each)):
                    yield from [printable(str(key))] * len(each)
                else:
                    yield from labels_among(each)
    elif isinstance(value, list | tuple):
        if _is_span_like(value):
            yield from (printable(each) for each in value[:3] if isinstance(each, str))
        else:
            yield from (name for each in value for name in labels_among(each))


def offset(value: object, item: object) -> int:
    """A code-point offset.

    Raises:
        FormatError: it is not a whole number.
    """
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise FormatError(f"Expected whole numbers for start and end, was: {shown(item)}")
    return value


def checked_score(value: object) -> float | None:
    """A score in [0, 1], or ``None`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)


def checked_text(text: object) -> str:
    """The text, checked.

    Raises:
        FormatError: it is not a string, or contains half of a surrogate pair, which cannot be encoded.
    """
    if not isinstance(text, str):
        raise FormatError(f"Expected a text, was: {shown(text)}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FormatError(f"Expected whole characters, was: half a surrogate pair in {shown(text)}") from None
    return text


def checked_label(label: str) -> str:
    """The label, checked.

    Raises:
        FormatError: it contains half of a surrogate pair.
    """
    return label if label.isascii() else checked_text(label)


def shown(value: object) -> str:
    """The value as text, shortened for a message."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def printable(text: str) -> str:
    """The text with a mark in place of half a surrogate pair, for messages."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def checked_meta(value: Any, key: str, mended: list[str]) -> Any:  # noqa: ANN401 - any JSON value
    """A value of ``meta``; numbers that are no JSON become ``None``, and their key is added to ``mended``.

    Raises:
        FormatError: a text in it contains half of a surrogate pair.
    """
    if isinstance(value, str):
        return value if value.isascii() else checked_text(value)
    if isinstance(value, float) and not isfinite(value):
        mended.append(key)
        return None
    if isinstance(value, Mapping):
        return {checked_text(inner): checked_meta(each, key, mended) for inner, each in value.items()}
    if isinstance(value, list | tuple):
        return [checked_meta(each, key, mended) for each in value]
    return value
