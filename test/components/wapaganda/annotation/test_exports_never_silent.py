"""Good exports of Label Studio that were changed in one way: read rightly or named, never silently less."""

import json
import random

import pytest

from wapaganda.annotation import LabelConfig, ReadReport, is_unread, read_documents, read_task
from wapaganda.errors import InputError

CONFIG = LabelConfig(("PER", "LOC"))
WORDS = ("Mira", "Oslo", "Bob", "met", "in", "the", "😀", "und", "Zoë", "\r\n", "New York")


def good(rng):
    """A labelled task with words as spans."""
    text, result = "", []
    for _ in range(rng.randint(4, 12)):
        word = rng.choice(WORDS)
        if word[0].isupper() and rng.random() < 0.7:
            value = {"start": len(text), "end": len(text) + len(word), "text": word}
            value["labels"] = [rng.choice(["PER", "LOC"])]
            region = {"id": f"r{len(text)}", "from_name": "label", "to_name": "text", "type": "labels"}
            result.append(region | {"value": value})
        text += word + " "
    return {"id": rng.randrange(10**6), "data": {"text": text}, "annotations": [{"id": 1, "result": result}]}


def each_value(change):
    return lambda rng, region: change(rng, region["value"])


MUTATIONS = {
    "tag": lambda rng, region: region.update(from_name="ner"),
    "text tag": lambda rng, region: region.update(to_name="body"),
    "type": lambda rng, region: region.update(
        type=rng.choice(["polygonlabels", "brushlabels", "timeserieslabels"])
    ),
    "label": each_value(lambda rng, value: value.update(labels=["PERSON"])),
    "one label more": each_value(lambda rng, value: value["labels"].append("ORG")),
    "no labels": each_value(lambda rng, value: value.pop("labels")),
    "labels under another key": each_value(lambda rng, value: value.update(ner=value.pop("labels"))),
    "no start": each_value(lambda rng, value: value.pop("start")),
    "no offsets": each_value(lambda rng, value: [value.pop("start"), value.pop("end")]),
    "offset in words": each_value(lambda rng, value: value.update(start="first")),
    "fractions": each_value(lambda rng, value: value.update(start=value["start"] + 0.5)),
    "paths": each_value(lambda rng, value: value.update(start="/text()[1]", end="/text()[1]", startOffset=1)),
    "shift": each_value(lambda rng, value: value.update(start=value["start"] + 2, end=value["end"] + 2)),
    "outside": each_value(lambda rng, value: value.update(start=900, end=904)),
    "other words": each_value(lambda rng, value: value.update(text="Nobody")),
    "twisted": each_value(lambda rng, value: value.update(start=value["end"], end=value["start"])),
}


def spans(task):
    return read_task(task, CONFIG).document.spans


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_changed_region_is_read_rightly_or_its_text_is_not_read_and_named(name):
    rng = random.Random(name)
    for _ in range(300):
        task = good(rng)
        regions = task["annotations"][0]["result"]
        if not regions:
            continue
        before = spans(task)
        assert len(before) == len(regions)
        changed = json.loads(json.dumps(task))
        MUTATIONS[name](rng, rng.choice(changed["annotations"][0]["result"]))
        reading = read_task(changed, CONFIG)
        report = ReadReport.of([reading.document])
        if reading.document.spans != before:
            assert is_unread(reading.document), (name, changed, reading.document.spans)
            assert (report.n_not_read, report.n_labelled) == (1, 0)
            assert report.lines()
            with pytest.raises(InputError):
                report.check()


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_changed_file_is_read_rightly_or_says_what_is_not_read(name, tmp_path):
    rng = random.Random(name)
    for number in range(40):
        tasks = [good(rng) for _ in range(5)]
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(tasks))
        before = read_documents(path)
        assert before.report.findings == ()
        for task in tasks:
            for region in task["annotations"][0]["result"]:
                MUTATIONS[name](rng, region)
        path.write_text(json.dumps(tasks))
        try:
            after = read_documents(path)
        except InputError:
            continue
        read = sum(after.report.spans.values())
        marked = sum(before.report.spans.values())
        told = after.report.findings or after.report.repairs.total
        assert told or read >= marked, (name, after)
        empty = [each for each in after.documents if each.spans == ()]
        assert len(empty) <= sum(each.spans == () for each in before.documents)
