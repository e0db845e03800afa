"""A batch that is answered in a file, as docs/selfish.md shows it."""

import json
import re
import shlex
from pathlib import Path

import pytest

from wapaganda.annotation import proposal_of, read_documents
from wapaganda.ner import without_whitespace

PAGE = Path(__file__).parents[4] / "docs" / "selfish.md"
SECTION = PAGE.read_text(encoding="utf-8").partition("\n## Answer a batch offline\n")[2].partition("\n## ")[0]
COMMANDS = re.findall(r"^    (selfish .+)$", SECTION, re.MULTILINE)


@pytest.fixture
def page(selfish, files, monkeypatch, tmp_path):
    """Runs a command of the page as it stands there, next to the files that it names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAMPLES_PER_ITERATION", "4")
    monkeypatch.setenv("TRAIN_STEPS", "30")
    files.data.rename("labelled.jsonl")
    # White space that CoNLL cannot keep, in every text of the pool.
    records = [json.loads(line) for line in files.pool.read_text().splitlines()]
    spaced = [json.dumps({**each, "text": each["text"].replace(" ", "  ")}) for each in records]
    files.pool.write_text("\n".join(spaced))

    def run(command, *more):
        done = selfish(*shlex.split(command)[1:], *more)
        assert done.code == 0, (command, done.stderr)
        return done

    return run


def test_the_round_of_the_page_with_a_tool_that_reads_conll(page, tmp_path):
    update, convert, answers, again = COMMANDS
    assert update == again
    page(update)
    page(convert)
    edited = Path("al-001.conll").read_text().split("\n\n")
    assert all(each.startswith("# proposed by ") for each in edited if each.strip())
    # Somebody marks every name of a person in the first two texts, and looks at no more.
    done = []
    for block in edited[:2]:
        words = [line.split("\t")[0] for line in block.splitlines()[1:]]
        names = ("anna", "bob", "carla", "dieter", "emil", "fatima")
        done.append("\n".join(f"{word}\t{'B-PER' if word in names else 'O'}" for word in words))
    Path("al-001.conll").write_text("\n\n".join([*done, *edited[2:]]))

    before = Path("labelled.jsonl").read_bytes()
    found = page(answers, "--json").json
    assert (found["added"], found["unchanged"], found["refused"]) == (2, 2, [])
    assert Path("labelled.jsonl").read_bytes().startswith(before)
    offered = read_documents(Path("batches/al-001.jsonl")).documents
    gold = read_documents(Path("labelled.jsonl")).documents[-2:]
    assert [each.text for each in gold] == [each.text for each in offered[:2]]
    assert [each.meta["drawn"] for each in gold] == [each.meta["drawn"] for each in offered[:2]]
    assert page(answers, "--json").json["known"] == 2
    assert read_documents(Path("labelled.jsonl")).documents[-2:] == gold

    page(again)
    second = read_documents(Path("batches/al-002.jsonl")).documents
    labelled = {without_whitespace(each.text) for each in gold}
    assert not labelled & {without_whitespace(each.text) for each in second}


def test_the_lines_of_the_page_answer_a_batch_in_place(page):
    lines = re.findall(r"^    (\{.+\})$", SECTION, re.MULTILINE)
    Path("al.jsonl").write_text("\n".join(lines))
    in_place = re.search(r"Then `(selfish answers [^`]+)` is enough", SECTION)[1]
    found = page(in_place.replace("batches/al-001.jsonl", "al.jsonl"), "--json").json
    assert (found["added"], found["unchanged"], found["open"]) == (2, 0, 0)
    gold = read_documents(Path("labelled.jsonl")).documents[-2:]
    assert [(each.text, len(each.spans)) for each in gold] == [("Bob ran", 1), ("They ran", 0)]


def test_nobody_takes_a_batch_for_labels_before_it_is_answered(page):
    page("selfish select --pool pool.jsonl --data labelled.jsonl --size 3 --out al.jsonl")
    command = "selfish answers --batch al.jsonl --data gold.jsonl"
    done = page(command)
    assert "0 texts to gold.jsonl" in done.stdout
    assert not Path("gold.jsonl").exists()
    assert all(not each.is_labelled for each in read_documents(Path("al.jsonl")).documents)


def test_the_draw_of_select_keeps_a_text_out_of_the_test_split(page):
    """Without a ledger only the text itself can say that a score has chosen it."""
    page("selfish train --data labelled.jsonl")
    page("selfish select --pool pool.jsonl --data labelled.jsonl --size 8 --out al.jsonl")
    drawn = {each.text: each.meta["drawn"] for each in read_documents(Path("al.jsonl")).documents}
    chosen = {text for text, how in drawn.items() if how not in ("random", "representative")}
    assert chosen
    options = "--offered al.jsonl --data gold.jsonl --accept-unchanged"
    done = page(f"selfish answers --batch al.jsonl {options}")
    assert "8 of them unchanged proposals, taken because of --accept-unchanged" in done.stdout
    gold = read_documents(Path("gold.jsonl")).documents
    assert {each.text: each.meta["drawn"] for each in gold} == drawn
    assert all(proposal_of(each) is None and each.is_labelled for each in gold)
    page("selfish export --data gold.jsonl --out set --formats jsonl --split 0,0,1")
    splits = {path.stem: path.read_text() for path in Path("set/jsonl").glob("*.jsonl")}
    assert not [text for text in chosen if json.dumps(text) in splits.get("test", "")]
    assert all(json.dumps(text) in splits["train"] for text in chosen)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--batch", "no.jsonl", "--data", "g.jsonl"), "no.jsonl, which does not exist"),
        (("--batch", "pool.jsonl", "--data", "pool.jsonl"), "in another file than the batch"),
        (("--batch", "pool.jsonl", "--data", "g.conll"), "Expected --data as JSONL"),
        (("--batch", "pool.jsonl", "--data", "array.jsonl"), "one JSON object a line"),
    ],
)
def test_wrong_input_is_one_sentence_and_writes_nothing(selfish, page, arguments, message):
    Path("array.jsonl").write_text('[{"text": "x", "spans": []}]')
    pool = Path("pool.jsonl")
    pool.write_text('{"text": "anna went", "spans": []}\n')
    done = selfish("answers", *arguments)
    assert (done.code, message in done.stderr) == (2, True), done.stderr
    assert Path("array.jsonl").read_text() == '[{"text": "x", "spans": []}]'
