"""Who gave a label, from the annotation, the proposals that were shown and why the text was offered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapaganda.annotation import PROVENANCE, SPANS_BY, Provenance
from wapaganda.dataset import (
    AUDIT,
    PEOPLE,
    LabelHistory,
    Origin,
    is_drawn_at_random,
    origin_of,
    with_origins,
)
from wapaganda.ner import Document, Span

HUMAN, CONFIRMED, CORRECTED, AUDITED, MACHINE = Provenance
TEXT = "Ada met Bob in Rome"
ADA, BOB, ROME = Span(0, 3, "PER"), Span(8, 11, "PER"), Span(15, 19, "LOC")
ANSWERED = {"annotation_id": 7, "lead_time": 3.0}
BEGAN = ANSWERED | {"parent_prediction": 4}


def origin(spans, meta=(), shown=None, reason=None):
    """The origin of a document with these spans."""
    known = LabelHistory({} if shown is None else {"1": shown}, {} if reason is None else {"1": reason})
    return origin_of(Document("1", TEXT, spans, dict(meta)), known)


@pytest.mark.parametrize("meta", [{}, ANSWERED])
def test_without_proposals_a_person_gave_all(meta):
    assert origin((ADA, ROME), meta) == Origin(HUMAN, (HUMAN, HUMAN))
    assert origin((), meta) == Origin(HUMAN, ())


@pytest.mark.parametrize("meta", [{}, BEGAN])
def test_proposals_that_were_kept_exactly_are_confirmed(meta):
    assert origin((ADA, ROME), meta, (ADA, ROME), "uncertain") == Origin(CONFIRMED, (CONFIRMED,) * 2)
    assert origin((), meta, (), "review") == Origin(CONFIRMED, ())


@pytest.mark.parametrize("meta", [{}, BEGAN])
def test_of_a_corrected_text_each_span_says_what_was_done(meta):
    other_type, longer = Span(0, 3, "LOC"), Span(8, 14, "PER")
    assert origin((ADA, BOB, ROME), meta, (other_type, longer), "diverse") == Origin(
        CORRECTED, (CORRECTED, CORRECTED, HUMAN)
    )
    assert origin((ADA,), meta, (ADA, ROME), "diverse") == Origin(CORRECTED, (CONFIRMED,))


def test_in_label_studio_the_annotation_decides_whether_proposals_were_seen():
    assert origin((ADA,), ANSWERED, (ADA,), "uncertain").text is HUMAN
    assert origin((ADA,), BEGAN, (ADA,), "uncertain").text is CONFIRMED


def test_unknown_proposals_claim_the_least():
    assert origin((ADA,), BEGAN) == Origin(CONFIRMED, (CONFIRMED,))


def test_an_audited_text_was_labelled_blind():
    assert origin((ADA,), ANSWERED, None, AUDIT) == Origin(AUDITED, (AUDITED,))
    assert origin((ADA,), ANSWERED, (ADA,), AUDIT).text is AUDITED  # shown in an earlier batch, not used
    assert origin((ADA,), BEGAN, (ADA,), AUDIT).text is CONFIRMED  # not blind
    assert origin((ADA,), BEGAN, (), AUDIT).text is AUDITED  # it began as the audit's empty prediction


def test_a_file_says_its_own_provenance_until_the_project_knows_better():
    said = {PROVENANCE: "corrected", SPANS_BY: ["confirmed", "human"]}
    assert origin((ADA, ROME), said) == Origin(CORRECTED, (CONFIRMED, HUMAN))
    assert origin((ADA,), said) == Origin(CORRECTED, (CORRECTED,))
    assert origin((ADA, ROME), said, (ADA, ROME), "uncertain").text is CONFIRMED
    assert origin((ADA, ROME), said | ANSWERED).text is HUMAN  # a stale field of a task
    assert origin((ADA, ROME), {PROVENANCE: "gold"}).text is HUMAN


def test_a_machines_labels_stay_a_machines():
    assert origin((ADA,), {PROVENANCE: "machine"}, (ADA,), "uncertain") == Origin(MACHINE, (MACHINE,))
    assert origin((ADA,), {PROVENANCE: "machine"} | ANSWERED).text is HUMAN
    assert MACHINE not in PEOPLE


def test_an_unlabelled_document_has_no_origin():
    with pytest.raises(ValueError, match="labelled document"):
        origin(None)
    (kept,) = with_origins([Document("1", TEXT)], LabelHistory())
    assert kept.meta == {}


@pytest.mark.parametrize(
    ("reason", "random"),
    [
        (None, True),
        ("random", True),
        ("representative", True),
        (AUDIT, True),
        ("review", False),
        ("uncertain", False),
        ("of another strategy", False),
    ],
)
def test_which_texts_are_drawn_at_random(reason, random):
    known = LabelHistory({}, {} if reason is None else {"1": reason})
    assert is_drawn_at_random(Document("1", TEXT, ()), known) is random


SPANS = st.lists(st.sampled_from([ADA, BOB, ROME, Span(0, 7, "PER"), Span(12, 19, "LOC")]), unique=True)


@given(SPANS, st.none() | SPANS, st.booleans(), st.booleans())
def test_text_and_spans_never_contradict_each_other(spans, shown, in_label_studio, began):
    meta = (BEGAN if began else ANSWERED) if in_label_studio else {}
    known = LabelHistory({} if shown is None else {"1": shown})
    (document,) = with_origins([Document("1", TEXT, tuple(sorted(spans)), meta)], known)
    by, text = document.meta[SPANS_BY], document.meta[PROVENANCE]
    assert len(by) == len(document.spans)
    if text == "corrected":
        assert set(spans) != set(shown)
        assert [way == "confirmed" for way in by] == [span in shown for span in document.spans]
    else:
        assert set(by) <= {text}
    assert origin_of(document, known) == origin_of(Document("1", TEXT, document.spans, meta), known)
