"""From tags in IOB1, IOB2, IOBES (BILOU) or without prefixes to spans."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from wapaganda.ner import Span

_PREFIXED = re.compile(r"([BIESLUM])-(.+)", re.DOTALL)
_BEGINS, _ENDS = "BSU", "ESLU"
_NEXT_PREFIX = {"M": "I"}


@dataclass(frozen=True, slots=True)
class TagReader:
    """Reads the tags of one file. ``bare``: its tags have no prefix."""

    bare: bool

    @classmethod
    def of(cls, tags: Sequence[str]) -> TagReader:
        """The reader of a file with these tags: bare if fewer than half of them (but ``O``) have a prefix."""
        marked = [tag for tag in tags if tag != "O"]
        return cls(2 * sum(is_prefixed(tag) for tag in marked) < len(marked))

    def split(self, tag: str) -> tuple[str, str]:
        """Prefix and label of a tag; ``("O", "")`` outside of entities.

        Raises:
            ValueError: the tag is empty, or has no prefix in a file whose tags have one.
        """
        if tag == "O":
            return "O", ""
        if self.bare and tag:
            return "I", tag
        found = _PREFIXED.fullmatch(tag)
        if found is None:
            raise ValueError(f"Expected O or a tag such as B-PER or I-PER, was: {tag!r}")
        return _NEXT_PREFIX.get(found[1], found[1]), found[2]

    def spans(self, words: Sequence[str], tags: Sequence[str]) -> tuple[Span, ...]:
        """The entities over ``" ".join(words)``.

        Raises:
            ValueError: a tag cannot be read, or there are more or fewer tags than words.
        """
        if len(words) != len(tags):
            raise ValueError(f"Expected one tag for each of {len(words)} words, was: {len(tags)} tags")
        spans: list[Span] = []
        position, is_open = 0, False
        for word, tag in zip(words, tags, strict=True):
            prefix, label = self.split(tag)
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
        """The tag scheme: ``bare``, ``IOBES``, ``IOB1``, ``IOB2``, or ``IOB2 with …`` and the violations."""
        if self.bare:
            return "bare tags"
        steps = [
            (self.split(left), self.split(right))
            for tags in sentences
            for left, right in pairwise(chain(["O"], tags))
        ]
        if any(prefix in "ESLU" for _, (prefix, _) in steps):
            return "IOBES"
        orphans = sum(prefix == "I" and label != before for (_, before), (prefix, label) in steps)
        needless = sum(prefix == "B" and label != before for (_, before), (prefix, label) in steps)
        if orphans and needless:
            return f"IOB2 with {orphans} entities that begin with I- (read as if it were B-)"
        return "IOB1" if orphans else "IOB2"


def is_prefixed(tag: str) -> bool:
    """Whether the tag has a prefix, as in ``B-PER``."""
    return _PREFIXED.fullmatch(tag) is not None
