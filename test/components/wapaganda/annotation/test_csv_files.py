"""CSV and TSV: what a csv module writes is read; what is not clear is refused with a reason."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wapaganda.annotation import FormatError, ReadOptions, proposal_of, read_documents
from wapaganda.ner import Span

cells = st.text(st.sampled_from(list("ab ,;\t|\"'\n\r=é😀\u2028\ufeff")) | st.characters(), max_size=8)


def encodable(rows):
    try:
        "".join(cell for row in rows for cell in row).encode()
    except UnicodeEncodeError:
        return False
    return True


@given(
    rows=st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=5).filter(encodable),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    bom=st.booleans(),
)
@settings(max_examples=200, deadline=None, database=None, derandomize=True)
def test_every_cell_of_a_csv_module_comes_back(rows, delimiter, quoting, bom, tmp_path_factory):
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting)
    writer.writerows([("source", "body", "id"), *rows])
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_bytes(file.getvalue().encode("utf-8-sig" if bom else "utf-8"))
    found = read_documents(path, options=ReadOptions(text_field="body"))
    assert [(each.text, each.meta["source"]) for each in found.documents] == [
        (text, source) for source, text, _ in rows
    ]
    assert found.skipped == ()


def test_labels_stand_in_a_column_of_json_of_python_lists_or_of_tags(tmp_path):
    rows = [
        ["Anna met\nBob", '[{"start": 0, "end": 4, "label": "PER"}]', ""],
        ["Anna met Bob", "[[9, 12, 'PER']]", ""],
        ["Anna  met Bob", "", "B-PER O B-PER"],
        ["nobody", "[]", ""],
        ["not looked at", "", ""],
    ]
    with (tmp_path / "x.csv").open("w", newline="") as file:
        csv.writer(file, delimiter=";").writerows([["Text", "spans", "ner_tags"], *rows])
    assert [(each.text, each.spans) for each in read_documents(tmp_path / "x.csv").documents] == [
        ("Anna met\nBob", (Span(0, 4, "PER"),)),
        ("Anna met Bob", (Span(9, 12, "PER"),)),
        ("Anna  met Bob", (Span(0, 4, "PER"), Span(10, 13, "PER"))),
        ("nobody", ()),
        ("not looked at", None),
    ]


def test_what_a_model_proposed_is_no_label(tmp_path):
    spans = [{"start": 0, "end": 4, "label": "PER", "score": 0.5}]
    with (tmp_path / "x.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [["text", "spans", "proposed"], ["Anna", "", json.dumps(spans)], ["Anna", json.dumps(spans), ""]]
        )
    documents = read_documents(tmp_path / "x.csv").documents
    assert [each.spans for each in documents] == [None, None]
    assert [proposal_of(each).spans for each in documents] == [(Span(0, 4, "PER"),)] * 2


def test_the_class_of_a_text_is_no_label_of_it_and_counted(tmp_path):
    (tmp_path / "x.csv").write_text("text,label\nAnna met Bob,sports\n")
    found = read_documents(tmp_path / "x.csv")
    assert [(each.spans, each.meta) for each in found.documents] == [(None, {"label": "sports"})]
    assert [(each.kind, each.count) for each in found.report.findings] == [("other-labels", 1)]


def test_a_tsv_with_texts_is_none_with_words(tmp_path):
    (tmp_path / "texts.tsv").write_text("text\tsource\nAnna met Bob\tx\nBob came\ty\n")
    (tmp_path / "words.tsv").write_text("text\ttag\nAnna\tB-PER\nmet\tO\n\nBob\tB-PER\n")
    assert [each.text for each in read_documents(tmp_path / "texts.tsv").documents] == [
        "Anna met Bob",
        "Bob came",
    ]
    assert [each.text for each in read_documents(tmp_path / "words.tsv").documents] == ["Anna met", "Bob"]


@pytest.mark.parametrize(
    ("name", "content", "field", "message"),
    [
        ("x.csv", "title,body\na,b\n", "", r"x\.csv:1: Expected a column with the texts .*was: title, body;"),
        ("x.csv", "title,text\na,b\n", "body", r"x\.csv:1: Expected a column 'body' .*was: title, text;"),
        ("x.csv", "text,a,a\nb,c,d\n", "", "Expected each column once, was: 'a' twice"),
        ("x.csv", 'text,a\n"b" c,d\n', "", r"x\.csv:2: Expected cells with quotes around them"),
        ("x.csv", 'text,a\nb,c\n"d,e\nf,g\n', "", r"x\.csv:3: .*unexpected end of data"),
        ("x.csv", "", "", "names of the columns, was: an empty file"),
        ("x.csv", "text,a\nb\n", "", r"x\.csv:2: Expected 2 cells, was: 1"),
        ("x.csv", 'text,spans\nb,"[{"\n', "", "Expected JSON in the column 'spans'"),
        ("x.csv", "text,tags\nAnna met,B-PER O O\n", "", "Expected 2 tags in the column 'tags', was: 3"),
        ("x.csv", b"text\nZ\xfcrich\n", "", r"x\.csv:2: Expected UTF-8, was: byte 0xfc"),
        ("x.xlsx", b"PK\3\4", "", "was: a workbook; save its sheet as CSV UTF-8 first"),
    ],
)
def test_what_is_not_clear_is_refused(name, content, field, message, tmp_path):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(FormatError, match=message):
        read_documents(tmp_path / name, options=ReadOptions(text_field=field))
