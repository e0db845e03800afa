"""An excerpt is a short text of its own that knows the rest of its whole text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapaganda.ner import (
    Document,
    Span,
    excerpt,
    excerpt_id,
    excerpt_place,
    is_excerpt,
    place_of,
    whole_text,
)

TEXT = "anna saw new york . bob 😀 went"
WHOLE = Document("7", TEXT, (Span(0, 4, "NAME", 0.5), Span(9, 17, "CITY"), Span(20, 23, "NAME")), {"by": "x"})


def test_an_excerpt_holds_its_text_the_spans_wholly_inside_and_the_rest_as_context():
    part = excerpt(WHOLE, 5, 21)
    assert (part.id, part.text) == ("7[5:21]", TEXT[5:21])
    assert part.spans == (Span(4, 12, "CITY"),)
    assert dict(part.meta) == {"by": "x", "before": TEXT[:5], "after": TEXT[21:], "excerpt_of": "7"}
    assert is_excerpt(part)
    assert whole_text(part) == TEXT


def test_scores_move_along_and_nobody_looked_stays_nobody_looked():
    assert excerpt(WHOLE, 0, 8).spans[0].score == 0.5
    assert excerpt(WHOLE.with_spans(None), 0, 8).spans is None


@given(st.data())
def test_context_and_text_are_the_whole_text_to_the_letter(data):
    text = data.draw(st.text(min_size=1, max_size=30))
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    part = excerpt(Document("x", text), start, end)
    assert whole_text(part) == text
    assert place_of(part) == (start, end)


@pytest.mark.parametrize("meta", [{}, {"before": "a", "after": "b"}, {"excerpt_of": "1", "before": 3}])
def test_a_text_that_lacks_any_of_it_is_a_whole_one(meta):
    document = Document("1", "anna", None, meta)
    assert not is_excerpt(document)
    assert (place_of(document), whole_text(document)) == ((0, 4), "anna")


@pytest.mark.parametrize(("start", "end"), [(3, 3), (-1, 4), (0, len(TEXT) + 1)])
def test_a_place_outside_the_text_is_refused(start, end):
    with pytest.raises(ValueError, match="Expected a place within"):
        excerpt(WHOLE, start, end)


def test_an_excerpt_is_not_cut_again():
    with pytest.raises(ValueError, match="of a whole text"):
        excerpt(excerpt(WHOLE, 0, 8), 0, 4)


@pytest.mark.parametrize("name", ["7", "a[b]", "with [1:2] inside", "[3:9]"])
def test_other_names_are_no_places(name):
    assert excerpt_place(name) is None


@pytest.mark.parametrize("name", ["7", "a\nb", "x[1:2]"])
def test_a_place_is_read_out_of_the_id(name):
    assert excerpt_place(excerpt_id(name, 3, 9)) == (name, 3, 9)
