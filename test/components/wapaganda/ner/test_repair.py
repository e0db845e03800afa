import pytest

from wapaganda.ner import Document, Repairs, Span, align_spans, repair_spans, repaired, word_offsets

TEXT = "Anna met 👩‍👩‍👧 Bob Smith.\r\n"
S = Span


@pytest.mark.parametrize(
    ("spans", "repaired", "repairs"),
    [
        ([], (), Repairs()),
        ([S(0, 4, "P")], (S(0, 4, "P"),), Repairs()),
        ([S(0, 5, "P")], (S(0, 4, "P"),), Repairs(trimmed=1)),
        ([S(4, 9, "P")], (S(5, 8, "P"),), Repairs(trimmed=1)),
        ([S(1, 3, "P")], (S(0, 4, "P"),), Repairs(widened=1)),
        ([S(2, 5, "P")], (S(0, 4, "P"),), Repairs(trimmed=1, widened=1)),
        ([S(10, 11, "E")], (S(9, 14, "E"),), Repairs(widened=1)),
        ([S(15, 27, "P")], (S(15, 25, "P"),), Repairs(trimmed=1)),
        ([S(4, 5, "P")], (), Repairs(empty=1)),
        ([S(3, 3, "P"), S(4, 2, "P")], (), Repairs(empty=2)),
        ([S(-1, 4, "P"), S(0, 99, "P")], (), Repairs(out_of_range=2)),
        ([S(15, 18, "P"), S(15, 24, "P")], (S(15, 24, "P"),), Repairs(overlapping=1)),
        ([S(5, 18, "A"), S(15, 24, "P")], (S(5, 18, "A"),), Repairs(overlapping=1)),
        (
            [S(0, 8, "A"), S(5, 8, "B"), S(15, 18, "C")],
            (S(0, 8, "A"), S(15, 18, "C")),
            Repairs(overlapping=1),
        ),
        ([S(0, 4, "Z"), S(0, 4, "A")], (S(0, 4, "A"),), Repairs(overlapping=1)),
        ([S(0, 4, "A"), S(0, 4, "A")], (S(0, 4, "A"),), Repairs(duplicate=1)),
        ([S(0, 2, "A"), S(2, 4, "A")], (S(0, 4, "A"),), Repairs(widened=2, duplicate=1)),
        ([S(15, 18, "A"), S(0, 4, "A")], (S(0, 4, "A"), S(15, 18, "A")), Repairs()),
    ],
)
def test_rules(spans, repaired, repairs):
    assert repair_spans(TEXT, spans) == (repaired, repairs)


def test_a_tie_goes_to_the_earlier_start():
    assert repair_spans("a b c", [S(2, 5, "A"), S(0, 3, "Z")])[0] == (S(0, 3, "Z"),)


def test_among_equal_spans_the_highest_score_stays_and_scores_survive_a_repair():
    repaired, _ = repair_spans(TEXT, [S(0, 4, "A", 0.2), S(0, 5, "A", 0.9), S(0, 4, "A")])
    assert repaired[0].score == 0.9


def test_thousands_of_overlapping_spans_are_settled():
    text = "a " * 5_000
    spans = [S(2 * at, 2 * at + 3, "A") for at in range(4_999)]
    repaired, repairs = repair_spans(text, spans)
    assert len(repaired) == 2_500
    assert repairs.overlapping == 2_499


def test_counts_add_up_and_are_told_in_words():
    both = Repairs(trimmed=1, overlapping=2) + Repairs(trimmed=1, empty=1)
    assert both == Repairs(trimmed=2, overlapping=2, empty=1)
    assert (both.total, both.refused) == (5, 3)
    assert (
        both.describe()
        == "2 trimmed of white space, 1 refused as empty, 2 refused as overlapping a longer one"
    )
    assert Repairs().describe() == "no repairs"


def test_every_count_has_its_words():
    names = Repairs.__dataclass_fields__
    assert all(Repairs(**{name: 3}).describe().startswith("3 ") for name in names)


def test_spans_are_drawn_in_to_the_words_that_are_seen():
    words = word_offsets("♥ Anna ♥ Bob ♥")
    seen = words[[1, 3]]
    spans = [S(0, 6, "P"), S(7, 8, "P"), S(7, 14, "P")]
    assert align_spans(spans, seen) == ((S(2, 6, "P"), S(9, 12, "P")), 1)
    assert align_spans(spans, words[:0]) == ((), 3)


def test_a_document_is_repaired_as_a_whole_and_a_valid_one_is_left_alone():
    valid = Document("1", TEXT, (S(0, 4, "P"),))
    assert repaired(valid) == (valid, Repairs())
    assert repaired(valid)[0] is valid
    assert repaired(Document("2", TEXT)) == (Document("2", TEXT), Repairs())
    assert repaired(Document("3", TEXT, (S(0, 5, "P"), S(90, 99, "P")))) == (
        Document("3", TEXT, (S(0, 4, "P"),)),
        Repairs(trimmed=1, out_of_range=1),
    )
