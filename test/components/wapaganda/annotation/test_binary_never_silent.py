"""Good DocBin files and folders of datasets, changed at random: a label is read, or its loss is said."""

import json
import random
import zlib

import msgpack
import numpy as np
import pytest
from datasets import Dataset, load_from_disk

from wapaganda.annotation import read_documents, write_documents
from wapaganda.annotation.formats.saved_dataset import quiet
from wapaganda.errors import InputError
from wapaganda.ner import Document, Span

TEXTS = [
    ("Mira lives in Oslo", [(0, 4, "PER"), (14, 18, "LOC")]),
    ("Bob Lee met Eve today", [(0, 7, "PER"), (12, 15, "PER")]),
    ("nobody was here", []),
    ("In New York Acme sold it", [(3, 11, "LOC"), (12, 16, "ORG")]),
    ("Zoe left", [(0, 3, "PER")]),
]
DOCUMENTS = [
    Document(f"d{at}", text, tuple(Span(*mark) for mark in marks), {"source": "x"})
    for at, (text, marks) in enumerate(TEXTS)
]
N_SPANS = sum(len(marks) for _, marks in TEXTS)


def check(path, said=""):
    """Read it: no other error than a refusal, and no label lost without a word."""
    try:
        report = read_documents(path).report
    except InputError:
        return
    told = bool(report.findings or report.repairs.total or report.lost)
    assert sum(report.spans.values()) >= N_SPANS or told, said


# --- DocBin ----------------------------------------------------------------------------------------------

NUMBERS = [0, 1, 2, 3, 4, 7, 65, 77, 78, 2**63, 12345]
VALUES = [None, 3, "x", b"x", [], {}, [None], {"id": 3}, b"\x81\xa4meta\xa1{", True]


def changed_message(message, chance):
    """One part of a DocBin is changed: a number of a token, a length, a string, or any value."""
    key = chance.choice(list(message))
    value = message[key]
    if key == "tokens":
        rows = np.frombuffer(value, dtype="<u8").copy()
        at = chance.randrange(len(rows))
        cut = chance.random() < 0.2
        rows[at] = chance.choice([*NUMBERS, *rows.tolist()])
        message[key] = (rows[: chance.choice([at, at // 3 * 3])] if cut else rows).tobytes()
    elif key in ("lengths", "spaces"):
        kind = "<i4" if key == "lengths" else bool
        items = np.frombuffer(value, dtype=kind).copy()
        at = chance.randrange(len(items))
        items[at] = items[at] + chance.choice([-1, 1, -7]) if key == "lengths" else not items[at]
        message[key] = (items[:at] if chance.random() < 0.3 else items).tobytes()
    elif isinstance(value, list) and chance.random() < 0.8:
        at = chance.randrange(len(value))
        how = chance.choice(["drop", "swap", "replace", "double"])
        if how == "drop":
            del value[at]
        elif how == "swap":
            value[at], value[0] = value[0], value[at]
        elif how == "double":
            value.insert(at, value[at])
        else:
            value[at] = chance.choice([*NUMBERS, *VALUES])
    elif chance.random() < 0.5:
        del message[key]
    else:
        message[key] = chance.choice(VALUES)
    return key


def change_docbin(tmp_path, seeds):
    path = tmp_path / "x.spacy"
    write_documents(DOCUMENTS, path, "spacy")
    content = path.read_bytes()
    for seed in seeds:
        chance = random.Random(f"docbin {seed}")
        message = msgpack.unpackb(zlib.decompress(content))
        key = changed_message(message, chance)
        path.write_bytes(zlib.compress(msgpack.packb(message)))
        check(path, (seed, key))


def test_a_part_of_a_docbin_is_changed(tmp_path):
    change_docbin(tmp_path, range(300))


@pytest.mark.slow
@pytest.mark.real
def test_a_part_of_a_docbin_is_changed_many_times(tmp_path):
    change_docbin(tmp_path, range(1000, 4000))


@pytest.mark.parametrize("seed", range(40))
def test_a_byte_of_a_docbin_is_changed(seed, tmp_path):
    path, chance = tmp_path / "x.spacy", random.Random(seed)
    write_documents(DOCUMENTS, path, "spacy")
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content[: chance.choice([len(content), chance.randrange(len(content))])])
    check(path, seed)


# --- Folders of datasets ---------------------------------------------------------------------------------

NAMES = ["mentions", "Spans", "entities", "x", "gold_spans", "text2", "labels", "meta", "tokens"]


def changed_text(content, chance):
    at = chance.randrange(len(content))
    new = chance.choice("aZ0 ,:{}[]\"'-_\\")
    return chance.choice(
        [content[:at] + content[at + 1 :], content[:at] + new + content[at + chance.randint(0, 1) :]]
    )


def change_index(tmp_path, seeds):
    """One character of the JSON beside the table is changed."""
    path = tmp_path / "x.datasets"
    write_documents(DOCUMENTS, path, "datasets")
    for seed in seeds:
        chance = random.Random(f"datasets {seed}")
        index = path / chance.choice(["state.json", "dataset_info.json"])
        content = index.read_text("utf-8")
        index.write_text(changed_text(content, chance), "utf-8")
        check(path, (seed, index.read_text("utf-8")))
        index.write_text(content, "utf-8")


def test_a_character_of_the_index_of_a_dataset_is_changed(tmp_path):
    change_index(tmp_path, range(100))


@pytest.mark.slow
@pytest.mark.real
def test_a_character_of_the_index_of_a_dataset_is_changed_many_times(tmp_path):
    change_index(tmp_path, range(1000, 1600))


def rows():
    return [
        {
            "id": each.id,
            "text": each.text,
            "spans": [{"start": s.start, "end": s.end, "label": s.label} for s in each.spans],
            "meta": json.dumps(each.meta),
        }
        for each in DOCUMENTS
    ]


def changed_rows(table, chance):
    """A column, or a field of the spans, is renamed, dropped or gets values of another kind."""
    how = chance.choice(["rename", "drop", "values", "field", "one"])
    column = chance.choice(["id", "text", "spans", "meta"])
    name = chance.choice(NAMES)
    field = chance.choice(["start", "end", "label"])
    value = chance.choice([None, 3, "x", -1, [], [1], {"a": 1}, 1.5])
    for number, row in enumerate(table):
        if how == "rename":
            row[name] = row.pop(column)
        elif how == "drop":
            del row[column]
        elif how == "values":
            row[column] = value
        elif how == "field":
            for span in row["spans"]:
                span[f"{field}_x"] = span.pop(field)
        elif number == 1:
            row[column] = None
    return how, column, name


def change_rows(tmp_path, seeds):
    for seed in seeds:
        table = rows()
        how, column, name = changed_rows(table, random.Random(f"rows {seed}"))
        path = tmp_path / f"{seed}.datasets"
        with quiet():
            Dataset.from_list(table).save_to_disk(str(path))
        unlabelled = column == "spans" and (how in ("drop", "one") or (how == "values"))
        if not unlabelled:
            check(path, (seed, how, column, name))


def test_the_columns_of_a_dataset_are_changed(tmp_path):
    change_rows(tmp_path, range(60))


@pytest.mark.slow
@pytest.mark.real
def test_the_columns_of_a_dataset_are_changed_many_times(tmp_path):
    change_rows(tmp_path, range(1000, 1300))


@pytest.mark.parametrize("seed", range(30))
def test_a_table_of_a_dataset_is_cut(seed, tmp_path):
    path = tmp_path / "x.datasets"
    write_documents(DOCUMENTS, path, "datasets")
    (table,) = path.glob("*.arrow")
    content = table.read_bytes()
    table.write_bytes(content[: random.Random(seed).randrange(len(content))])
    check(path, seed)


@pytest.mark.parametrize(
    "shape", [{"columns": ["text"]}, {"type": "numpy"}, {"type": "numpy", "columns": ["text", "id"]}]
)
def test_what_a_dataset_shows_of_its_columns_hides_no_label(shape, tmp_path):
    write_documents(DOCUMENTS, tmp_path / "x.datasets", "datasets")
    shown = load_from_disk(str(tmp_path / "x.datasets"))
    shown.set_format(**shape)
    with quiet():
        shown.save_to_disk(str(tmp_path / "y.datasets"))
    result = read_documents(tmp_path / "y.datasets")
    assert [each.spans for each in result.documents] == [each.spans for each in DOCUMENTS]
