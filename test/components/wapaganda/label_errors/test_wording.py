"""The words around a likely label error."""

import pytest

from wapaganda.label_errors import LabelIssue, issue_context, text_digest
from wapaganda.ner import Document, Span

LONG = "one two three four five six seven eight nine ten " * 2


@pytest.mark.parametrize(
    ("before", "behind", "expected"),
    [
        ("", "", "[Zoë]"),
        ("(", ")\n saw", "([Zoë]) saw"),
        (
            LONG,
            " " + LONG,
            "…four five six seven eight nine ten [Zoë] one two three four five six seven…",
        ),
        ("名" * 50, "名" * 50, f"…{'名' * 40}[Zoë]{'名' * 40}…"),
    ],
)
def test_the_words_around_are_whole_on_one_line_and_not_too_many(before, behind, expected):
    text = f"{before}Zoë{behind}"
    span = Span(len(before), len(before) + 3, "PER")
    issue = LabelIssue("a", "spurious", span, None, 0.5, text_digest(text))
    assert issue_context(issue, Document("a", text, (span,))) == expected
