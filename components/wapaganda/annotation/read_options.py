"""How the user wants files and projects to be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from wapaganda.errors import InputError

SCHEMES = ("auto", "iob2", "iob1", "iobes", "bare", "plain")
"""The tag schemes that ``--scheme`` takes. ``plain``: B, I and O without a type."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user says about the files; everything else is recognised.

    ``columns``: which column of a CoNLL file holds the ``word`` and which the ``tag``, counted from 0.
    ``scheme``: one of ``SCHEMES``. ``lenient``: go on when more than the allowed share is not read.
    """

    columns: Mapping[str, int] = field(default_factory=dict)
    scheme: str = "auto"
    lenient: bool = False

    @classmethod
    def parse(cls, columns: str = "", scheme: str = "auto", lenient: bool = False) -> Self:
        """The options from their texts, such as ``word=0,tag=3``.

        Raises:
            InputError: a text has another form.
        """
        if scheme.lower() not in SCHEMES:
            raise InputError(f"Expected a scheme of {', '.join(SCHEMES)}, was: {scheme!r}")
        return cls(_columns(columns), scheme.lower(), lenient)


def _columns(text: str) -> dict[str, int]:
    if not text.strip():
        return {}
    pairs = [re.fullmatch(r"\s*(word|tag)\s*=\s*(\d{1,3})\s*", part) for part in text.split(",")]
    found = {match[1]: int(match[2]) for match in pairs if match}
    if None in pairs or len(found) != 2 or found["word"] == found["tag"]:
        raise InputError(f"Expected columns such as word=0,tag=3, counted from 0, was: {text!r}")
    return found
