"""How the user wants files and projects to be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from wapaganda.errors import InputError

SCHEMES = ("auto", "iob2", "iob1", "iobes", "bare", "plain")
"""The tag schemes that ``--scheme`` takes. ``plain``: B, I and O without a type."""

ANSWER_RULES = ("newest", "majority", "adjudicated")
"""The values of ``ANSWERS``: which answer of several annotators is learnt."""


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """Which answer is learnt from a text that several annotators have labelled.

    ``rule``: ``newest`` (a ground truth first), ``majority`` (the spans that more than half of the annotators
    marked) or ``adjudicated`` (a ground truth, else the newest answer of one of the ``reviewers``, else what
    all answers say). ``reviewers``: numbers or email addresses of Label Studio's users, in lower case.
    """

    rule: str = "newest"
    reviewers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelMapping:
    """How to read labels and tags that the label config no longer has.

    ``labels``: the old name of a label to a label of the config, or to an empty string when its regions are
    to be left out. ``tags``: the old name of a tag to that of the config.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``; an empty mapping for an empty object."""
        return cls(dict(values.get("labels", {})), dict(values.get("tags", {})))

    def to_dict(self) -> dict[str, dict[str, str]]:
        """JSON-ready, for the ledger."""
        return {"labels": dict(self.labels), "tags": dict(self.tags)}


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user says about the files; everything else is recognised.

    ``columns``: which column of a CoNLL file holds the ``word`` and which the ``tag``, counted from 0.
    ``scheme``: one of ``SCHEMES``. ``lenient``: go on when more than the allowed share is not read.
    ``text_field``: which column of a CSV file is the text, or in Label Studio which field of ``data`` (or
    which tag). ``label_tag``: the name of the one ``<Labels>`` of Label Studio whose regions are read; empty:
    all over the text.
    ``mapping``: how to read labels and tags that were renamed. ``answers``: what is learnt when several
    annotators have labelled a text.
    """

    columns: Mapping[str, int] = field(default_factory=dict)
    scheme: str = "auto"
    lenient: bool = False
    text_field: str = ""
    label_tag: str = ""
    mapping: LabelMapping = field(default_factory=LabelMapping)
    answers: AnswerRule = field(default_factory=AnswerRule)

    @classmethod
    def parse(
        cls,
        columns: str = "",
        scheme: str = "auto",
        lenient: bool = False,
        text_field: str = "",
        label_tag: str = "",
        answers: str = "newest",
        reviewers: str = "",
    ) -> Self:
        """The options from their texts, such as ``word=0,tag=3``.

        Raises:
            InputError: a text has another form.
        """
        if scheme.lower() not in SCHEMES:
            raise InputError(f"Expected a scheme of {', '.join(SCHEMES)}, was: {scheme!r}")
        if answers not in ANSWER_RULES:
            raise InputError(f"Expected answers of {', '.join(ANSWER_RULES)}, was: {answers!r}")
        names = tuple(name.strip().lower() for name in reviewers.split(",") if name.strip())
        return cls(
            _columns(columns),
            scheme.lower(),
            lenient,
            text_field.strip(),
            label_tag.strip(),
            answers=AnswerRule(answers, names),
        )


def _columns(text: str) -> dict[str, int]:
    if not text.strip():
        return {}
    pairs = [re.fullmatch(r"\s*(word|tag)\s*=\s*(\d{1,3})\s*", part) for part in text.split(",")]
    found = {match[1]: int(match[2]) for match in pairs if match}
    if None in pairs or len(found) != 2 or found["word"] == found["tag"]:
        raise InputError(f"Expected columns such as word=0,tag=3, counted from 0, was: {text!r}")
    return found
