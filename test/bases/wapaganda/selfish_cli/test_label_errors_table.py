"""The words around a likely label error."""

import pytest

from wapaganda.label_errors import LabelIssue, text_digest
from wapaganda.ner import Document, Span
from wapaganda.selfish_cli.ui.label_errors import _context, label_errors_records

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
    assert _context(issue, Document("a", text, (span,))) == expected


def test_records_name_the_spans_in_words():
    text = "Zoë\nMüller saw"
    given, proposed = Span(0, 3, "PER"), Span(0, 10, "PER", 0.5)
    issue = LabelIssue("old", "border", given, proposed, 0.5, text_digest(text))
    (record,) = label_errors_records([(issue, Document("new", text, (given,)))])
    assert (record["rank"], record["document_id"]) == (1, "new")
    assert (record["marked"], record["model"]) == ("Zoë (PER)", "Zoë Müller (PER)")
    assert record["proposed"]["score"] == 0.5
