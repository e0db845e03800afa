"""The text of a task as annotators see it, and what the offsets of its regions count."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from wapaganda.annotation.collecting import FormatError
from wapaganda.annotation.counting import Counted
from wapaganda.annotation.label_studio.label_config import LabelConfig, TextForm
from wapaganda.annotation.record_spans import checked_text, offset, shown

_ADDRESS = re.compile(
    r"\s*(?:/data/(?:upload|local-files)/\S+|/data/local-files\?\S+|(?:s3|gs|azure-blob|file)://\S+"
    r"|https?://\S+\.(?:txt|text|md|html?|json|csv|wav|mp3|ogg|flac|mp4|png|jpe?g|gif|pdf)(?:\?\S*)?)\s*"
)
_ELSEWHERE = {"globalOffsets", "startOffset", "endOffset"}
"""Keys of a region whose start and end may be no offsets into the whole text."""
_HIDDEN = {"script", "style"}
_BLOCKS = {
    *("address", "article", "aside", "blockquote", "body", "dd", "div", "dl", "dt", "figcaption", "figure"),
    *("footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p"),
    *("pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
}


@dataclass(frozen=True, slots=True)
class TaskText:
    """The text of a task. ``counted``: what offsets count, if not its code points.

    ``starts``: where the paragraphs of a dialogue begin; ``None`` for other texts.
    """

    text: str
    counted: Counted | None = None
    starts: tuple[int, ...] | None = None

    def offsets(self, value: Mapping[str, Any]) -> tuple[int, int]:
        """Start and end of a region's ``value``, as counted there.

        Raises:
            FormatError: they are missing, or of another form than those of this kind of text.
        """
        if self.starts is not None:
            return self._in_dialogue(value, self.starts)
        start, end = value.get("start"), value.get("end")
        if type(start) is int and type(end) is int and not value.keys() & _ELSEWHERE:
            return start, end
        around = value.get("globalOffsets")
        if isinstance(around, Mapping) and {"start", "end"} <= around.keys():
            value = around
        elif "startOffset" in value or "endOffset" in value:
            raise FormatError(f"Expected offsets into the whole text (globalOffsets), was: {shown(value)}")
        if "start" not in value or "end" not in value:
            raise FormatError(f"Expected a region with start and end, was: {shown(value)}")
        return offset(value["start"], value), offset(value["end"], value)

    def _in_dialogue(self, value: Mapping[str, Any], starts: Sequence[int]) -> tuple[int, int]:
        if not {"start", "end", "startOffset", "endOffset"} <= value.keys():
            raise FormatError(f"Expected paragraphs (start, end) and offsets into them, was: {shown(value)}")
        ends = []
        for which in ("start", "end"):
            number = offset(value[which], value)
            if not 0 <= number < len(starts):
                raise FormatError(f"Expected one of {len(starts)} paragraphs, was: {number}")
            ends.append(starts[number] + offset(value[f"{which}Offset"], value))
        return ends[0], ends[1]


def read_text(data: Mapping[str, Any], config: LabelConfig) -> TaskText:
    """The text of a task by its label config.

    Raises:
        FormatError: the task lacks it, or it has another form.
    """
    value = text_of(data, config.data_key)
    if config.form is TextForm.PARAGRAPHS:
        return _dialogue(value, config.data_key)
    text = checked_text(value)
    return visible_text(text) if config.form is TextForm.HYPERTEXT else TaskText(text)


def is_address(text: object) -> bool:
    """Whether the text is only the address of a file."""
    return isinstance(text, str) and _ADDRESS.fullmatch(text) is not None


def text_of(data: Mapping[str, Any], key: str) -> object:
    """The field ``key`` of ``data``; dots select fields of nested objects.

    Raises:
        FormatError: there is no such field.
    """
    if key in data:
        return data[key]
    value: object = data
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise FormatError(
                f"Expected the text in data[{key!r}], was: data with {', '.join(map(str, data)) or 'nothing'}"
            )
        value = value[part]
    return value


def _dialogue(value: object, key: str) -> TaskText:
    if not is_dialogue(value):
        raise FormatError(f"Expected paragraphs with a text in data[{key!r}], was: {shown(value)}")
    parts = [checked_text(each["text"]) for each in value]  # type: ignore[attr-defined]
    starts, at = [], 0
    for part in parts:
        starts.append(at)
        at += len(part) + 1
    return TaskText("\n".join(parts), None, tuple(starts))


def is_dialogue(value: object) -> bool:
    """Whether the value has the form of ``<Paragraphs>``: a list of objects with a ``text``."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, Mapping) and isinstance(each.get("text"), str) for each in value)
    )


def visible_text(html: str) -> TaskText:
    """The visible text of HTML. A line break stands between blocks, where ``globalOffsets`` count nothing."""
    if "<" not in html and "&" not in html:
        return TaskText(html)
    reader = _Visible()
    reader.feed(html)
    reader.close()
    text = "".join(reader.parts)
    places = reader.places
    return TaskText(text, Counted("", "".join(text[at] for at in places), places, [at + 1 for at in places]))


class _Visible(HTMLParser):
    """Collects the visible text: ``parts``, and the ``places`` of the characters that offsets count."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.places: list[int] = []
        self._length = 0
        self._hidden = 0
        self._breaks = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _HIDDEN
        self._breaks = self._breaks or tag in _BLOCKS
        if tag == "br" and not self._hidden:  # Label Studio counts it as one character
            self._add("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in _HIDDEN))
        self._breaks = self._breaks or tag in _BLOCKS

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._add(data)

    def _add(self, data: str) -> None:
        stands = "\n" in (data[:1], self.parts[-1][-1:] if self.parts else "\n")
        if self._breaks and not stands:
            self.parts.append("\n")
            self._length += 1
        self._breaks = False
        self.parts.append(data)
        self.places += range(self._length, self._length + len(data))
        self._length += len(data)
