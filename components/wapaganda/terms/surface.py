"""The places of terms in texts: whole words, the longest term first."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import regex

from wapaganda.errors import InputError
from wapaganda.ner import word_offsets

_SAME: Final = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u02bc\uff07", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"),
        **dict.fromkeys("\u00ad\u2060\u200b", ""),
    }
)
"""Apostrophes and hyphens that count as one character, and characters that nobody sees."""
_NAME = r"[\p{L}\p{M}\p{N}_]"
_ELISIONS: Final = frozenset(
    ["c", "d", "j", "l", "m", "n", "s", "t", "qu", "all", "dall", "dell", "nell", "sull"]
)
"""What French and Italian put before an apostrophe and a whole word."""
_JOINED_BEFORE: Final = regex.compile(rf"({_NAME}+)([\p{{Pd}}&.'])\Z|\d[,:/]\Z", regex.V1)
_JOINED_AFTER: Final = regex.compile(
    rf"[\p{{Pd}}&.]{_NAME}|'(?!s(?!{_NAME})){_NAME}|[+#](?!{_NAME})", regex.V1
)
_NUMBER_AFTER: Final = regex.compile(r"[,:/]\d")
_EDGES: Final = ".-'&"
_AROUND: Final = 12
"""Characters beside a place that decide whether it is joined to them."""

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TermPlace:
    """Where a term stands in a text: ``text[start:end]``, in code points."""

    term: str
    start: int
    end: int


def term_of(form: str) -> str:
    """A form as a term: one space for white space, one kind of hyphen and of apostrophe, Unicode NFC.

    Raises:
        InputError: it holds no word.
    """
    words = word_offsets(form)
    if not len(words):
        raise InputError(f"Expected a term with a letter, a digit or a sign, was: {form!r}.")
    return "".join(_words_of(form)).strip()


class Terms:
    """Terms that are looked up in texts, all of them at once.

    A term fits where the text has the same words (``ner.word_offsets``) with white space at the same places.
    Letter case has to be the same; only a term without capitals also fits with a capital first letter, as at
    the beginning of a sentence. With ``ignore_case`` letter case makes no difference. A place is whole: no
    hyphen, apostrophe, ampersand or point joins it to further letters or digits. "COX" is not in "COX-2", nor
    "Brien" in "O'Brien", nor "C" in "C++"; "aspirin" is in "aspirin's", "l'aspirin" and "aspirin/codeine".
    Of terms that overlap, the one that begins first has the place, and of those that begin together the
    longest. Of terms with the same words, the first one counts.
    """

    def __init__(self, forms: Iterable[str], *, ignore_case: bool = False) -> None:
        self._ignore_case = ignore_case
        self._terms: dict[str, dict[Words, str]] = {}
        for term in dict.fromkeys(map(term_of, forms)):
            for words in self._variants(term):
                self._terms.setdefault(words[0], {}).setdefault(words, term)
        self._lengths = {
            first: sorted({len(each) for each in found}, reverse=True) for first, found in self._terms.items()
        }

    def places(self, text: str) -> list[TermPlace]:
        """The places of the terms in a text, in order, without overlaps."""
        offsets = word_offsets(text).tolist()
        words = self._compared(_words_of(text, offsets))
        found: list[TermPlace] = []
        at = 0
        while at < len(words):
            place = self._longest(text, offsets, words, at)
            if place is None:
                at += 1
                continue
            length, term = place
            found.append(TermPlace(term, offsets[at][0], offsets[at + length - 1][1]))
            at += length
        return found

    def _longest(
        self, text: str, offsets: list[list[int]], words: list[str], at: int
    ) -> tuple[int, str] | None:
        first = words[at].strip()
        for length in self._lengths.get(first, ()):
            if at + length > len(words):
                continue
            key = (first, *words[at + 1 : at + length])
            term = self._terms[first].get(key)
            if term is not None and _is_whole(text, offsets[at][0], offsets[at + length - 1][1]):
                return length, term
        return None

    def _variants(self, term: str) -> list[Words]:
        words = tuple(self._compared(_words_of(term)))
        first = words[0]
        capital = first[:1].upper() + first[1:]
        if not self._ignore_case and term == term.lower() and capital != first:
            return [words, (capital, *words[1:])]
        return [words]

    def _compared(self, words: list[str]) -> list[str]:
        return [word.casefold() for word in words] if self._ignore_case else words


def _words_of(text: str, offsets: list[list[int]] | None = None) -> list[str]:
    """Each word as it is compared, with a space before it where the text has white space there."""
    spans = word_offsets(text).tolist() if offsets is None else offsets
    found, before = [], 0
    for start, end in spans:
        plain = text[start:end]
        if not plain.isascii():  # which takes half of the time in English texts
            plain = unicodedata.normalize("NFC", plain).translate(_SAME)
        found.append(f" {plain}" if start > before else plain)
        before = end
    return found


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether nothing joins the place to further letters or digits."""
    if (start == 0 or text[start - 1].isspace()) and (end == len(text) or text[end].isspace()):
        return True
    before = text[max(0, start - _AROUND) : start].translate(_SAME)
    after = text[end : end + _AROUND].translate(_SAME)
    first, last = text[start].translate(_SAME), text[end - 1].translate(_SAME)
    if (last in _EDGES and after[:1].isalnum()) or (first in _EDGES and before[-1:].isalnum()):
        return False
    if _JOINED_AFTER.match(after) or (last.isdigit() and _NUMBER_AFTER.match(after)):
        return False
    found = _JOINED_BEFORE.search(before)
    if found is None:
        return True
    if found[1] is None:
        return not first.isdigit()
    return bool(found[2] == "'" and found[1].lower() in _ELISIONS)
