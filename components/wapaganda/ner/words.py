"""The words of a text, independent of any tokenizer, and white space."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from operator import methodcaller

import numpy as np
import regex
from numpy.typing import NDArray

from wapaganda.errors import InputError

# Scripts without spaces between words, or (Hangul) with particles attached to names. There a word is one
# grapheme cluster.
_UNSPACED = r"\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}"
_IN_URL = r"""[[!-~]--[<>"'()\[\]{}|\\^`]]"""
WORD_PATTERN = rf"""(?V1x)
      (?i:https?://|www\.) {_IN_URL}* [A-Za-z0-9_/]
    | (?<![\p{{L}}\p{{N}}_]) [@\#] [[\p{{L}}\p{{M}}\p{{N}}_]--[{_UNSPACED}]]++
    | (?=[[\p{{L}}\p{{N}}]&&[{_UNSPACED}]]) \X
    | [[\p{{L}}\p{{N}}_]--[{_UNSPACED}]]
      (?: [[\p{{L}}\p{{M}}\p{{N}}_\u200C\u200D]--[[\p{{L}}\p{{N}}]&&[{_UNSPACED}]]]
        | [\u00AD\u2060]+ (?=[[\p{{L}}\p{{N}}_]--[{_UNSPACED}]]) )*+
    | (?=[^\s\p{{Z}}\p{{Cc}}\p{{Cf}}\p{{Cs}}\p{{M}}]) \X
    """
"""The regular expression of a word, for the library ``regex``: see ``word_offsets``."""
_WORD = regex.compile(WORD_PATTERN)

_WORD_SPAN = methodcaller("span")


def word_offsets(text: str) -> NDArray[np.int32]:
    """The words of ``text`` as code-point offsets ``[start, end)``, ascending, disjoint. Shape: (n_words, 2).

    A word is a web address (``http://``, ``https://`` or ``www.`` and what follows); a user name or hash tag
    with its ``@`` or ``#``; a run of letters, marks, digits and ``_`` (joiners and soft hyphens inside
    included); one grapheme cluster in Han, Kana, Hangul, Thai, Lao, Khmer and Myanmar script; or any other
    visible grapheme cluster, such as a punctuation mark or an emoji with all its joiners. White space,
    control and format characters and combining marks without a base belong to no word.

    Raises:
        InputError: a word has millions of characters.
    """
    (words,) = word_parts(text, len(text) + 1)
    return words


def word_parts(text: str, size: int) -> Iterator[NDArray[np.int32]]:
    """The ``word_offsets`` of a text in parts of ``size`` words; the last part has less, or none.

    Raises:
        InputError: as ``word_offsets``.
    """
    found = map(_WORD_SPAN, _WORD.finditer(text))
    n_found = size
    while n_found == size:
        try:
            spans = list(islice(found, size))
        except MemoryError:  # regex keeps every step of a match
            raise InputError(
                "Expected words of less than a million characters, was: a longer one in a text of "
                f"{len(text):,}"
            ) from None
        n_found = len(spans)
        yield np.array(spans, dtype=np.int32).reshape(-1, 2)


_ANY_UNSPACED = regex.compile(rf"(?V1)[[\p{{L}}\p{{N}}]&&[{_UNSPACED}]]")
_CHARACTERS_PER_WORD = (
    (regex.compile(r"(?V1)[[\p{L}\p{N}]&&\p{scx=Han}]"), 1.6),
    (regex.compile(r"(?V1)[[\p{L}\p{N}]&&[\p{scx=Hira}\p{scx=Kana}]--\p{scx=Han}]"), 2.0),
    (regex.compile(r"(?V1)[[\p{L}\p{N}]&&[\p{scx=Hang}]--\p{scx=Han}]"), 3.0),
    (regex.compile(r"(?V1)[[\p{L}\p{N}]&&[\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]]"), 3.0),
)
"""The grapheme clusters of a word in the scripts whose texts have no words of their own."""


def reading_words(text: str, words: NDArray[np.int32] | None = None) -> int:
    """The number of words that a reader reads in ``text``: the unit of the price of reading.

    It is the number of ``word_offsets``, punctuation marks included, because the prices were fitted to that
    number. Where ``word_offsets`` makes each character a word, several characters count as one, rounded up
    for the text: 1.6 in Han script and 2 in Kana. Chinese readers read 255 characters or 158 words a minute,
    Japanese ones 357 or 193 (Trauzettel-Klosinski & Dietz 2012, "Standardized assessment of reading
    performance: The new international reading speed texts IReST"). 3 syllables in Hangul (a Korean word
    between two spaces) and 3 clusters in Thai, Lao, Khmer and Myanmar script are assumptions.

    ``words``: some of the words of ``text``, as in ``EncodedText.words``, shape (n_words, 2); the default is
    all of them.
    """
    words = word_offsets(text) if words is None else words
    if _ANY_UNSPACED.search(text) is None:
        return len(words)
    firsts = "".join(text[start] for start in words[:, 0].tolist())
    counts = [(len(script.findall(firsts)), size) for script, size in _CHARACTERS_PER_WORD]
    spaced = len(words) - sum(count for count, _ in counts)
    return spaced + math.ceil(round(sum(count / size for count, size in counts), 6))


def collapse_whitespace(text: str) -> str:
    """``text`` with one space for each run of white space and none at its ends."""
    return " ".join(text.split())
