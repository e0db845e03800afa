"""What a model would mark in a text with likely label errors, for people who see both side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from wapaganda.label_errors.issue import LabelIssue
from wapaganda.ner import Document, Span

LONGEST = 40
"""Characters of a span that are named."""


@dataclass(frozen=True, slots=True)
class TextReading:
    """A text with its issues, the most suspicious first."""

    document: Document
    issues: tuple[LabelIssue, ...]

    @property
    def score(self) -> float:
        """That of the most suspicious issue."""
        return self.issues[0].score

    @property
    def spans(self) -> tuple[Span, ...]:
        """The labels of the text, with those of the model in the places of the issues."""
        doubted = {each.given for each in self.issues}
        proposed = [each.proposed for each in self.issues if each.proposed is not None]
        kept = [
            span
            for span in self.document.spans or ()
            if span not in doubted and not any(_overlap(span, other) for other in proposed)
        ]
        return tuple(sorted({*kept, *proposed}, key=lambda span: (span.start, span.end, span.label)))

    def says(self) -> str:
        """The first issue in words, such as "Siemens = ORG (marked PER)", and how many more there are."""
        first = self.issues[0]
        reads = "no entity" if first.proposed is None else first.proposed.label
        if first.given is None:
            marked = "not marked"
        elif first.kind == "border":
            marked = f"marked {self._words(first.given)} {first.given.label}"
        else:
            marked = f"marked {first.given.label}"
        more = f" +{len(self.issues) - 1} more" if len(self.issues) > 1 else ""
        return f"{self._words(first.proposed or first.place)} = {reads} ({marked}){more}"

    def _words(self, span: Span) -> str:
        words = " ".join(self.document.text[span.start : span.end].split())
        return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def readings_of(cases: Sequence[tuple[LabelIssue, Document]]) -> list[TextReading]:
    """The texts of the cases, each once, in their order."""
    by_id: dict[str, tuple[Document, list[LabelIssue]]] = {}
    for issue, document in cases:
        by_id.setdefault(document.id, (document, []))[1].append(issue)
    return [TextReading(document, tuple(issues)) for document, issues in by_id.values()]


def _overlap(left: Span, right: Span) -> bool:
    return left.start < right.end and right.start < left.end
