"""Good files of all readers, changed at random: a label is read, or its loss is said."""

import json
import random

import pytest

from wapaganda.annotation import read_documents, write_documents
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
    Document(f"d{at}", text, tuple(Span(*mark) for mark in marks)) for at, (text, marks) in enumerate(TEXTS)
]
N_SPANS = sum(len(marks) for _, marks in TEXTS)
WORDS = {text[start:end] for text, marks in TEXTS for start, end, _ in marks}
LABELS = {label for _, marks in TEXTS for *_, label in marks}


def told(report):
    return bool(report.findings or report.repairs.total or report.lost)


def check(path, *, same_words=True):
    """Read a changed file: no other error than a refusal, no label lost or misread without a word."""
    try:
        result = read_documents(path)
    except InputError:
        return
    report = result.report
    spans = [(each.text, span) for each in result.documents for span in each.spans or ()]
    assert len(spans) >= N_SPANS or told(report), path.read_bytes()
    if same_words and not told(report):
        assert {text[span.start : span.end] for text, span in spans} == WORDS
        assert {span.label.upper() for _, span in spans} <= {*LABELS, "ENTITY"}
    for line in report.lines():
        assert line.encode()


# --- Characters ------------------------------------------------------------------------------------------


def changed(content: str, chance: random.Random) -> str:
    """One character is deleted, doubled, replaced or inserted."""
    at = chance.randrange(len(content))
    new = chance.choice("aZ0 \t\n,:{}[]\"'-_#\\😀\u00e9")
    return chance.choice(
        [
            content[:at] + content[at + 1 :],
            content[:at] + content[at] + content[at:],
            content[:at] + new + content[at + 1 :],
            content[:at] + new + content[at:],
        ]
    )


def written(name, suffix, folder):
    path = folder / f"x{suffix}"
    assert write_documents(DOCUMENTS, path, name) == ()
    return path


FILES = {
    "jsonl": ".jsonl",
    "doccano": ".doccano.jsonl",
    "prodigy": ".prodigy.jsonl",
    "conll": ".conll",
    "label-studio": ".json",
}


def change_characters(name, tmp_path, seeds):
    path = written(name, FILES[name], tmp_path)
    content = path.read_text("utf-8")
    for seed in seeds:
        path.write_text(changed(content, random.Random(f"{name} {seed}")), "utf-8")
        check(path, same_words=False)


@pytest.mark.parametrize("name", FILES)
def test_a_character_of_a_file_is_changed(name, tmp_path):
    change_characters(name, tmp_path, range(60))


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize("name", FILES)
def test_a_character_of_a_file_is_changed_many_times(name, tmp_path):
    change_characters(name, tmp_path, range(1000, 2000))


@pytest.mark.parametrize("seed", range(40))
def test_a_character_of_an_annotation_of_brat_is_changed(seed, tmp_path):
    path = tmp_path / "x.brat"
    write_documents(DOCUMENTS, path, "brat")
    chance = random.Random(seed)
    ann = chance.choice([each for each in sorted(path.glob("*.ann")) if each.stat().st_size])
    ann.write_text(changed(ann.read_text("utf-8"), chance), "utf-8")
    check_folder(path)


def check_folder(path):
    try:
        report = read_documents(path).report
    except InputError:
        return
    assert sum(report.spans.values()) >= N_SPANS or told(report)


# --- The structure of JSON -------------------------------------------------------------------------------

RECORDS = {
    "spans": [
        {"text": text, "spans": [{"start": a, "end": b, "label": c} for a, b, c in marks]}
        for text, marks in TEXTS
    ],
    "lists": [{"text": text, "label": [[a, b, c] for a, b, c in marks]} for text, marks in TEXTS],
    "tags": [
        {
            "tokens": each.text.split(),
            "ner_tags": [
                next(
                    (
                        ("B-" if at == span.start else "I-") + span.label
                        for span in each.spans
                        if span.start <= at < span.end
                    ),
                    "O",
                )
                for at in (each.text.index(word) for word in each.text.split())
            ],
        }
        for each in DOCUMENTS
    ],
    "tasks": [
        {
            "id": at,
            "data": {"text": text},
            "annotations": [
                {
                    "id": at,
                    "completed_by": 1,
                    "result": [
                        {
                            "type": "labels",
                            "from_name": "label",
                            "to_name": "text",
                            "value": {"start": a, "end": b, "labels": [c], "text": text[a:b]},
                        }
                        for a, b, c in marks
                    ],
                }
            ],
        }
        for at, (text, marks) in enumerate(TEXTS)
    ],
}
NAMES = [
    "mentions",
    "Labels",
    "spn",
    "x",
    "results",
    "gold_spans",
    "value2",
    "begin_at",
    "ents2",
    "annotation_list",
]
VALUES = [3, "PER", [], {"b": 2}, [[1]], [None], -5, 1.5, True, "a\tb", [{"a": 1}], "\ud83d"]


def places(value, at=()):
    """The places of all keys and items in a JSON value."""
    if isinstance(value, dict):
        for key in value:
            yield (*at, key)
            yield from places(value[key], (*at, key))
    elif isinstance(value, list):
        for number in range(len(value)):
            yield (*at, number)
            yield from places(value[number], (*at, number))


def restructured(records, chance):
    """One key is renamed, or one value replaced by one of another type, or put one level deeper."""
    records = json.loads(json.dumps(records))
    number = chance.randrange(len(records))
    place = chance.choice(list(places(records[number])))
    holder = records[number]
    for step in place[:-1]:
        holder = holder[step]
    key = place[-1]
    how = chance.choice(["rename", "replace", "deeper"])
    if how == "rename" and isinstance(key, str):
        name = chance.choice(NAMES)
        holder[name] = holder.pop(key)
    elif how == "deeper":
        holder[key] = {chance.choice(NAMES): holder[key]}
    else:
        holder[key] = chance.choice(VALUES)
    return records, place


def change_structure(name, tmp_path, seeds):
    path = tmp_path / "x.jsonl"
    for seed in seeds:
        records, place = restructured(RECORDS[name], random.Random(f"{name} {seed}"))
        path.write_text("\n".join(json.dumps(each) for each in records))
        try:
            result = read_documents(path)
        except InputError:
            continue
        report = result.report
        emptied = place[-1] in ("spans", "label", "labels", "ner_tags", "result", "annotations")
        assert sum(report.spans.values()) >= N_SPANS or told(report) or emptied, (place, path.read_text())
        whole = {(each.text, len(each.spans or ())) for each in result.documents if each.is_labelled}
        empty = {text for text, count in whole if not count} & {text for text, marks in TEXTS if marks}
        assert not empty or told(report) or emptied, (place, path.read_text())


@pytest.mark.parametrize("name", RECORDS)
def test_the_structure_of_a_record_is_changed(name, tmp_path):
    change_structure(name, tmp_path, range(100))


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize("name", RECORDS)
def test_the_structure_of_a_record_is_changed_many_times(name, tmp_path):
    change_structure(name, tmp_path, range(1000, 2000))


# --- Columns ---------------------------------------------------------------------------------------------


def rows():
    return [
        [[word, tag] for word, tag in zip(record["tokens"], record["ner_tags"], strict=True)]
        for record in RECORDS["tags"]
    ]


def tags_by(change):
    return lambda texts, chance: [[[word, change(tag)] for word, tag in text] for text in texts]


def suffix(tag):
    return tag if tag == "O" else "-".join(reversed(tag.split("-")))


def rows_by(change):
    """Every row is changed: ``change(at, number, row, chance)`` of the word and text numbers."""
    return lambda texts, chance: [
        [change(at, number, row, chance) for at, row in enumerate(text)] for number, text in enumerate(texts)
    ]


COLUMNS = {
    "tag first": rows_by(lambda at, number, row, chance: row[::-1]),
    "index": rows_by(lambda at, number, row, chance: [str(at), *row]),
    "index from 1": rows_by(lambda at, number, row, chance: [str(at + 1), *row]),
    "offsets": rows_by(lambda at, number, row, chance: [str(at * 9), str(at * 9 + 5), *row]),
    "sentence number": rows_by(lambda at, number, row, chance: [str(number), *row]),
    "filler": rows_by(lambda at, number, row, chance: [row[0], "_", row[1]]),
    "filler last": rows_by(lambda at, number, row, chance: [*row, "-"]),
    "lemma last": rows_by(lambda at, number, row, chance: [*row, row[0].lower()]),
    "pos": rows_by(lambda at, number, row, chance: [row[0], chance.choice(["NN", "VB"]), row[1]]),
    "pos first": rows_by(lambda at, number, row, chance: [chance.choice(["NN", "VB"]), *row]),
    "inner tags": rows_by(lambda at, number, row, chance: [*row, "O"]),
    "chunks": rows_by(lambda at, number, row, chance: [row[0], chance.choice(["B-NP", "I-VP"]), row[1]]),
    "no tags": rows_by(lambda at, number, row, chance: [row[0], "NN"]),
    "doubled tags": rows_by(lambda at, number, row, chance: [*row, row[1]]),
    "lower": tags_by(str.lower),
    "underscore": tags_by(lambda tag: tag.replace("-", "_")),
    "suffix": tags_by(suffix),
    "bmes": tags_by(lambda tag: tag.replace("I-", "M-")),
    "slash": tags_by(lambda tag: tag.replace("-", "/")),
    "other outside": tags_by(lambda tag: "OTHER" if tag == "O" else tag),
    "dash outside": tags_by(lambda tag: "-" if tag == "O" else tag),
    "colon": tags_by(lambda tag: tag.replace("-", ":")),
    "joined": tags_by(lambda tag: f"{tag}|{tag}"),
    "numbers": tags_by(lambda tag: str(len(tag))),
    "quoted": tags_by(lambda tag: f'"{tag}"'),
}


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("separator", ["\t", " ", ",", ";", "\t\t", " | "])
@pytest.mark.parametrize(
    "comment", ["", "# Sentence {0}", "#\thttp://x/{0} [2009]", "// {0}", "\ufeff-DOCSTART- O"]
)
def test_columns_and_tags_in_another_form(columns, separator, comment, tmp_path):
    path = tmp_path / "x.conll"
    lines = []
    for number, text in enumerate(COLUMNS[columns](rows(), random.Random(columns))):
        lines += [comment.format(number)] if comment else []
        lines += [separator.join(row) for row in text]
        lines.append("")
    path.write_text("\n".join(lines), "utf-8")
    check(path)
