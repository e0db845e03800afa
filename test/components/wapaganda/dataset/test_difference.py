"""The difference of two exports, in every format."""

from dataclasses import replace

import numpy as np
import pytest

from wapaganda.dataset import (
    CardFacts,
    ExportRequest,
    LabelHistory,
    ModelLabels,
    compare_exports,
    export_dataset,
    export_formats,
)
from wapaganda.ner import Document, Span
from wapaganda.uncertainty import Expectation

NAMES = ("Ada", "Bob", "Eve", "Kim", "Lee", "Max")


def text(number):
    return f"{NAMES[number % 6]} wrote report {number * 7919} to Oslo."


def spans(number, score=None):
    name = NAMES[number % 6]
    place = text(number).index("Oslo")
    return (Span(0, len(name), "PER", score), Span(place, place + 4, "LOC", score))


def write(path, people, machine=(), formats=("jsonl",), shown=(), split=(1, 0, 0)):
    """An export of texts by people, as spans by number, and by a machine, as numbers."""
    documents = [Document(str(n), text(n), found) for n, found in people.items()]
    made = [Document(str(n), text(n), spans(n, 0.9)) for n in machine]
    n = len(made)
    expectation = Expectation(np.full(n, 6), np.full(n, 2), np.full(n, 1.8), np.full((n, 1), 2.0))
    history = LabelHistory({str(n): spans(n) for n in shown}, {str(n): "review" for n in shown})
    export_dataset(
        [*documents, *(replace(each, spans=None) for each in made)],
        path,
        ExportRequest(tuple(formats), split),
        machine=ModelLabels("v1", made, expectation, ("PER", "LOC")) if made else None,
        facts=CardFacts(history=history),
    )
    return path


def test_texts_and_spans_that_were_added_removed_and_changed_by_whom(tmp_path):
    ada, oslo = spans(3)
    before = write(tmp_path / "a", {n: spans(n) for n in range(3)}, machine=[3, 4, 5])
    after = write(
        tmp_path / "b",
        {1: spans(1), 2: spans(2)[:1], 3: (Span(0, 9, "PER"), oslo), 6: spans(6)},
        machine=[4],
        shown=[3],
    )
    found = compare_exports(before, after)
    assert found.n_equal == 2
    assert [each.id for each in found.removed] == ["0", "5"]
    assert [each.id for each in found.added] == ["6"]
    assert found.texts_by_provenance() == {
        "added": {"human": 1},
        "removed": {"human": 1, "machine": 1},
        "changed": {"corrected": 1, "human": 1},
    }
    assert found.spans_by_provenance() == {
        "added": {"human": 2},
        "removed": {"human": 3, "machine": 2},
        "changed": {"corrected": 1},
    }
    assert found.transitions() == {"machine → corrected": 1}
    change = {each.after.id: each for each in found.changed}["3"]
    assert change.moved == ((ada, Span(0, 9, "PER")),)
    assert dict(change.after.spans)[oslo] == "confirmed"
    told = found.to_dict()
    assert told["changes"][0]["removed"] == [
        {"start": oslo_of(2).start, "end": oslo_of(2).end, "label": "LOC", "by": "human"}
    ]
    assert (told["equal"], told["added"], told["splits"]) == (2, ["6"], {})


def oslo_of(number):
    return spans(number)[1]


@pytest.mark.parametrize("name", export_formats())
def test_every_format_tells_the_same_texts_and_spans(name, tmp_path):
    before = write(tmp_path / "a", {0: spans(0), 1: spans(1)}, machine=[3, 4], formats=[name])
    after = write(tmp_path / "b", {0: spans(0), 1: spans(1)[:1], 3: spans(3)}, machine=[4], formats=[name])
    found = compare_exports(before, after)
    assert (found.added, found.removed, found.n_equal) == ((), (), 2)
    changed = {each.after.text.replace(" ", ""): each for each in found.changed}
    less, checked = changed.pop(text(1).replace(" ", "")), changed.pop(text(3).replace(" ", ""))
    assert changed == {}
    assert [span.label for span in less.removed] == ["LOC"]
    assert (checked.before.provenance, checked.moved, checked.added) == ("machine", (), ())
    assert compare_exports(before, before).changed == ()


def test_a_text_with_another_id_is_the_same_and_a_move_to_another_split_is_told(tmp_path):
    before = write(tmp_path / "a", {0: spans(0), 1: spans(1)})
    moved = write(tmp_path / "b", {0: spans(0), 1: spans(1)}, split=(0, 0, 1))
    assert compare_exports(before, moved).moves() == {"train → test": 2}
    renamed = [Document(f"x{n}", text(n), spans(n)) for n in range(2)]
    export_dataset(renamed, tmp_path / "c", ExportRequest(("jsonl",), (1, 0, 0)))
    assert compare_exports(before, tmp_path / "c").n_equal == 2
    other = [Document("0", "Ada left Oslo.", (Span(0, 3, "PER"),)), Document("1", text(1), spans(1))]
    export_dataset(other, tmp_path / "d", ExportRequest(("jsonl",), (1, 0, 0)))
    (change,) = compare_exports(before, tmp_path / "d").changed
    assert (len(change.removed), len(change.added), change.moved) == (2, 1, ())
    assert change.to_dict()["text_before"] == text(0)


def test_other_folders_and_exports_without_a_common_format_are_refused(tmp_path):
    before = write(tmp_path / "a", {0: spans(0)})
    with pytest.raises(ValueError, match=r"folder of an export \(with export.json\)"):
        compare_exports(before, tmp_path)
    other = write(tmp_path / "b", {0: spans(0)}, formats=["conll"])
    with pytest.raises(ValueError, match="a format in common, was: jsonl and conll"):
        compare_exports(before, other)
