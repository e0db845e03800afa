"""What the model would mark in a text, and which issues people have looked at."""

import pytest

from wapaganda.label_errors import LabelIssue, find_open_issues, readings_of, text_digest, with_shown
from wapaganda.ner import Document, Span

TEXT = "Ada Novak of Siemens AG, Bonn, met Bob."
ADA, SIEMENS, SIEMENS_AG = Span(0, 9, "PER"), Span(13, 20, "PER"), Span(13, 23, "ORG")
BONN, BOB = Span(25, 29, "LOC"), Span(35, 38, "PER")


def issue(kind: str, given: Span | None, proposed: Span | None, score: float = 0.9) -> LabelIssue:
    return LabelIssue("1", kind, given, proposed, score, text_digest(TEXT))


@pytest.mark.parametrize(
    ("found", "says", "spans"),
    [
        (issue("missed", None, BONN), "Bonn = LOC (not marked)", [ADA, SIEMENS, BONN]),
        (issue("spurious", ADA, None), "Ada Novak = no entity (marked PER)", [SIEMENS]),
        (issue("border", SIEMENS, SIEMENS_AG), "Siemens AG = ORG (marked Siemens PER)", [ADA, SIEMENS_AG]),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_reading_has_the_labels_with_those_of_the_model_instead(found, says, spans):
    (reading,) = readings_of([(found, Document("1", TEXT, (ADA, SIEMENS)))])
    assert (reading.says(), list(reading.spans)) == (says, spans)


def test_several_issues_of_a_text_are_one_reading():
    document = Document("1", TEXT, (ADA, SIEMENS))
    both = [issue("missed", None, BOB, 0.9), issue("missed", None, BONN, 0.7)]
    (reading,) = readings_of([(each, document) for each in both])
    assert (reading.says(), reading.score) == ("Bob = PER (not marked) +1 more", 0.9)
    assert list(reading.spans) == [ADA, SIEMENS, BONN, BOB]


def test_what_was_shown_and_submitted_since_is_left_out_but_not_another_issue():
    first, second = issue("missed", None, BOB), issue("missed", None, BONN)

    def now(updated_at: str) -> Document:
        return Document("1", TEXT, (ADA,), {"updated_at": updated_at})

    shown = with_shown({}, [(first, now(""))], "2026-11-29T12:00:01.000000Z")
    shown = with_shown(shown, [(first, now(""))], "2026-11-29T13:00:00.000000Z")  # it keeps its first time
    before = find_open_issues([first, second], [now("2026-11-29T12:00:00.900000Z")], shown)
    assert (len(before.cases), before.n_looked_at) == (2, 0)
    after = find_open_issues([first, second], [now("2026-11-29T12:30:00.000000Z")], shown)
    assert [each for each, _ in after.cases] == [second]
    assert (after.n_looked_at, after.n_changed) == (1, 0)
