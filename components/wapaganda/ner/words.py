"""The words of a text, independent of any tokenizer, and white space."""

from __future__ import annotations

import numpy as np
import regex
from numpy.typing import NDArray

# Scripts without spaces between words, or (Hangul) with particles attached to names. There a word is one
# grapheme cluster.
_UNSPACED = r"\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}"
_IN_URL = r"""[[!-~]--[<>"'()\[\]{}|\\^`]]"""
_WORD = regex.compile(
    rf"""(?V1x)
      (?i:https?://|www\.) {_IN_URL}* [A-Za-z0-9_/]
    | (?<![\p{{L}}\p{{N}}_]) [@\#] [[\p{{L}}\p{{M}}\p{{N}}_]--[{_UNSPACED}]]++
    | (?=[[\p{{L}}\p{{N}}]&&[{_UNSPACED}]]) \X
    | [[\p{{L}}\p{{N}}_]--[{_UNSPACED}]]
      (?: [[\p{{L}}\p{{M}}\p{{N}}_\u200C\u200D]--[[\p{{L}}\p{{N}}]&&[{_UNSPACED}]]]
        | [\u00AD\u2060]+ (?=[[\p{{L}}\p{{N}}_]--[{_UNSPACED}]]) )*+
    | (?=[^\s\p{{Z}}\p{{Cc}}\p{{Cf}}\p{{Cs}}\p{{M}}]) \X
    """
)


def word_offsets(text: str) -> NDArray[np.int32]:
    """The words of ``text`` as code-point offsets ``[start, end)``, ascending, disjoint. Shape: (n_words, 2).

    A word is a web address (``http://``, ``https://`` or ``www.`` and what follows); a user name or hash tag
    with its ``@`` or ``#``; a run of letters, marks, digits and ``_`` (joiners and soft hyphens inside
    included); one grapheme cluster in Han, Kana, Hangul, Thai, Lao, Khmer and Myanmar script; or any other
    visible grapheme cluster, such as a punctuation mark or an emoji with all its joiners. White space,
    control and format characters and combining marks without a base belong to no word.
    """
    spans = [match.span() for match in _WORD.finditer(text)]
    return np.array(spans, dtype=np.int32).reshape(-1, 2)


def collapse_whitespace(text: str) -> str:
    """``text`` with one space for each run of white space and none at its ends."""
    return " ".join(text.split())
