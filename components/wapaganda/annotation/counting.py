"""Offsets that contradict the words which a span carries: recognise how they were counted, or refuse them.

Tools count characters in different ways: a browser counts UTF-16 units and one character for a line end, a
server may count the bytes of UTF-8 or the escaped form of HTML. When spans carry their own words, a counting
is right if it leads *every* span of a text to its words. Otherwise nothing is guessed.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple, Self

_LONGEST = 100_000
"""In a longer text, in code points, two changes at once are not tried."""
_MARK = "\ufeff"
_BLANK = " \t\n\r\x0b\x0c\x85\xa0\u2028\u2029\u200b" + _MARK


class Marked(NamedTuple):
    """The offsets of a span as they were read, and its own words if it carries them."""

    start: int
    end: int
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Where the spans stand: ``ranges`` in code points, ``None`` if the offsets contradict the words.

    ``counting`` says how the offsets were counted; it is empty when they are right as they are. ``example``:
    the first contradiction.
    """

    ranges: tuple[tuple[int, int], ...] | None
    counting: str = ""
    example: str = ""


def own_words(value: object) -> str | None:
    """The words of a span if ``value`` holds some."""
    return value if isinstance(value, str) and value.strip() else None


def find_places(text: str, marks: Sequence[Marked], counted: Counted | None = None) -> Places:
    """Where the marked spans stand in ``text``. ``counted``: what the offsets count if not its code points.

    The offsets are taken as they are when they agree with the words of every span that carries them; letter
    case, white space and the escapes of HTML do not matter. Otherwise every known counting is tried. One that
    leads all spans to their words is used, unless another one leads to other places.
    """
    if counted is None:
        for start, end, words in marks:
            if text[start:end] != words and not _agrees(text, start, end, words):
                break
        else:
            return Places(tuple([(start, end) for start, end, _ in marks]))
    elif (held := counted.places(text, marks)) is not None:
        return Places(held)
    return _mended(text, marks, counted or Counted.of(text))


def _mended(text: str, marks: Sequence[Marked], plain: Counted) -> Places:
    wrong = next((mark for mark in marks if plain.places(text, [mark]) is None), marks[0])
    found: dict[tuple[tuple[int, int], ...], str] = {}
    for counted in _countings(plain):
        held = counted.places(text, marks)
        if held is not None:
            found.setdefault(held, counted.name)
    shown = plain.units[max(wrong.start, 0) : max(wrong.end, 0)]
    words = "a span inside the text" if wrong.words is None else repr(wrong.words[:40])
    example = f"Expected {words} at {wrong.start} to {wrong.end}, was: {shown[:40]!r}"
    if len(found) != 1:
        return Places(None, "", example + (" (several countings would fit)" if found else ""))
    ranges, name = found.popitem()
    return Places(ranges, name, f"{example}; the offsets {name}")


def _agrees(text: str, start: int, end: int, words: str | None) -> bool:
    if words is None:
        return True
    if not 0 <= start < end <= len(text):
        return False
    part = text[start:end]
    return part == words or _bare(part) == _bare(words)


def _is_exactly(part: str, words: str | None) -> bool:
    """Whether these are the words, but for white space inside; the words may be escaped as in HTML."""
    if words is None or part == words:
        return True
    if part[:1].isspace() > words[:1].isspace() or part[-1:].isspace() > words[-1:].isspace():
        return False
    part, words = _single_spaced(part), _single_spaced(words)
    return part == words or (len(part) > 2 and part == html.unescape(words))


def _single_spaced(part: str) -> str:
    """The words with single blanks; Label Studio writes a line end as a backslash and n."""
    plain = part.replace("\\n", " ").replace("\\r", " ").replace("\\t", " ").replace("\u200b", "")
    plain = plain if plain.isascii() else unicodedata.normalize("NFC", plain)
    return " ".join(plain.replace(_MARK, "").split())


def _bare(part: str) -> str:
    """The words without case, white space and escapes."""
    return _single_spaced(html.unescape(part) if "&" in part else part).casefold()


@dataclass(frozen=True, slots=True)
class Counted:
    """A text as another tool counts it: for each of its units the code points where it begins and ends.

    -1: within a character or an escape, where no span begins or ends.
    """

    name: str
    units: str
    begins: Sequence[int]
    ends: Sequence[int]
    inclusive: bool = False
    changes: int = 0

    @classmethod
    def of(cls, text: str) -> Self:
        """The text by its code points."""
        return cls("", text, range(len(text)), range(1, len(text) + 1))

    def places(self, text: str, marks: Sequence[Marked]) -> tuple[tuple[int, int], ...] | None:
        """The ranges of all marks, if the counting leads each to its words."""
        ranges = []
        for mark in marks:
            last = mark.end if self.inclusive else mark.end - 1
            if not 0 <= mark.start <= last < len(self.begins):
                return None
            start, end = self.begins[mark.start], self.ends[last]
            if start < 0 or end <= start or not _is_exactly(text[start:end], mark.words):
                return None
            ranges.append(_trimmed(text, start, end))
        return tuple(ranges)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without white space at its ends, so that two ways to the same words are one."""
    part = text[start:end]
    left, right = part.lstrip(_BLANK), part.rstrip(_BLANK)
    return (start + len(part) - len(left), end - len(part) + len(right)) if left else (start, end)


@dataclass(frozen=True, slots=True)
class _Change:
    """How another tool changed the text before it counted: what was replaced by what."""

    name: str
    pattern: re.Pattern[str]
    by: Callable[[re.Match[str]], str]

    def of(self, before: Counted) -> Counted | None:
        """The text with this change; ``None`` if it changes nothing."""
        parts: list[str] = []
        begins: list[int] = []
        ends: list[int] = []
        at = 0
        for match in self.pattern.finditer(before.units):
            start, end, new = match.start(), match.end(), self.by(match)
            first, last = (before.begins[start], before.ends[end - 1]) if end > start else (-1, -1)
            parts += [before.units[at:start], new]
            begins += [*before.begins[at:start], *_spread(first, new, 0)]
            ends += [*before.ends[at:start], *_spread(last, new, -1)]
            at = end
        units = "".join([*parts, before.units[at:]])
        if units == before.units:
            return None
        return Counted(
            _joined(before.name, self.name),
            units,
            [*begins, *before.begins[at:]],
            [*ends, *before.ends[at:]],
            changes=before.changes + 1,
        )


def _spread(offset: int, new: Sequence[object], at: int) -> list[int]:
    """The offset for one unit of ``new``, the first or the last; -1 for its other units."""
    spread = [-1] * len(new)
    if spread:
        spread[at] = offset
    return spread


_LINES = (
    _Change("count one character for CR LF", re.compile("\r\n"), lambda _: "\n"),
    _Change("count CR LF for a line end", re.compile("(?<!\r)\n"), lambda _: "\r\n"),
    _Change("leave out line ends", re.compile("\r\n|\n|\r"), lambda _: ""),
    _Change("leave out blanks at the ends of lines", re.compile(r"(?m)^[^\S\n]+|[^\S\n]+$"), lambda _: ""),
    _Change("leave out blanks and empty lines", re.compile(r"(?m)^\s+|\s+$"), lambda _: ""),
    _Change("leave out white space at the start", re.compile(r"\A\s+"), lambda _: ""),
    _Change("count white space as one blank", re.compile(r"\s{2,}"), lambda _: " "),
    _Change(
        "count white space as one blank, none at the start",
        re.compile(r"\A\s+|\s{2,}"),
        lambda match: " " if match.start() else "",
    ),
)
_AMPERSANDS, _QUOTES = re.compile("[&<>]"), re.compile("[&<>\"']")
_ESCAPES = (
    _Change("count escapes of HTML", _AMPERSANDS, lambda match: html.escape(match[0], quote=False)),
    _Change("count escapes of HTML", re.compile('[&<>"]'), lambda match: html.escape(match[0])),
    _Change("count escapes of HTML", _QUOTES, lambda match: html.escape(match[0])),
    _Change("count escapes of HTML", _QUOTES, lambda match: html.escape(match[0]).replace("x27", "39")),
    _Change(
        "count an escape of HTML as one character",
        re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"),
        lambda match: html.unescape(match[0]),
    ),
)
_STARTS = (
    _Change("leave out the byte-order mark", re.compile(r"\A\ufeff"), lambda _: ""),
    _Change("count from 1 or with a byte-order mark", re.compile(r"\A(?!\ufeff)"), lambda _: _MARK),
)
_UNITS = {"count UTF-16 units": "utf-16-le", "count bytes of UTF-8": "utf-8"}
_INCLUSIVE = "name the last character as the end"
_UNIT_BYTES = {"utf-16-le": 2, "utf-8": 1}


def _countings(plain: Counted) -> Iterator[Counted]:
    """The known countings that differ for this text: one change, or two at once."""
    most = 1 if len(plain.units) > _LONGEST else 2
    once = [plain]
    for layer in (_LINES, _ESCAPES, _STARTS):
        changed = [each.of(before) for before, each in product(list(once), layer) if before.changes < most]
        once += [after for after in changed if after is not None]
    for counted in once:
        yield from _in_units(counted, counted.changes == most)


def _in_units(counted: Counted, is_full: bool) -> Iterator[Counted]:
    """The counting itself, and unless ``is_full`` the same in other units or with inclusive ends."""
    if counted.name:
        yield counted
    if is_full:
        return
    yield replace(counted, name=_joined(counted.name, _INCLUSIVE), inclusive=True)
    for name, encoding in _UNITS.items():
        width = _UNIT_BYTES[encoding]
        sizes = [len(unit.encode(encoding, "surrogatepass")) // width for unit in counted.units]
        if max(sizes, default=1) == 1:
            continue
        begins = [
            each for at, size in zip(counted.begins, sizes, strict=True) for each in [at, *[-1] * (size - 1)]
        ]
        ends = [
            each for at, size in zip(counted.ends, sizes, strict=True) for each in [*[-1] * (size - 1), at]
        ]
        yield Counted(_joined(counted.name, name), "", begins, ends)
        if not counted.changes:
            yield Counted(_joined(name, _INCLUSIVE), "", begins, ends, inclusive=True)


def _joined(*names: str) -> str:
    return " and ".join(name for name in names if name)
