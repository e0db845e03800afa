"""Whatever a format holds comes back; whatever it cannot hold is left out whole and reported."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wapaganda.annotation import (
    ASPECTS,
    Format,
    FormatError,
    all_formats,
    by_suffix,
    format_titles,
    read_documents,
    register,
    with_proposal,
    writable_suffixes,
    write_documents,
)
from wapaganda.annotation.proposals import marked_spans
from wapaganda.ner import Document, Span, repaired

WRITABLE = sorted(name for name, each in all_formats().items() if each.write is not None)
BLANKS = str.maketrans("", "", " \t\r\n")

hostile = st.sampled_from(
    ["Anna", "case", "X", "  ", "\r\n", "\n", "\t", "😀", "e\u0301", "北京", "\u2028", "\ufeff"]
)
anything = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
texts = st.lists(hostile | anything | st.just(" "), max_size=10).map("".join)
labels = st.sampled_from(["PER", "PERSON", "B-x", "a b", "T\tab", "new\nline", "PER "]) | anything
marks = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 9), labels, st.none() | st.floats(0, 1)), max_size=4
)
metas = st.dictionaries(
    st.sampled_from(["source", "text", "note"]),
    st.text(max_size=3) | st.integers(0, 9) | st.lists(st.none()),
    max_size=2,
)
documents = st.lists(
    st.tuples(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6),
        texts,
        st.none() | marks,
        metas,
        st.none() | st.sampled_from(["v0001-87729ada", "a\tb", ""]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda parts: parts[0],
)


def document(name, text, marks, meta, by):
    spans = (
        None if marks is None else tuple(Span(a, a + size, label, score) for a, size, label, score in marks)
    )
    made = repaired(Document(name, text, spans, meta))[0]
    return made if by is None or made.spans is None else with_proposal(made, made.spans, by)


def seen(document, keeps):
    """What of a document the format promises to keep; spans that all have a score are a proposal."""
    text = document.text if "white space" in keeps else document.text.translate(BLANKS)
    spans, proposal = marked_spans(document)
    shown = (
        None
        if spans is None
        else [
            (
                document.text[span.start : span.end].translate(BLANKS),
                span.label,
                span.score if "scores" in keeps else None,
                (span.start, span.end) if "white space" in keeps else None,
            )
            for span in spans
        ]
    )
    if proposal is not None and ("proposals" not in keeps or ("meta" not in keeps and not spans)):
        shown, proposal = None, None
    meta = {key: value for key, value in document.meta.items() if key != "proposed"}
    name = document.id if "ids" in keeps else None
    return repr((name, text, shown, proposal is not None, meta if "meta" in keeps else None))


@pytest.mark.parametrize("name", WRITABLE)
@given(parts=documents)
@settings(max_examples=25, deadline=None, database=None, derandomize=True)
def test_documents_come_back_or_are_reported(name, parts, tmp_path_factory):
    wanted, chosen = [document(*part) for part in parts], all_formats()[name]
    path = tmp_path_factory.mktemp("out") / f"x{chosen.suffixes[0]}"
    left_out = write_documents(wanted, path)
    found = read_documents(path) if path.exists() and len(left_out) < len(wanted) else None
    read = found.documents if found else []
    assert len(read) + len(left_out) == len(wanted), left_out
    known = [seen(each, chosen.keeps) for each in wanted]
    back = [seen(each, chosen.keeps) for each in read]
    assert not set(back) - set(known)
    if not left_out:
        assert back == known if "order" in chosen.keeps else sorted(back) == sorted(known)
    assert found is None or found.skipped == ()
    # A proposal is never read as a label, whatever the format.
    labelled = {each.text.translate(BLANKS) for each in wanted if each.spans and not marked_spans(each)[1]}
    assert {each.text.translate(BLANKS) for each in read if each.spans} <= labelled
    shutil.rmtree(path, ignore_errors=True)


def test_every_writable_format_has_a_suffix_of_its_own():
    assert len(set(writable_suffixes())) == len(WRITABLE)
    for name in WRITABLE:
        assert by_suffix(path_of(name), writable=True) is all_formats()[name]
    assert by_suffix(path_of("conll").with_suffix(".docx")) is None


def path_of(name):
    return Path("folder") / f"x{all_formats()[name].suffixes[0]}"


def test_titles_and_aspects_are_those_of_the_table():
    assert all(each.title in format_titles() for each in all_formats().values())
    assert all(each.keeps <= set(ASPECTS) for each in all_formats().values())


def test_a_name_is_taken_once():
    with pytest.raises(ValueError, match="Expected a new name"):
        register(Format("conll", "x", (), lambda source: 0.0, lambda source, collector: None))


def test_an_installed_package_adds_a_format_by_an_entry_point(tmp_path):
    (tmp_path / "mine-1.0.dist-info").mkdir()
    (tmp_path / "mine-1.0.dist-info" / "entry_points.txt").write_text("[wapaganda.formats]\nx = mine\n")
    (tmp_path / "mine.py").write_text(
        "from wapaganda.annotation import Format, register\n"
        "register(Format('mine', 'a format of mine', ('.mine',), lambda s: 0.0, lambda s, c: None))\n"
    )
    code = "from wapaganda.annotation import all_formats; print(all_formats()['mine'].suffixes)"
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "('.mine',)\n", done.stderr


def test_an_unknown_name_or_suffix_is_not_written(tmp_path):
    for options in ({"format": "no such format"}, {"format": "text"}, {}):
        with pytest.raises(FormatError, match="Expected a format of"):
            write_documents([Document("1", "x")], tmp_path / "x.docx", **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "hostile",
    [
        Document("1", "Anna", (Span(0, 4, "\ud83d"),)),
        Document("\ud83d", "Anna", ()),
        Document("1", "Anna", (), {"n": float("nan")}),
        Document("1", "Anna", (), {"n": "\ud83d"}),
        Document("1", "\ud83d", None),
    ],
)
@pytest.mark.parametrize("name", WRITABLE)
def test_what_no_file_can_hold_is_left_out_and_reported(name, hostile, tmp_path):
    path = tmp_path / f"x{all_formats()[name].suffixes[0]}"
    (reason,) = write_documents([hostile, Document("2", "Bob", (Span(0, 3, "PER"),))], path)
    assert "no file can hold it" in reason
    assert [each.text for each in read_documents(path).documents] == ["Bob"]


def test_a_bin_written_by_spacy_is_read(request):
    """The file was made by spaCy 3.8.18: see ``files/make_spacy_file.py``."""
    found = read_documents(request.path.parent / "files" / "by_spacy_3_8.spacy")
    text = "Ada Lovelace met Zoë in  Oslo.\nThen the case of root 😀 ended."
    assert [(each.text, each.spans) for each in found.documents] == [
        (text, (Span(0, 12, "PERSON"), Span(17, 20, "PERSON"), Span(25, 29, "Ort"))),
        ("Nobody is here.", ()),
        ("Not looked at.", None),
        ("Ada of Oslo", (Span(7, 11, "GPE"),)),
    ]
    assert "document 4: Expected all tokens annotated" in found.skipped[0]
    (beside,) = [each for each in found.report.findings if each.kind == "beside"]
    assert (beside.count, "span groups" in beside.example) == (2, True)


def test_a_broken_bin_is_refused(tmp_path):
    (tmp_path / "x.spacy").write_bytes(b"not a bin")
    with pytest.raises(FormatError, match=r"x\.spacy: Expected a DocBin of spaCy"):
        read_documents(tmp_path / "x.spacy")


ANN = """T1\tPER 0 4\tAnna
T2\tLOC 9 12;13 17\tNew York
T3\tLOC 5 8;13 17\tmet York
R1\tlives Arg1:T1 Arg2:T2
E1\tPER:T1
A1\tNegation T1
*\tEquiv T1 T2
#1\tAnnotatorNotes T1\thm
N1\tReference T1 Wikipedia:1\tAnna
"""


def test_brat_folders_are_read_and_what_is_not_held_is_counted(tmp_path):
    (tmp_path / "a.txt").write_bytes("Anna met New\nYork 😀 Bob".encode())
    (tmp_path / "a.ann").write_bytes((ANN + "T4\tPER 20 23\tBob\n").encode())
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").write_text("nobody looked")
    (tmp_path / "c.txt").write_text("Anna")
    (tmp_path / "c.ann").write_text("T1\tPER 1 4\tAnn\n")
    (tmp_path / "d.ann").write_text("")
    found = read_documents(tmp_path)
    assert found.documents == [
        Document(
            "a", "Anna met New\nYork 😀 Bob", (Span(0, 4, "PER"), Span(9, 17, "LOC"), Span(20, 23, "PER"))
        ),
        Document("sub/b", "nobody looked"),
    ]
    (beside,) = [each for each in found.report.findings if each.kind == "beside"]
    assert (beside.count, beside.example) == (
        7,
        "1 attributes, 1 discontinuous spans, 1 equivalences, 1 events, 1 normalisations, "
        "1 notes, 1 relations",
    )
    assert ["Expected 'Ann' at 1 4" in found.skipped[0], "Expected a .txt" in found.skipped[1]] == [
        True,
        True,
    ]


@pytest.mark.parametrize("line", ["T1 PER 0 4", "T1\tPER 0\tA", "T1\tPER x 4\tAnna"])
def test_a_malformed_line_of_brat_skips_its_text(line, tmp_path):
    (tmp_path / "a.txt").write_text("Anna")
    (tmp_path / "a.ann").write_text(line)
    (tmp_path / "b.txt").write_text("Bob")
    found = read_documents(tmp_path)
    assert [each.id for each in found.documents] == ["b"]
    assert "Expected T1, label, start, end and words" in found.skipped[0]


def test_both_exports_of_doccano_are_read_and_relations_counted(tmp_path):
    entity = {"id": 1, "label": "PER", "start_offset": 0, "end_offset": 4}
    newer = {"id": 7, "text": "Anna met", "entities": [entity], "relations": [{"id": 3}], "Comments": []}
    older = {"id": 8, "text": "Bob met", "label": [[0, 3, "PER"]]}
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, [newer, older])))
    found = read_documents(tmp_path / "x.jsonl")
    assert [(each.id, each.spans) for each in found.documents] == [
        ("7", (Span(0, 4, "PER"),)),
        ("8", (Span(0, 3, "PER"),)),
    ]
    assert [(each.kind, each.count) for each in found.report.findings] == [("beside", 1)]
    assert "relations of doccano" in found.report.lines()[0]


def test_rejected_and_ignored_tasks_of_prodigy_are_counted(tmp_path):
    span = {"start": 0, "end": 4, "label": "PER", "token_start": 0, "token_end": 0}
    tasks = [{"text": "Anna", "spans": [span], "answer": answer} for answer in ("accept", "reject", "ignore")]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, tasks)))
    found = read_documents(tmp_path / "x.jsonl")
    assert [each.spans for each in found.documents] == [(Span(0, 4, "PER"),)]
    assert len(found.skipped) == 2
    assert [(each.kind, each.count) for each in found.report.findings] == [("rejected", 2)]
    assert "2 texts without an answer: the annotator rejected" in found.report.lines()[0]
    assert found.report.n_not_read == 0


def test_tokens_with_tags_under_another_usual_name_are_read(tmp_path):
    for key in ("labels", "ner", "ner_labels"):
        (tmp_path / "x.jsonl").write_text(json.dumps({"tokens": ["Anna", "ran"], key: ["B-P", "O"]}))
        assert read_documents(tmp_path / "x.jsonl").documents[0].spans == (Span(0, 4, "P"),)


def test_hidden_tags_of_datasets_are_not_the_last_tag(tmp_path):
    from datasets import ClassLabel, Dataset, Features, List, Value

    tags = List(ClassLabel(names=["O", "B-PER"]))
    rows = {"tokens": [["Anna"], ["Bob"]], "ner_tags": [[-1], [1]]}
    Dataset.from_dict(
        rows, features=Features({"tokens": List(Value("string")), "ner_tags": List(Value("int64"))})
    ).cast(Features({"tokens": List(Value("string")), "ner_tags": tags})).save_to_disk(str(tmp_path / "d"))
    found = read_documents(tmp_path / "d")
    assert [(each.text, each.spans) for each in found.documents] == [
        ("Anna", None),
        ("Bob", (Span(0, 3, "PER"),)),
    ]
    assert (found.report.n_unlabelled, found.report.n_not_read) == (1, 0)
