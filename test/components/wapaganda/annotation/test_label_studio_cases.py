"""Exports of Label Studio as people have them: each is read rightly, or not read and named."""

import json

import pytest

from wapaganda.annotation import FormatError, ReadOptions, is_unread, read_documents


def region(start, end, text, label, kind="labels", over="text", by="label", **value):
    value = {"start": start, "end": end, "text": text, kind: [label], **value}
    return {"id": "r", "from_name": by, "to_name": over, "type": kind, "value": value}


def xpath(start, end, text, label, kind="hypertextlabels", by="label"):
    """A region over HTML."""
    path, offsets = "/p[1]/text()[1]", {"start": start, "end": end}
    own = {"startOffset": start, "endOffset": end, "globalOffsets": offsets}
    return region(path, path, text, label, kind, by=by, **own)


@pytest.fixture
def read(tmp_path):
    def read(data, *regions, **options):
        data = {"text": data} if isinstance(data, str) else data
        task = {"id": 1, "data": data, "annotations": [{"id": 9, "result": list(regions)}]}
        path = tmp_path / "export.json"
        path.write_text(json.dumps([task]))
        return read_documents(path, options=ReadOptions(**options))

    return read


def found(result):
    """The words and labels of the one text."""
    (document,) = result.documents
    return [(document.text[span.start : span.end], span.label) for span in document.spans]


def kinds(result):
    return [(each.kind, each.count) for each in result.report.findings]


CRLF = "one\r\ntwo\r\nMira met Bob today"
THUMBS = "👍👍 Mira met Bob and left."


@pytest.mark.parametrize(
    ("text", "regions", "words", "counting"),
    [
        (CRLF, [(8, 12, "Mira"), (17, 20, "Bob")], ["Mira", "Bob"], "count one character for CR LF"),
        (" Intro\n \n \nFrom: mira <m@oslo.example>", [(22, 26, "oslo")], ["oslo"], "leave out"),
        ("💩This is an annotation.", [(13, 23, "annotation")], ["annotation"], "count UTF-16 units"),
        (THUMBS, [(5, 9, "Mira"), (14, 17, "Bob")], ["Mira", "Bob"], "count UTF-16 units"),
    ],
    ids=["ls-crlf-offsets", "ls-crlf-offsets (shift)", "ls-emoji-offsets", "ls-emoji-offsets (2)"],
)
def test_offsets_that_contradict_the_words_are_mended_and_counted(read, text, regions, words, counting):
    result = read(text, *[region(start, end, own, "X") for start, end, own in regions])
    assert found(result) == [(word, "X") for word in words]
    assert kinds(result) == [("offsets-mended", 1)]
    assert counting in result.report.findings[0].example
    assert "1 text mended: the offsets were counted in another way" in "\n".join(result.report.lines())


def test_offsets_that_no_counting_explains_leave_the_text_unread(read):
    result = read(
        "Mira met Bob in Oslo on Monday.", region(18, 22, "Oslo", "LOC"), region(0, 4, "Mira", "PER")
    )
    assert is_unread(result.documents[0])
    assert kinds(result) == [("offsets-contradict", 1)]
    assert "Expected 'Oslo' at 18 to 22, was: 'lo o'" in result.skipped[0]
    assert result.report.lost == {"LOC": 1, "PER": 1}


HTML = "<p>Mira lives in <b>Oslo</b></p>"


@pytest.mark.parametrize(
    ("data", "regions"),
    [
        (HTML, [xpath(0, 4, "Mira", "PER")]),
        ("Mira lives in Oslo", [region(0, 4, "Mira", "PER", "hypertextlabels")]),
        ("<p>Mira lives in Oslo</p>", [xpath(0, 4, "Mira", "PER", "labels", by="ner")]),
        ("Mira lives in Oslo", [xpath(0, 4, "Mira", "PER", "labels")]),
    ],
    ids=["ls-hypertext-export", "ls-hypertext-export (text)", "ls-labels-over-hypertext", "plain"],
)
def test_hypertext_is_read_by_its_visible_text(read, data, regions):
    result = read(data, *regions)
    assert found(result) == [("Mira", "PER")]
    assert result.documents[0].text == "Mira lives in Oslo"
    assert kinds(result) == []


def test_offsets_into_hypertext_count_text_and_line_breaks_and_nothing_between_blocks(read):
    data = "<style>p {}</style><p>A &amp; B<br>Mira</p>\n<p>in <i>Os</i>lo</p><div>😀 Bob</div>"
    result = read(
        data, xpath(6, 10, "Mira", "PER"), xpath(14, 18, "Oslo", "LOC"), xpath(20, 23, "Bob", "PER")
    )
    assert result.documents[0].text == "A & B\nMira\nin Oslo\n😀 Bob"
    assert found(result) == [("Mira", "PER"), ("Oslo", "LOC"), ("Bob", "PER")]


def test_hypertext_without_global_offsets_is_not_read(read):
    broken = xpath(0, 4, "Mira", "PER")
    del broken["value"]["globalOffsets"]
    assert kinds(read(HTML, broken)) == [("region-form", 1)]


def test_paragraphs_are_read_one_a_line(read):
    turns = [{"author": "x", "text": "Mira lives"}, {"author": "y", "text": "in Oslo"}]
    data = {"text": "Mira lives in Oslo", "dialogue": turns}
    first = region("0", "0", "Mira", "PER", "paragraphlabels", "dialogue", startOffset=0, endOffset=4)
    second = region("1", "1", "Oslo", "LOC", "paragraphlabels", "dialogue", startOffset=3, endOffset=7)
    result = read(data, first, second)
    assert result.documents[0].text == "Mira lives\nin Oslo"
    assert found(result) == [("Mira", "PER"), ("Oslo", "LOC")]
    outside = region("2", "2", "Oslo", "LOC", "paragraphlabels", "dialogue", startOffset=3, endOffset=7)
    assert kinds(read(data, outside)) == [("region-form", 1)]


def test_ls_audio_labels_there_is_no_text(read):
    with pytest.raises(FormatError, match="one field of data with the text, was: none"):
        read({"audio": "/data/upload/x.wav"}, region(1.0, 4.0, None, "Speech", over="audio"))


def test_ls_url_text_an_address_is_no_text(read):
    with pytest.raises(FormatError, match="one field of data with the text, was: none"):
        read("/data/upload/1/ab-note.txt", region(100, 104, "Mira", "PER"))
    chosen = read("/data/upload/1/ab-note.txt", region(100, 104, "Mira", "PER"), text_field="text")
    assert kinds(chosen) == [("text-address", 1)]
    assert kinds(read("/data/upload/1/ab-note.txt", text_field="text")) == [("text-address", 1)]
    address = "https://example.com/Oslo.html"
    kept = read({"text": address}, region(20, 24, "Oslo", "LOC"), text_field="text")
    assert kinds(kept) == []


def test_ls_two_fields_one_is_named(read):
    data = {"body": "Mira lives in Oslo", "title": "News"}
    silent = region(0, 4, None, "PER")
    with pytest.raises(FormatError, match=r"with the text, was: body, title; name it by --text-field"):
        read(data, silent)
    assert found(read(data, silent, text_field="body")) == [("Mira", "PER")]
    assert found(read(data, region(0, 4, "Mira", "PER"))) == [("Mira", "PER")]
    with pytest.raises(FormatError, match=r"Expected the text in data\['head'\], was: body, title"):
        read(data, silent, text_field="head")


def test_ls_two_fields_two_tags_over_one_text_are_one_schema(read):
    both = (region(0, 4, "Mira", "PER"), region(14, 18, "Oslo", "City", by="geo"))
    assert found(read("Mira lives in Oslo", *both)) == [("Mira", "PER"), ("Oslo", "City")]
    chosen = read("Mira lives in Oslo", *both, label_tag="geo")
    assert found(chosen) == [("Oslo", "City")]
    assert kinds(chosen) == [("other-tag", 1)]


def test_labels_over_two_texts_need_a_choice(read):
    data = {"body": "Mira lives in Oslo", "title": "Bob wins"}
    both = (region(0, 4, "Mira", "PER"), region(0, 3, "Bob", "PER", over="head", by="second"))
    with pytest.raises(FormatError, match=r"labels over one text, was: body, title .*--text-field"):
        read(data, *both)
    chosen = read(data, *both, text_field="title")
    assert found(chosen) == [("Bob", "PER")]
    assert kinds(chosen) == [("other-tag", 1)]


def test_boxes_on_an_image_beside_a_labelled_text_are_ignored(read):
    box = {"id": "b", "type": "rectanglelabels", "from_name": "boxes", "to_name": "img"}
    box["value"] = {"x": 1, "y": 1, "width": 5, "height": 5, "rectanglelabels": ["Face"]}
    beside = read("Mira", region(0, 4, "Mira", "PER"), box)
    assert found(beside) == [("Mira", "PER")]
    assert kinds(beside) == [("other-tag", 1)]
    alone = read("Mira", box)
    assert is_unread(alone.documents[0])
    assert kinds(alone) == [("region-type", 1)]
