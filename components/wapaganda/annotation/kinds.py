"""The kinds of findings while reading: what happens to the text, the words for it, and what to do.

A new kind is one entry here and one section in ``docs/data.md``, whose heading is the name of the kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a finding does to its text."""

    NOT_READ = "not read"
    """The text has labels that are not understood. It counts neither as labelled nor as unlabelled."""
    NO_ANSWER = "no answer"
    """What stands there is no answer of an annotator. The text is unlabelled."""
    MENDED = "mended"
    """The labels were corrected, and the text is read."""
    IGNORED = "ignored"
    """Something beside the labels is not read; the labels are."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding. ``what`` completes "3 texts not read: …"; ``hint`` says what to do."""

    name: str
    effect: Effect
    what: str
    hint: str = ""

    @property
    def anchor(self) -> str:
        """Where the docs explain it."""
        return f"docs/data.md#{self.name}"


_NOT_READ = (
    Kind("malformed", Effect.NOT_READ, "a record or line is malformed", "Correct it in the file."),
    Kind(
        "span-outside",
        Effect.NOT_READ,
        "a span lies outside its text, or no span touches a word",
        "Correct start and end: code points from the start of the text, the end exclusive.",
    ),
    Kind(
        "region-tag",
        Effect.NOT_READ,
        "a region was made by another tag or on another field than the label config has",
        "Give the tags in the label config the names that the regions have.",
    ),
    Kind(
        "region-label",
        Effect.NOT_READ,
        "a region has a label that the label config does not have",
        "Add the label to the label config, or name it as the alias of one that is there.",
    ),
    Kind(
        "tag",
        Effect.NOT_READ,
        "a tag has another form than the tags of the file",
        "Correct the tag, or name the scheme by --scheme.",
    ),
    Kind("region-form", Effect.NOT_READ, "a region lacks its offsets or labels", "Mark it again."),
)
_NO_ANSWER = (Kind("rejected", Effect.NO_ANSWER, "the annotator rejected or skipped the text"),)
_MENDED = (Kind("same-id", Effect.MENDED, "texts with the same id got a number behind it"),)
_IGNORED = (
    Kind("beside", Effect.IGNORED, "things beside the labels"),
    Kind("tag-column", Effect.IGNORED, "entities in another tag column"),
    Kind("pool-malformed", Effect.IGNORED, "malformed records of the pool"),
)

KINDS = {kind.name: kind for kind in (*_NOT_READ, *_NO_ANSWER, *_MENDED, *_IGNORED)}
"""All kinds by name."""


def kind_of(name: str) -> Kind:
    """The kind ``name``; a name of a later version counts as not read."""
    return KINDS.get(name) or Kind(name, Effect.NOT_READ, name)
