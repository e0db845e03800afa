import pytest

from wapaganda.annotation import FormatError, read_documents, write_conll
from wapaganda.ner import Document, Span


@pytest.fixture
def read(tmp_path):
    def read(content, name="x.conll", **options):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_documents(path, **options)

    return read


ANNA = (Span(0, 4, "PER"), Span(9, 20, "LOC"), Span(21, 24, "LOC"))
SENTENCE = ["Anna", "saw", "Bad", "Homburg", "Ulm"]


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("B-PER O B-LOC I-LOC B-LOC", "IOB2"),
        ("I-PER O I-LOC I-LOC B-LOC", "IOB1"),
        ("S-PER O B-LOC E-LOC S-LOC", "IOBES"),
        ("U-PER O B-LOC L-LOC U-LOC", "IOBES"),
        ("S-PER O B-LOC E-LOC B-LOC", "IOBES"),
    ],
)
@pytest.mark.parametrize(
    "columns", ["{0}\t{1}", "{0} {1}", "{0} NNP {1}", "{0}\tNNP\tB-NP\t{1}", "{0}  -X-   _  {1}"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_scheme_column_count_and_line_end(read, tags, scheme, columns, end):
    lines = [columns.format(word, tag) for word, tag in zip(SENTENCE, tags.split(), strict=True)]
    result = read(end.join(["\ufeff-DOCSTART- -X- O O", "", *lines, "", "", *lines]))
    assert [document.spans for document in result.documents] == [ANNA, ANNA]
    assert [document.id for document in result.documents] == ["x-000001", "x-000002"]
    assert result.documents[0].text == "Anna saw Bad Homburg Ulm"
    assert f"tags are {scheme}" in result.notes[0]
    assert (result.skipped, result.repairs.total) == ((), 0)


def test_bare_tags_run_together(read):
    result = read("Anna PER\nsaw O\nBad LOC\nHomburg LOC\n\nBob PER\n")
    assert [document.spans for document in result.documents] == [
        (Span(0, 4, "PER"), Span(9, 20, "LOC")),
        (Span(0, 3, "PER"),),
    ]
    assert "bare tags" in result.notes[0]


def test_iob2_with_orphans_is_read_and_told(read):
    result = read("a B-X\nb I-Y\nc O\n")
    assert result.documents[0].spans == (Span(0, 1, "X"), Span(2, 3, "Y"))
    assert "1 entities that begin with I-" in result.notes[0]


def test_a_malformed_line_is_reported_with_its_number_and_only_its_text_is_skipped(read):
    result = read("Anna B-PER\n\nBob B-PER\nbroken\nleft O\n\nUlm B-LOC\nis XX\n\nEva B-PER\n")
    assert [(document.text, document.is_labelled) for document in result.documents] == [
        ("Anna", True),
        ("Ulm is", False),
        ("Eva", True),
    ]
    assert [document.id for document in result.documents] == ["x-000001", "x-000003", "x-000004"]
    assert (result.report.n_not_read, result.report.n_unlabelled, result.report.lost) == (2, 0, {"LOC": 1})
    assert ["x.conll:4: Expected 2 columns" in result.skipped[0], "'broken'" in result.skipped[0]] == [
        True,
        True,
    ]
    assert "x.conll:8: Expected O or a tag such as B-PER or I-PER, was: 'XX'" in result.skipped[1]


def test_strict_reading_stops_at_the_first_malformed_line(read):
    with pytest.raises(FormatError, match=r"x\.conll:2: Expected 2 columns"):
        read("Anna B-PER\nbroken\n", strict=True)


@pytest.mark.parametrize("line", ["Bob\t", "\tO", "Bob\tNNP\tO", "a b c d e"])
def test_lines_that_are_malformed(read, line):
    result = read(f"Anna\tB-PER\nsaw\tO\n\n{line}\n")
    assert len(result.documents) == len(result.skipped) == 1
    assert "x.conll:4: Expected 2 columns" in result.skipped[0]


def test_nothing_readable_is_an_error(read):
    with pytest.raises(FormatError, match=r"Expected a readable document|at least one readable"):
        read("one\ntwo\n")


def test_blank_lines_may_hold_a_tab_and_texts_may_have_comments(read):
    result = read("# id 1\tdomain=en\nAnna\tB-PER\n\t\n \n# sent_id = 2\n#\tO\nid\tO\n")
    assert [document.text for document in result.documents] == ["Anna", "# id"]


def test_only_line_feeds_end_a_line(read):
    result = read("a\u2028b\tB-X\nc\x85d\tO\n\u00a0e\tO\n")
    assert result.documents[0].text == "a\u2028b c\x85d \u00a0e"


def test_broken_encoding_is_reported_with_its_line(read):
    with pytest.raises(FormatError, match=r"x\.conll:2: Expected UTF-8, was: byte 0xff"):
        read(b"Anna B-PER\n\xff O\n")


def test_content_decides_when_the_name_does_not(read):
    assert read("Anna B-PER\nran O\n", name="x.data").documents[0].spans == (Span(0, 4, "PER"),)
    assert read("Anna B-PER\nran O\n", name="x.txt").documents[0].spans == (Span(0, 4, "PER"),)
    plain = read("Anna ran away.\n\nBob too.\n", name="x.txt")
    assert [(document.text, document.spans) for document in plain.documents] == [
        ("Anna ran away.", None),
        ("Bob too.", None),
    ]
    assert "plain text" in plain.notes[0]
    with pytest.raises(FormatError, match="Expected CoNLL columns, CSV or TSV"):
        read("Anna ran away.", name="x.data")
    with pytest.raises(FormatError, match="Expected a format of conll"):
        read("Anna O", format="xml")


def test_an_empty_file_has_no_documents(read):
    assert read("").documents == []


def written(tmp_path, *documents, **options):
    path = tmp_path / "out.conll"
    return write_conll(documents, path, **options), path


def test_words_are_cut_where_a_span_ends(tmp_path):
    document = Document("1", "Anna's  Bad-Homburg\r\ntrip.", (Span(0, 4, "PER"), Span(8, 19, "LOC")))
    left_out, path = written(tmp_path, document)
    assert left_out == ()
    assert path.read_text() == "Anna\tB-PER\n's\tO\nBad-Homburg\tB-LOC\ntrip.\tO\n\n"
    _, path = written(tmp_path, document, split_punctuation=True)
    assert "Bad\tB-LOC\n-\tI-LOC\nHomburg\tI-LOC\ntrip\tO\n.\tO\n" in path.read_text()


def test_what_conll_cannot_express_is_left_out_and_told(tmp_path):
    documents = [
        Document("a", "x"),
        Document("b", " ", ()),
        Document("c", "-DOCSTART- x", ()),
        Document("d", "x", ()),
    ]
    left_out, path = written(tmp_path, *documents)
    assert [reason.split(":")[0] for reason in left_out] == ["a", "b", "c"]
    assert path.read_text() == "x\tO\n\n"


def test_spans_that_were_not_repaired_are_refused(tmp_path):
    with pytest.raises(FormatError, match="Document 1: expected repaired spans, was: 1 trimmed"):
        written(tmp_path, Document("1", "Anna ran", (Span(0, 5, "PER"),)))
