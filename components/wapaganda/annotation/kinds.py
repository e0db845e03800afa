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
        "regions were made by a tag, or on a text, that the label config does not have",
        "Was a tag renamed? selfish labels map --project ID --tag OLD=NEW reads its regions as those of NEW.",
    ),
    Kind(
        "region-type",
        Effect.NOT_READ,
        "regions are of a type that is not read",
        "Only <Labels>, <HyperTextLabels> and <ParagraphLabels> over a text are read.",
    ),
    Kind(
        "region-label",
        Effect.NOT_READ,
        "regions have a label that the label config does not have",
        "Was a label renamed or removed? selfish labels map --project ID OLD=NEW reads its regions as "
        "the label NEW, and OLD= leaves them out.",
    ),
    Kind(
        "unknown-key",
        Effect.NOT_READ,
        "a key that is not read looks like labels",
        "Give the labels one of the keys that are read, such as spans or ner_tags (docs/data.md).",
    ),
    Kind(
        "several-keys",
        Effect.NOT_READ,
        "several keys hold different labels",
        "Keep one of them.",
    ),
    Kind("doubled-key", Effect.NOT_READ, "a key stands twice in an object", "Keep one of them."),
    Kind(
        "label-numbers",
        Effect.NOT_READ,
        "the labels are numbers without names",
        "Write the names of the labels, or save the data set with ClassLabel.",
    ),
    Kind(
        "hidden-tags",
        Effect.NOT_READ,
        "the tags of some words are hidden (-1, -100 or null)",
        "Take the data set with all tags; texts whose tags are all hidden count as unlabelled.",
    ),
    Kind(
        "answers-differ",
        Effect.NOT_READ,
        "several annotators gave different answers",
        "Keep one answer for each text.",
    ),
    Kind(
        "tag",
        Effect.NOT_READ,
        "a tag has another form than the tags of the file",
        "Correct the tag, or name the scheme by --scheme.",
    ),
    Kind("region-form", Effect.NOT_READ, "a region lacks its offsets or labels", "Mark it again."),
    Kind(
        "offsets-contradict",
        Effect.NOT_READ,
        "the words at the offsets of a span are not its own words",
        "Correct start and end: code points from the start of the text, the end exclusive.",
    ),
    Kind(
        "text-address",
        Effect.NOT_READ,
        "the text is the address of a file",
        "Put the text itself into the task.",
    ),
)
_NO_ANSWER = (
    Kind("rejected", Effect.NO_ANSWER, "the annotator rejected or skipped the text"),
    Kind(
        "machine",
        Effect.NO_ANSWER,
        "the spans are a model's, and nobody confirmed them",
        "Where people have confirmed them, move proposed to spans and delete score.",
    ),
    Kind(
        "machine-answer",
        Effect.NO_ANSWER,
        "the annotation is an unchanged prediction that nobody looked at",
        "Delete these annotations in the Data Manager, then the texts are offered again; or let annotators "
        "open them and press Update.",
    ),
    Kind(
        "undecided",
        Effect.NO_ANSWER,
        "annotators disagree and nobody has decided",
        "Mark an annotation as ground truth in Label Studio, or name REVIEWERS; selfish agree lists them.",
    ),
)
_MENDED = (
    Kind("same-id", Effect.MENDED, "texts with the same id got a number behind it"),
    Kind("meta-number", Effect.MENDED, "a number in meta that is no JSON (NaN, Infinity) became null"),
    Kind("offsets-mended", Effect.MENDED, "the offsets were counted in another way"),
)
_IGNORED = (
    Kind("beside", Effect.IGNORED, "things beside the labels"),
    Kind("other-labels", Effect.IGNORED, "labels under another key than the one that is read"),
    Kind("tag-column", Effect.IGNORED, "entities in another tag column"),
    Kind(
        "machine-copy",
        Effect.IGNORED,
        "unchanged predictions that nobody looked at, beside the annotation of a person",
    ),
    Kind("prediction-not-read", Effect.IGNORED, "predictions that are not understood"),
    Kind("other-tag", Effect.IGNORED, "regions of tags that are not read, beside the text"),
    Kind("label-left-out", Effect.IGNORED, "regions of labels that are left out by selfish labels map"),
    Kind("pool-malformed", Effect.IGNORED, "malformed records of the pool"),
)

KINDS = {kind.name: kind for kind in (*_NOT_READ, *_NO_ANSWER, *_MENDED, *_IGNORED)}
"""All kinds by name."""


def kind_of(name: str) -> Kind:
    """The kind ``name``; a name of a later version counts as not read."""
    return KINDS.get(name) or Kind(name, Effect.NOT_READ, name)
