"""Any repaired document survives every format, whatever its characters are."""

from hypothesis import given, settings
from hypothesis import strategies as st

from wapaganda.annotation import (
    LabelConfig,
    document_from_task,
    read_documents,
    task_from_document,
    write_conll,
    write_jsonl,
)
from wapaganda.ner import Document, Span, repair_spans

words = st.sampled_from(
    [
        "Anna",
        "Bob.",
        "O'Neil",
        "😀",
        "e\u0301",
        "北京",
        "a\u2028b",
        "x\u0085",
        "\u200d",
        "y\ufeff",
        "#",
        "-",
        "O",
        '"',
    ]
) | st.text(
    st.characters(exclude_categories=["Cs", "Zs"], exclude_characters="\t\r\n"), min_size=1, max_size=4
)
marks = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 9), st.sampled_from(["A", "B-x", "I"])), max_size=4
)
CONFIG = LabelConfig(("A", "B-x", "I"))


def document(number, words, marks):
    text = " ".join(words)
    spans, _ = repair_spans(text, [Span(start, start + length, label) for start, length, label in marks])
    return Document(f"x-{number:06d}", text, spans)


@given(st.lists(st.tuples(st.lists(words, min_size=1, max_size=8), marks), min_size=1, max_size=3))
@settings(max_examples=250, deadline=None, database=None)
def test_files(tmp_path_factory, parts):
    documents = [document(number, *part) for number, part in enumerate(parts, start=1)]
    folder = tmp_path_factory.mktemp("round")
    write_jsonl(documents, folder / "x.jsonl")
    assert read_documents(folder / "x.jsonl").documents == documents
    assert write_conll(documents, folder / "x.conll") == ()
    again = read_documents(folder / "x.conll")
    # A span may end inside a word of columns, which is then cut; its text and its label stay.
    assert [marked(one) for one in again.documents] == [marked(one) for one in documents]
    write_conll(again.documents, folder / "y.conll")
    twice = read_documents(folder / "y.conll").documents
    assert [(one.text, one.spans) for one in twice] == [(one.text, one.spans) for one in again.documents]


def marked(document):
    pieces = [(document.text[span.start : span.end].replace(" ", ""), span.label) for span in document.spans]
    return document.text.replace(" ", ""), pieces


@given(st.lists(words, min_size=1, max_size=8), marks)
@settings(max_examples=250, deadline=None, database=None)
def test_tasks(words, marks):
    one = document(1, words, marks)
    again = document_from_task(task_from_document(one, CONFIG) | {"id": one.id}, CONFIG)
    assert (again.id, again.text, again.spans) == (one.id, one.text, one.spans)
    assert "repairs" not in again.meta
