"""What of a batch that comes back from a file is an answer, and of which text."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from wapaganda.annotation import (
    FormatError,
    add_documents,
    read_documents,
    with_proposal,
    write_documents,
    write_jsonl,
)
from wapaganda.ner import Document, Span
from wapaganda.pipeline import FileSource, collect_answers

PER = Span(0, 4, "PER", 0.5)
FORMATS = [
    "conll",
    "jsonl",
    "csv",
    "doccano",
    "prodigy",
    "label-studio",
    "parquet",
    "spacy",
    "datasets",
    "brat",
]


def batch():
    """Four texts as ``select`` writes them; the second one has other white space in CoNLL."""
    texts = ["Anna met Bob", "Anna  went\nto Oslo", "Anna left", "we left"]
    spans = [[PER], [PER], [PER], []]
    meta = [{"rank": n, "uncertainty": 0.9, "drawn": "diverse"} for n in range(4)]
    return [
        with_proposal(Document(f"id {n}", text, None, meta[n]), spans[n], "v0001")
        for n, text in enumerate(texts)
    ]


def answered(documents):
    """Somebody adds Bob to the first text and Oslo to the second, and does not look at the others."""
    first, second, *others = documents
    at = second.text.index("Oslo")
    return [
        Document(first.id, first.text, (Span(0, 4, "PER"), Span(9, 12, "PER")), first.meta),
        Document(second.id, second.text, (Span(0, 4, "PER"), Span(at, at + 4, "LOC")), second.meta),
        *others,
    ]


def without_proposed(document):
    return replace(document, meta={key: value for key, value in document.meta.items() if key != "proposed"})


@pytest.mark.parametrize("name", FORMATS)
def test_a_batch_comes_back_through_every_format_once(name, tmp_path):
    """The labels, the white space and the draw are those of the batch; a proposal is no answer."""
    offered, data = batch(), tmp_path / "gold.jsonl"
    write_jsonl([Document("old", "Carl came", (Span(0, 4, "PER"),))], data)
    write_documents(offered, tmp_path / "sent", name)
    received = read_documents(tmp_path / "sent", name).documents
    order = [next(o.id for o in offered if o.text.split() == each.text.split()) for each in received]
    sent = [each for _, each in sorted(zip(order, received, strict=True), key=lambda pair: pair[0])]
    write_documents([without_proposed(e) if e.spans else e for e in answered(sent)], tmp_path / "back", name)
    back = read_documents(tmp_path / "back", name)
    found = collect_answers(back, offered, read_documents(data).documents)
    assert [(each.id, each.text) for each in found.new] == [(each.id, each.text) for each in offered[:2]]
    assert found.new[0].spans == (Span(0, 4, "PER"), Span(9, 12, "PER"))
    assert found.new[1].spans == (Span(0, 4, "PER"), Span(14, 18, "LOC"))
    assert [each.meta["drawn"] for each in found.new] == ["diverse", "diverse"]
    assert found.new[0].meta["provenance"] == "corrected"
    assert (found.n_unchanged + found.n_open, found.changed, found.unmatched) == (2, (), ())

    add_documents(found.new, data)
    written = data.read_bytes()
    again = collect_answers(back, offered, read_documents(data).documents)
    assert (again.new, again.n_known, data.read_bytes()) == ((), 2, written)
    whole = collect_answers(back, offered, read_documents(data).documents, accept_unchanged=True)
    # An empty .ann of BRAT says nothing of a model, so a text without proposals goes out without labels.
    taken = ["Anna left"] if name == "brat" else ["Anna left", "we left"]
    assert [each.text for each in whole.new] == taken
    assert (whole.n_accepted, whole.n_known) == (len(taken), 2)
    add_documents(whole.new, data)
    gold = read_documents(data).documents
    assert [each.spans for each in gold[3:]] == [(Span(0, 4, "PER"),), ()][: len(taken)]
    assert gold[0].id == "old"


def test_a_person_says_for_each_text_that_a_proposal_is_right(tmp_path):
    (tmp_path / "al.jsonl").write_text(
        "\n".join(
            f'{{"id": "{n}", "text": "Anna {n}", "spans": {spans}, "proposed": {{"by": "v1", "spans": '
            f'[{{"start": 0, "end": 4, "label": "PER", "score": 0.5}}]}}{more}}}'
            for n, (spans, more) in enumerate(
                [
                    ("null", ', "answered": true'),
                    ("null", ', "answer": "accept"'),
                    ('[{"start": 0, "end": 4, "label": "PER"}]', ""),
                    ("null", ', "answered": false'),
                    ("null", ', "answer": "reject"'),
                ]
            )
        )
    )
    found = collect_answers(read_documents(tmp_path / "al.jsonl"), None, [])
    assert [(each.id, each.spans, each.meta) for each in found.new] == [
        (str(n), (Span(0, 4, "PER"),), {}) for n in range(3)
    ]
    assert all(span.score is None for each in found.new for span in each.spans)
    assert (found.n_unchanged, found.n_open) == (1, 0)


def test_a_lost_mark_makes_no_label_of_a_proposal(tmp_path):
    """Tools that drop comments drop `# proposed by`, too."""
    offered = batch()
    lines = ["Anna\tB-PER", "left\tO", "", "we\tO", "left\tO", "", "Anna\tB-PER", "met\tO", "Bob\tB-PER", ""]
    (tmp_path / "al.conll").write_text("\n".join(lines))
    found = collect_answers(read_documents(tmp_path / "al.conll"), offered, [])
    assert ([each.text for each in found.new], found.n_unchanged) == (["Anna met Bob"], 2)


def test_a_mark_that_was_taken_away_says_that_somebody_has_looked(tmp_path):
    (tmp_path / "al.conll").write_text(
        "Anna\tB-PER\nleft\tO\n\n# proposed by v0001\nwe\tO\nleft\tO\n", encoding="utf-8"
    )
    found = collect_answers(read_documents(tmp_path / "al.conll"), batch(), [])
    assert ([each.text for each in found.new], found.n_unchanged) == (["Anna left"], 1)
    assert found.new[0].meta["provenance"] == "confirmed"


def test_tags_that_were_edited_below_a_mark_that_was_left_are_an_answer(tmp_path):
    (tmp_path / "al.conll").write_text("# proposed by v0001\nAnna\tB-PER\nmet\tO\nBob\tB-PER\n")
    found = collect_answers(read_documents(tmp_path / "al.conll"), batch(), [])
    assert [len(each.spans) for each in found.new] == [2]


def test_other_words_are_refused_with_the_first_difference():
    offered = batch()
    changed = Document("id 0", "Anna met  Rob", (Span(0, 4, "PER"),))
    missing = Document("no id", "Dora slept", ())
    found = collect_answers(read_result(changed, missing), offered, [])
    assert found.changed == ("'id 0': at character 9 expected 'Bob', was: 'Rob'",)
    assert found.unmatched == ("'no id' ('Dora slept')",)
    assert found.new == ()
    without_id = Document("al-000001", "Anna met  Rob", ())
    (sentence,) = collect_answers(read_result(without_id), offered, []).unmatched
    assert "most like one with other words: at character 9 expected 'Bob', was: 'Rob'" in sentence


def read_result(*documents):
    from wapaganda.annotation import ReadResult

    return ReadResult(list(documents))


def test_labels_that_are_there_stay_and_the_other_answer_is_named():
    gold = [Document("g", "Anna met\nBob", (Span(0, 4, "PER"),))]
    found = collect_answers(read_result(Document("x", "Anna met Bob", ())), None, gold)
    assert (found.new, found.other) == ((), ("'x' ('Anna met Bob')",))
    twice = Document("x", "Bob ran", ()), Document("y", "Bob ran", ()), Document("x", "Eve ran", ())
    found = collect_answers(read_result(*twice), None, [*gold, Document("x", "Carl", ())])
    assert [each.text for each in found.new] == ["Bob ran", "Eve ran"]
    assert len({each.id for each in found.new} | {"x"}) == 3
    assert found.n_known == 1


def test_what_is_in_the_file_stays_byte_for_byte_and_other_forms_are_refused(tmp_path):
    path, new = tmp_path / "gold.jsonl", [Document("n", "Bob", (Span(0, 3, "PER"),))]
    old = b'{"text": "Anna", "label": [[0, 4, "PER"]], "relations": [1]}\r\n{"text":"x","spans":null}'
    path.write_bytes(old)
    path.chmod(0o640)
    add_documents(new, path)
    assert path.read_bytes().startswith(old + b"\n{")
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.text for each in read_documents(path).documents] == ["Anna", "x", "Bob"]
    for content in ('[{"text": "Anna", "spans": []}]', "Anna\tB-PER\nran\tO\n"):
        path.write_text(content)
        with pytest.raises(FormatError, match=r"selfish convert gold\.jsonl --to jsonl"):
            add_documents(new, path)
        assert path.read_text() == content
        assert [each.name for each in tmp_path.iterdir()] == ["gold.jsonl"]


KILLED = """
import sys, time
import wapaganda.storage.atomic as atomic
from pathlib import Path
from wapaganda.selfish_cli import main
real = atomic.sync
def slow(path):
    real(path)
    mark.touch()  # the draft is on the disk and has not replaced the file yet
    time.sleep(60)
atomic.sync = slow
batch, offered, data, mark = sys.argv[1:5]
mark = Path(mark)
sys.argv[1:5] = ["answers", "--batch", batch, "--offered", offered, "--data", data]
main()
"""


def test_a_kill_in_the_middle_loses_nothing_and_the_same_command_finishes(tmp_path):
    data, sent, back, mark = (tmp_path / n for n in ("gold.jsonl", "al.jsonl", "back.jsonl", "mark"))
    write_jsonl([Document("old", "Carl came", (Span(0, 4, "PER"),))], data)
    write_jsonl(batch(), sent)
    write_jsonl(answered(batch()), back)
    before = data.read_bytes()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED, back, sent, data, mark]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            if mark.exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        assert mark.exists()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert data.read_bytes() == before
    run = "import sys; from wapaganda.selfish_cli import main; main()"
    command = [sys.executable, "-c", run, "answers", "--batch", back, "--offered", sent, "--data", data]
    for added in ('"added": 2', '"added": 0'):
        done = subprocess.run(
            [*command, "--json"], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert (done.returncode, added in done.stdout) == (0, True), done.stderr
    assert data.read_bytes().startswith(before)
    assert [each.text for each in read_documents(data).documents][1:] == [each.text for each in batch()[:2]]


def test_a_text_that_comes_back_with_other_white_space_keeps_its_id_in_the_loop(tmp_path):
    """Else it would count as drawn at random, and its offer would never be answered."""
    pool, data = tmp_path / "pool.jsonl", tmp_path / "data.conll"
    write_jsonl([Document("1", "Anna  went\nto Oslo"), Document("2", "Bob  came")], pool)
    data.write_text("Carl\tB-PER\nran\tO\n")
    source = FileSource(data, pool, tmp_path / "batches")
    offered = {each.text: each.id for each in source.fetch(None, lambda *_: None).documents}
    data.write_text(data.read_text() + "\nAnna\tB-PER\nwent\tO\nto\tO\nOslo\tB-LOC\n")
    documents = source.fetch(None, lambda *_: None).documents
    text = "Anna  went\nto Oslo"
    (one,) = [each for each in documents if each.text == text]
    assert (one.id, one.spans) == (offered[text], (Span(0, 4, "PER"), Span(14, 18, "LOC")))
    assert [each.text for each in documents if not each.is_labelled] == ["Bob  came"]
    assert source.ids() == {each.id for each in documents}
