"""CoNLL files as people have them: places of the columns, ways to write tags, what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapaganda.annotation import FormatError, ReadOptions, is_unread, read_documents
from wapaganda.annotation.collecting import Collector
from wapaganda.annotation.formats.conll import read_conll
from wapaganda.ner import Span

WORDS = ["Mira", "of", "New", "York", "lives", "in", "Oslo", "B-52", "#", "7", "I", "saw", "O'Neil"]
FORMS = {
    "B-PER": "{0}-{1}",
    "b-per": None,
    "B_PER": "{0}_{1}",
    "B:PER": "{0}:{1}",
    "PER-B": "{1}-{0}",
    "PER_B": "{1}_{0}",
}
LAYOUTS = {
    "word tag": lambda at, word, tag: [word, tag],
    "tag word": lambda at, word, tag: [tag, word],
    "index word tag": lambda at, word, tag: [str(at + 1), word, tag],
    "index from 0": lambda at, word, tag: [str(at), word, tag],
    "word pos tag": lambda at, word, tag: [word, "NNP" if word[0].isupper() else "VB", tag],
    "pos tag word": lambda at, word, tag: ["X", tag, word],
    "word pos chunk tag": lambda at, word, tag: [word, "NN", "B-NP" if at % 2 else "I-VP", tag],
    "word tag filler": lambda at, word, tag: [word, tag, "_"],
    "offsets": lambda at, word, tag: [str(at * 7), str(at * 7 + 6), word, tag],
    "index word tag inner": lambda at, word, tag: [str(at + 1), word, tag, "O"],
    "trailing tab": lambda at, word, tag: [word, tag, ""],
}
SCHEMES = ("iob2", "iobes", "bmewo")

entity = st.tuples(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3), st.sampled_from(["PER", "LOC"]))
plain = st.tuples(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3), st.none())
text = st.lists(entity | plain, min_size=1, max_size=5)
"""A text as pieces: words, and their label or ``None``."""


def tags_of(pieces, scheme):
    tags = []
    for words, label in pieces:
        first, inner, last, only = {
            "iob2": "BIIB",
            "iobes": "BIES",
            "bmewo": "BMEW",
        }[scheme]
        prefixes = [only] if len(words) == 1 else [first, *[inner] * (len(words) - 2), last]
        tags += [(prefix, label) if label else ("O", None) for prefix in prefixes]
    return tags


def expected(pieces):
    spans, at = [], 0
    for words, label in pieces:
        size = len(" ".join(words))
        if label:
            spans.append(Span(at, at + size, label))
        at += size + 1
    return " ".join(word for words, _ in pieces for word in words), tuple(spans)


def written(tag, form):
    prefix, label = tag
    if label is None:
        return "o" if form == "b-per" else "O"
    if form == "b-per":
        return f"{prefix}-{label}".lower()
    return FORMS[form].format(prefix, label)


# A known text stands first, so that a file of a few words can be recognised at all.
KNOWN = [
    (["Anna"], "PER"),
    (["met", "the", "mayor", "in"], None),
    (["Bad", "Homburg"], "LOC"),
    (["today"], None),
]


def lines_of(texts, layout, form, scheme, separator):
    lines = []
    for pieces in texts:
        words = [word for some, _ in pieces for word in some]
        for at, (word, tag) in enumerate(zip(words, tags_of(pieces, scheme), strict=True)):
            lines.append(separator.join(LAYOUTS[layout](at, word, written(tag, form))))
        lines.append("")
    return lines


@given(
    st.lists(text, max_size=3),
    st.sampled_from(sorted(LAYOUTS)),
    st.sampled_from(sorted(FORMS)),
    st.sampled_from(SCHEMES),
    st.sampled_from(["\t", " "]),
)
def test_every_layout_and_form_gives_the_same_spans(tmp_path_factory, texts, layout, form, scheme, separator):
    texts = [KNOWN, KNOWN, *texts]
    collector = Collector(tmp_path_factory.getbasetemp() / "x.conll", strict=False)
    read_conll(lines_of(texts, layout, form, scheme, separator), collector)
    result = collector.result()
    wanted = [expected(pieces) for pieces in texts]
    if form == "b-per":
        wanted = [
            (words, tuple(Span(each.start, each.end, each.label.lower()) for each in spans))
            for words, spans in wanted
        ]
    assert [(each.text, each.spans) for each in result.documents] == wanted
    assert (result.report.n_not_read, result.report.findings) == (0, ())
    assert "tag in column" in result.notes[0]


@pytest.fixture
def read(tmp_path):
    def read(content, name="x.conll", **options):
        path = tmp_path / name
        path.write_text(content, "utf-8")
        return read_documents(path, options=ReadOptions.parse(**options))

    return read


def seen(result):
    return [
        (each.text, each.spans and [(each.text[span.start : span.end], span.label) for span in each.spans])
        for each in result.documents
    ]


MIRA = [("Mira lives in Oslo", [("Mira", "PER"), ("Oslo", "LOC")])]


@pytest.mark.parametrize(
    "content",
    [
        "Mira\tB-PER\nlives\t{0}\nin\t{0}\nOslo\tB-LOC\n",
        "Mira PER\nlives {0}\nin {0}\nOslo LOC\n",
    ],
)
@pytest.mark.parametrize("outside", ["O", "o", "-", "_", "0", "OTHER", "other", "None", "OUT"])
def test_other_words_for_outside(read, content, outside):
    result = read(content.format(outside))
    assert seen(result) == MIRA
    assert (f"{outside!r} is outside" in result.notes[0]) == (outside != "O")


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("Adenomatous\tB\npolyposis\tI\ncoli\tI\ngene\tO\n", [("Adenomatous polyposis coli", "ENTITY")]),
        ("Mira\tI\nVal\tI\nleft\tO\n", [("Mira Val", "ENTITY")]),
        ("Mira\tS\nmet\tO\nBob\tB\nLee\tE\n", [("Mira", "ENTITY"), ("Bob Lee", "ENTITY")]),
        ("mira\tb\nval\ti\nleft\to\n", [("mira val", "ENTITY")]),
    ],
)
def test_tags_without_a_type_are_one_type(read, content, wanted):
    result = read(content)
    assert seen(result)[0][1] == wanted
    assert "without types (read as ENTITY)" in result.notes[0]


COMMENTS = [
    "# Sentence 1",
    "#id=17",
    "# sent 2",
    "#\thttp://x.example/1 [2009-10-17]",
    "# sent_id = 3",
    "#begin document",
    "# text = Mira lives in Oslo",
]


@pytest.mark.parametrize("comment", COMMENTS)
@pytest.mark.parametrize("columns", ["{0}\t{1}", "{0} {1}", "{0} NN {1}", "{0} NN B-NP {1}"])
def test_comments_before_a_text_are_left_out(read, comment, columns):
    rows = [("Mira", "B-PER"), ("lives", "O"), ("in", "O"), ("Oslo", "B-LOC")]
    block = "\n".join(columns.format(*row) for row in rows)
    result = read(f"{comment}\n{block}\n\n{comment}\n{block}\n")
    assert seen(result) == MIRA * 2
    assert result.report.findings == ()


def test_a_hash_is_a_word_when_it_has_a_tag(read):
    assert seen(read("#\tO\nMira\tB-PER\n\n#metoo\tB-TAG\nran\tO\n")) == [
        ("# Mira", [("Mira", "PER")]),
        ("#metoo ran", [("#metoo", "TAG")]),
    ]


def test_a_mark_inside_and_a_header_are_left_out(read):
    result = read("word\ttag\nMira\tB-PER\n\n\ufeff-DOCSTART-\tO\n\n\ufeffBob\tB-PER\n")
    assert seen(result) == [("Mira", [("Mira", "PER")]), ("Bob", [("Bob", "PER")])]


def test_the_outer_entities_are_read_and_the_inner_ones_counted(read):
    result = read("Mira\tB-PER\tO\nof\tI-PER\tO\nOslo\tI-PER\tB-LOC\nsaw\tO\tO\n")
    assert seen(result) == [("Mira of Oslo saw", [("Mira of Oslo", "PER")])]
    (finding,) = result.report.findings
    assert (finding.kind, finding.count) == ("tag-column", 1)
    inner = read("Mira\tB-PER\tO\nof\tI-PER\tO\nOslo\tI-PER\tB-LOC\nsaw\tO\tO\n", columns="word=0,tag=2")
    assert seen(inner) == [("Mira of Oslo saw", [("Oslo", "LOC")])]
    turned = read("Mira\tO\tB-PER\nof\tO\tI-PER\nOslo\tB-LOC\tI-PER\nsaw\tO\tO\n")
    assert seen(turned) == seen(result)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("Mira NNP\nlives VBZ\nin IN\nOslo NNP\n", "no tag that is O"),
        ("Mira mira\nlives live\nO o\nOslo oslo\n", "words of the text|no tag that is O"),
        ("Mira 1\nlives O\nOslo 2\n", "the number '1'"),
        ("Mira PER\nlives O\nOslo B\n", "'B', a prefix without a known type"),
        ("Mira B-PER|B-LOC\nlives O\nOslo B-LOC\n", "several in one"),
        ("Mira O B-PER\nlives B-X O\nin O O\nOslo O B-LOC\n", "several that differ"),
        ("".join(f"w{number} T{number}\nx O\n" for number in range(201)), "at most 200 entity types"),
    ],
)
def test_what_is_not_plausible_is_refused_with_the_options_that_decide(read, content, complaint):
    with pytest.raises(FormatError, match=complaint) as error:
        read(content)
    assert "--columns word=0,tag=1" in str(error.value)
    assert "--scheme" in str(error.value)


def test_columns_and_scheme_decide(read):
    content = "Mira NNP x\nlives VBZ y\nOslo NNP x\n"
    assert seen(read(content, columns="word=0,tag=1", scheme="bare"))[0][1] == [
        ("Mira", "NNP"),
        ("lives", "VBZ"),
        ("Oslo", "NNP"),
    ]
    with pytest.raises(FormatError, match="Expected columns 0 to 2, was: word=0, tag=3"):
        read(content, columns="word=0,tag=3")


def test_a_tag_of_another_form_costs_only_its_text(read):
    good = "Mira B-PER\nran O\n\n" * 9
    result = read(f"{good}Bob XX\nLee I-LOC\n")
    assert [is_unread(each) for each in result.documents] == [False] * 9 + [True]
    assert result.report.lost == {"LOC": 1}
    assert "x.conll:28: Expected O or a tag such as B-PER or I-PER, was: 'XX'" in result.skipped[0]


@pytest.mark.parametrize("columns", ["word=0", "word=0,tag=0", "word=a,tag=1", "tag=1", "0,1"])
def test_columns_of_another_form_are_refused(columns):
    with pytest.raises(ValueError, match="Expected columns such as word=0,tag=3"):
        ReadOptions.parse(columns)
    with pytest.raises(ValueError, match="Expected a scheme of auto"):
        ReadOptions.parse(scheme="iob9")
