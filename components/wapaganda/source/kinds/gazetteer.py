"""A gazetteer: a file of terms with their labels."""

from collections.abc import Sequence

from wapaganda.errors import InputError
from wapaganda.ner import Span
from wapaganda.source.interface import SourceOptions, source_kind
from wapaganda.source.term_file import read_term_file
from wapaganda.terms import Terms, term_of


@source_kind("gazetteer")
class Gazetteer:
    """Terms of whole words, found by ``terms.Terms``.

    Options: ``file``, ``ignore_case`` (true).
    """

    at_a_time = 1_000

    def __init__(self, options: SourceOptions) -> None:
        ignore_case = options.switch("ignore_case", True)
        path = options.path("file")
        rows, digest = read_term_file(path)
        self._labels: dict[str, str] = {}
        first: dict[str, str] = {}
        others = []
        for form, label, line in rows:
            try:
                term = term_of(form)
            except InputError:
                where = f"terms with a letter, a digit or a sign ({path}:{line})"
                raise options.wrong("file", where, form) from None
            self._labels.setdefault(term, label)
            if first.setdefault(term.casefold() if ignore_case else term, label) != label:
                others.append(f"{form} in line {line}")
        self.notes = _not_counted(others)
        in_order = sorted(self._labels, key=lambda term: term == term.lower())  # "Apple" before "apple"
        self._terms = Terms(self._labels if ignore_case else in_order, ignore_case=ignore_case)
        self.types = tuple(sorted(set(self._labels.values())))
        self.fingerprint = f"gazetteer of terms {ignore_case} {digest}"

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The terms in each text."""
        return [
            tuple(Span(each.start, each.end, self._labels[each.term]) for each in self._terms.places(text))
            for text in texts
        ]


def _not_counted(terms: Sequence[str]) -> tuple[str, ...]:
    if not terms:
        return ()
    shown = ", ".join(terms[:3]) + (", …" if len(terms) > 3 else "")
    return (f"Of {len(terms):,} terms a line has another label than the first, which counts: {shown}.",)
