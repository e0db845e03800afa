"""A gazetteer: a file of terms with their labels."""

from collections.abc import Sequence

from wapaganda.ner import Span, word_offsets
from wapaganda.source.interface import SourceOptions, source_kind
from wapaganda.source.term_file import read_term_file


@source_kind("gazetteer")
class Gazetteer:
    """Terms of whole words; where several begin, the longest counts.

    Options: ``file``, ``ignore_case`` (true).
    """

    at_a_time = 1_000

    def __init__(self, options: SourceOptions) -> None:
        self._ignore_case = options.switch("ignore_case", True)
        rows, digest = read_term_file(options.path("file"))
        self._labels: dict[tuple[str, ...], str] = {}
        self._longest: dict[str, int] = {}
        for term, label, _ in rows:
            words = self._words(term)[0]
            if words:
                self._labels.setdefault(words, label)
                self._longest[words[0]] = max(len(words), self._longest.get(words[0], 0))
        self.types = tuple(sorted(set(self._labels.values())))
        self.fingerprint = f"gazetteer {self._ignore_case} {digest}"

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The terms in each text."""
        return [self._find(text) for text in texts]

    def _find(self, text: str) -> tuple[Span, ...]:
        words, at = self._words(text)
        found, first = [], 0
        while first < len(words):
            longest = min(self._longest.get(words[first], 0), len(words) - first)
            end = next(
                (first + n for n in range(longest, 0, -1) if words[first : first + n] in self._labels), 0
            )
            if end:
                found.append(Span(at[first][0], at[end - 1][1], self._labels[words[first:end]]))
            first = end or first + 1
        return tuple(found)

    def _words(self, text: str) -> tuple[tuple[str, ...], list[list[int]]]:
        at = word_offsets(text).tolist()
        words = (text[start:end] for start, end in at)
        return tuple(word.casefold() if self._ignore_case else word for word in words), at
