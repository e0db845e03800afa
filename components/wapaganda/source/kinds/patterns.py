"""A file of regular expressions with their labels."""

from collections.abc import Sequence

import regex

from wapaganda.ner import Span
from wapaganda.source.interface import SourceOptions, SourceUnavailableError, source_kind
from wapaganda.source.term_file import read_term_file

_SECONDS = 2.0
"""The longest search of one pattern in one text."""


@source_kind("patterns")
class Patterns:
    """Regular expressions of the library ``regex``; a group named ``entity`` is the span, else the match.

    Option: ``file``, whose lines are a pattern, a tab and a label.
    """

    at_a_time = 1_000

    def __init__(self, options: SourceOptions) -> None:
        path = options.path("file")
        rows, digest = read_term_file(path)
        self._patterns = []
        for pattern, label, line in rows:
            try:
                self._patterns.append((regex.compile(pattern), label, line))
            except regex.error as error:
                where = f"a regular expression in {path}:{line}"
                raise options.wrong("file", where, f"{pattern} ({error})") from None
        self.types = tuple(sorted({label for _, label, _ in self._patterns}))
        self.fingerprint = f"patterns {digest}"

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The matches in each text.

        Raises:
            SourceUnavailableError: a pattern takes too long.
        """
        return [self._find(text) for text in texts]

    def _find(self, text: str) -> tuple[Span, ...]:
        found = []
        for pattern, label, line in self._patterns:
            group = "entity" if "entity" in pattern.groupindex else 0
            try:
                matches = [match.span(group) for match in pattern.finditer(text, timeout=_SECONDS)]
            except TimeoutError:
                raise SourceUnavailableError(
                    f"The pattern of line {line} takes more than {_SECONDS:g} s in a text of {len(text):,} "
                    "characters.",
                    "Write it so that it cannot try many ways to match.",
                ) from None
            found += [Span(start, end, label) for start, end in matches if 0 <= start < end]
        return tuple(found)
