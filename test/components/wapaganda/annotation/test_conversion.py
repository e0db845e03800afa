"""Between any two formats: texts and labels come through, or their loss is counted."""

import itertools
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wapaganda.annotation import (
    FormatError,
    all_formats,
    convert_documents,
    proposal_of,
    read_documents,
    with_proposal,
    write_documents,
)
from wapaganda.annotation.conversion import _content
from wapaganda.ner import Document, Span, repaired, without_whitespace

WRITABLE = sorted(name for name, each in all_formats().items() if each.write is not None)
words = st.sampled_from(
    ["Anna", "met", "Bob", "U.S.-based", "😀", "北京", "  ", "\n", "\t", "é", '"', ",", "#"]
)
documents = st.lists(
    st.tuples(
        st.lists(words, min_size=1, max_size=6).map(" ".join),
        st.none()
        | st.lists(
            st.tuples(st.integers(0, 12), st.integers(1, 9), st.sampled_from(["PER", "a b"])), max_size=3
        ),
        st.sampled_from(["answer", "proposal", "machine"]),
        st.sampled_from([{}, {"note": "x"}, {"text": 1}]),
    ),
    min_size=1,
    max_size=5,
)


def document(number, text, marks, kind, meta):
    spans = None if marks is None else tuple(Span(a, a + size, label) for a, size, label in marks)
    made = repaired(Document(f"no {number}", text, spans, meta))[0]
    if made.spans is None or kind == "answer":
        return made
    scored = [Span(each.start, each.end, each.label, 0.5) for each in made.spans]
    if kind == "proposal":
        return with_proposal(made, scored, "v0001")
    return Document(made.id, text, tuple(scored), {**meta, "provenance": "machine", "model": "v0001"})


def path_of(folder, name):
    return folder / f"{name}{all_formats()[name].suffixes[0]}"


@pytest.mark.parametrize(("first", "second"), list(itertools.product(WRITABLE, WRITABLE)))
@given(parts=documents)
@settings(max_examples=3, deadline=None, database=None, derandomize=True)
def test_texts_and_labels_come_through_or_are_counted(first, second, parts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    made = [document(number, *part) for number, part in enumerate(parts)]
    if len(write_documents(made, path_of(folder, first))) == len(made):
        return
    before = read_documents(path_of(folder, first), first).documents
    out = folder / f"again{all_formats()[second].suffixes[0]}"
    if len(write_documents(before, path_of(folder / "unheld", second))) == len(before):
        with pytest.raises(FormatError, match="was: none"):
            convert_documents(before, out)
        assert not out.exists()
        return
    found = convert_documents(before, out)
    after = read_documents(out).documents
    assert len(after) + len(found.left_out) == len(before)
    # No label is made of a proposal, and none is lost but with its whole text.
    answers = [each for each in before if each.is_labelled]
    contents = {(without_whitespace(each.text), repr(_content(each))) for each in answers}
    assert {(without_whitespace(each.text), repr(_content(each))) for each in after if each.spans} <= contents
    assert sum(each.is_labelled for each in after) == found.n_labelled >= len(answers) - len(found.left_out)
    # What is not said to be lost is there.
    if not found.left_out and "order" not in found.lost:
        pairs = list(zip(before, after, strict=True))
        assert ("ids" in found.lost) == any(a.id != b.id for a, b in pairs)
        assert found.lost.get("white space", 0) == sum(a.text != b.text for a, b in pairs)
        lost = sum(proposal_of(a) is not None and proposal_of(b) is None for a, b in pairs)
        assert found.lost.get("proposals", 0) == lost
        assert ("meta" in found.lost) == any(
            {"note", "text"} & a.meta.keys() - b.meta.keys() for a, b in pairs
        )
    shutil.rmtree(folder)


def test_a_format_that_loses_a_label_writes_nothing(tmp_path, monkeypatch):
    one = Document("1", "Anna met Bob", (Span(0, 4, "PER"), Span(9, 12, "PER")))
    path = tmp_path / "x.conll"
    path.write_text("what was there")
    monkeypatch.setattr("wapaganda.annotation.formats.conll.valid_spans", lambda each: each.spans[:1])
    with pytest.raises(FormatError, match=r"partial-000001' back as it was, was: changed"):
        convert_documents([one], path)
    assert path.read_text() == "what was there"
    assert [each.name for each in tmp_path.iterdir()] == ["x.conll"]


def test_what_conll_does_not_keep_is_said(tmp_path):
    texts = [
        Document("a", "Anna  met", (Span(0, 4, "PER"),), {"note": 1}),
        with_proposal(Document("b", "Bob"), [Span(0, 3, "PER", 0.5)], "v0001"),
        Document("c", "Carl"),
        Document("x-000004", "Dora came", ()),
    ]
    found = convert_documents(texts, tmp_path / "x.conll", made_ids={"x-000004"})
    assert (found.n_written, found.n_labelled, found.n_proposals) == (3, 2, 1)
    assert found.lost == {"ids": 2, "white space": 1, "scores": 1, "meta": 1}
    assert found.left_out == ("c: CoNLL cannot express it (not labelled)",)
    assert found.lines()[0] == "ids (2 texts)"
