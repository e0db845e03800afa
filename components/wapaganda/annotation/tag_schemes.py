"""From tags in IOB1, IOB2, IOBES (BILOU, BMEWO), without types or without prefixes to spans.

The tags of a whole file are looked at before one of them is read: see `TagReader.of`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from wapaganda.annotation.collecting import FormatError
from wapaganda.ner import Span

MAX_TYPES = 200
"""Tags of more types than this are not taken for entity types unless the user names the scheme."""
UNTYPED = "ENTITY"
"""The label of spans whose tags have no type."""
_FORMS = {
    "B-PER": re.compile(r"(?P<prefix>[BIESLUMW])-(?P<type>.+)", re.DOTALL),
    "b-per": re.compile(r"(?P<prefix>[BIESLUMWbieslumw])-(?P<type>.+)", re.DOTALL),
    "B_PER": re.compile(r"(?P<prefix>[BIESLUMWbieslumw])_(?P<type>.+)", re.DOTALL),
    "B:PER": re.compile(r"(?P<prefix>[BIESLUMWbieslumw])[:.](?P<type>.+)", re.DOTALL),
    "PER-B": re.compile(r"(?P<type>.+)-(?P<prefix>[BIESLUMWbieslumw])", re.DOTALL),
    "PER_B": re.compile(r"(?P<type>.+)_(?P<prefix>[BIESLUMWbieslumw])", re.DOTALL),
}
_ENOUGH = {"B-PER": 0.5}
"""The part of the tags that must have a form; 0.9 for the others, which are easily mistaken."""
_JOINED = re.compile(r"[|/,;+ ] ?[BIESLUMW]-")
_PREFIXED = re.compile(r"[BI][^\w\s]\w")
_LETTERS = frozenset("BIESLUMWbieslumw")
_OPENING = frozenset("BISUW")
_OUTSIDE_WORDS = frozenset({"o", "other", "out", "outside", "none", "null", "-", "_", "0"})
_SAME = {"M": "I", "L": "E", "U": "S", "W": "S"}
_BEGINS, _ENDS = "BS", "ES"


@dataclass(frozen=True, slots=True)
class TagReader:
    """Reads the tags of one file.

    ``form``: how a tag is written: ``B-PER``, ``b-per``, ``B_PER``, ``B:PER``, ``PER-B``, ``PER_B``,
    ``plain`` (B, I, O without a type) or ``bare`` (types without a prefix). ``outside``: the tags outside of
    entities.
    """

    form: str = "B-PER"
    outside: frozenset[str] = frozenset({"O"})
    _known: dict[str, tuple[str, str]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, tags: Mapping[str, int], scheme: str = "auto") -> TagReader:
        """The reader of a file with these tags and their numbers; ``scheme`` as in ``ReadOptions``.

        Raises:
            FormatError: they are not plausible as tags; the message says why.
        """
        outside = outside_of(tags)
        marked = {tag: count for tag, count in tags.items() if tag not in outside}
        if scheme in ("bare", "plain"):
            return cls(scheme, outside)
        form = form_of(marked)
        if scheme != "auto":
            return cls("B-PER" if form in ("plain", "bare") else form, outside)
        if form == "bare":
            _check_bare(marked, any(tag in tags for tag in outside))
        reader = cls(form, outside)
        types = {reader.split(tag)[1] for tag in marked if reader.reads(tag)}
        joined = sorted(label for label in types if _JOINED.search(label))
        if joined:
            raise FormatError(f"Expected one tag for a word, was: several in one ({joined[0]!r} as type)")
        if len(types) > MAX_TYPES:
            raise FormatError(
                f"Expected at most {MAX_TYPES} entity types, was: {len(types):,} different tags"
            )
        return reader

    def split(self, tag: str) -> tuple[str, str]:
        """Prefix (B, I, E or S) and label of a tag; ``("O", "")`` outside of entities.

        Raises:
            FormatError: the tag does not have the form of the file's tags.
        """
        known = self._known.get(tag)
        if known is None:
            known = self._known[tag] = self._split(tag)
        return known

    def _split(self, tag: str) -> tuple[str, str]:
        if tag in self.outside:
            return "O", ""
        if self.form == "bare" and tag:
            return "I", tag
        if self.form == "plain" and tag in _LETTERS:
            return _normal(tag), UNTYPED
        found = _FORMS[self.form].fullmatch(tag) if self.form in _FORMS else None
        if found is None:
            raise FormatError(f"Expected {self._wanted()}, was: {tag!r}", kind="tag")
        return _normal(found["prefix"]), found["type"]

    def _wanted(self) -> str:
        outside = " or ".join(sorted(self.outside)[:1])
        if self.form == "bare":
            return f"{outside} or an entity type"
        if self.form == "plain":
            return f"{outside} or B or I"
        inside = self.form.replace("B", "I").replace("b", "i")
        return f"{outside} or a tag such as {self.form} or {inside}"

    def reads(self, tag: str) -> bool:
        """Whether ``split`` understands the tag."""
        try:
            self.split(tag)
        except FormatError:
            return False
        return True

    def spans(self, words: Sequence[str], tags: Sequence[str]) -> tuple[Span, ...]:
        """The entities over ``" ".join(words)``.

        Raises:
            FormatError: a tag cannot be read, or there are more or fewer tags than words.
        """
        if len(words) != len(tags):
            raise FormatError(f"Expected one tag for each of {len(words)} words, was: {len(tags)} tags")
        spans: list[Span] = []
        position, is_open = 0, False
        for word, tag in zip(words, tags, strict=True):
            prefix, label = self._known.get(tag) or self.split(tag)
            end = position + len(word)
            if prefix == "O":
                is_open = False
            elif is_open and prefix not in _BEGINS and spans[-1].label == label:
                spans[-1] = Span(spans[-1].start, end, label)
                is_open = prefix not in _ENDS
            else:
                spans.append(Span(position, end, label))
                is_open = prefix not in _ENDS
            position = end + 1
        return tuple(spans)

    def scheme(self, sentences: Sequence[Sequence[str]]) -> str:
        """The scheme in words: ``bare tags``, ``IOBES``, ``IOB1``, ``IOB2``, and what is unusual about it."""
        if self.form == "bare":
            name = "bare tags"
        else:
            name = self._prefix_scheme(sentences)
            if self.form == "plain":
                name += f" without types (read as {UNTYPED})"
            elif self.form != "B-PER":
                name += f", written like {self.form}"
        other = sorted(self.outside - {"O"})
        return name + (f", {other[0]!r} is outside" if other else "")

    def _prefix_scheme(self, sentences: Sequence[Sequence[str]]) -> str:
        orphans = needless = 0
        for tags in sentences:
            before = ""
            for tag in tags:
                prefix, label = self._known.get(tag) or self.split(tag)
                if prefix in _ENDS:
                    return "IOBES"
                if label != before:
                    orphans += prefix == "I"
                    needless += prefix == "B"
                before = label
        if orphans and needless:
            return f"IOB2 with {orphans} entities that begin with I- (read as if it were B-)"
        return "IOB1" if orphans else "IOB2"


def _normal(prefix: str) -> str:
    return _SAME.get(prefix.upper(), prefix.upper())


def outside_of(tags: Mapping[str, int]) -> frozenset[str]:
    """The tags that mean outside: ``O`` or ``o``; without them the commonest usual word for it, if any."""
    if letters := {tag for tag in tags if tag in ("O", "o")}:
        return frozenset(letters)
    words = [tag for tag in tags if tag.lower() in _OUTSIDE_WORDS]
    if not words:
        return frozenset({"O"})
    best = max(words, key=lambda tag: tags[tag])
    return frozenset({best}) if best in "-_0" or tags[best] == max(tags.values()) else frozenset({"O"})


def form_of(marked: Mapping[str, int]) -> str:
    """How tags inside entities are written: a form of ``_FORMS``, ``plain`` or ``bare``."""
    if not marked:
        return "B-PER"
    if marked.keys() <= _LETTERS:
        return "plain"
    total = sum(marked.values())
    best, most = "bare", 0
    for name, pattern in _FORMS.items():
        found = {tag: match["prefix"].upper() for tag in marked if (match := pattern.fullmatch(tag))}
        count = sum(marked[tag] for tag in found)
        if count > most and count >= _ENOUGH.get(name, 0.9) * total and _OPENING & set(found.values()):
            best, most = name, count
    return best


def _check_bare(marked: Mapping[str, int], has_outside: bool) -> None:
    prefixes = sorted(tag for tag in marked if tag.rstrip("-_") in _LETTERS or _PREFIXED.match(tag))
    if prefixes:
        raise FormatError(f"Expected entity types, was: {prefixes[0]!r}, a prefix without a known type")
    numbers = sorted(tag for tag in marked if tag.isdecimal())
    if numbers:
        raise FormatError(f"Expected entity types, was: the number {numbers[0]!r}")
    if not has_outside:
        shown = ", ".join(map(repr, sorted(marked, key=lambda tag: -marked[tag])[:3]))
        raise FormatError(f"Expected O for words outside of entities, was: no tag that is O ({shown} …)")


def labels_in(reader: TagReader, tags: Collection[str]) -> list[str]:
    """One label for each entity that begins in tags of which some cannot be read."""
    split = [reader.split(tag) if reader.reads(tag) else ("O", "") for tag in tags]
    before = [("O", ""), *split[:-1]]
    return [
        label
        for (_, was), (prefix, label) in zip(before, split, strict=True)
        if label and (prefix in _BEGINS or label != was)
    ]
