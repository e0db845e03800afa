"""The data set that comes out of the loop: splits, formats, card, and that it is whole or not there."""

import json
from collections import Counter
from pathlib import Path

import pytest

from wapaganda.annotation import ReadReport, read_documents
from wapaganda.dataset import (
    SPLITS,
    CardFacts,
    ExportError,
    ExportRequest,
    LabelHistory,
    check_folder,
    export_formats,
    split_texts,
)
from wapaganda.dataset import export as export_module
from wapaganda.dataset import export_dataset as export_whole
from wapaganda.ner import CONSIDERED, Document, Repairs, Span

SHARES = (0.8, 0.1, 0.1)


def export_dataset(held, out, formats=("conll", "jsonl", "datasets"), shares=SHARES, **options):
    """An export with these formats and shares."""
    return export_whole(held, out, ExportRequest(tuple(formats), shares), **options)


def documents(count: int = 60) -> list[Document]:
    """Labelled texts, every third one without entities."""
    made = []
    for number in range(count):
        text = f"Ada{number} went to Rome by train {number}."
        name = len(f"Ada{number}")
        spans = (Span(0, name, "PER"), Span(name + 9, name + 13, "LOC")) if number % 3 else ()
        made.append(Document(str(number), text, spans))
    return made


def test_every_text_stands_in_one_split_of_every_format(tmp_path: Path):
    held = documents()
    report = export_dataset(held, tmp_path / "out")
    texts = Counter(document.text for document in held)
    for suffix in ("conll", "jsonl"):
        read = [
            read_documents(tmp_path / "out" / suffix / f"{split}.{suffix}").documents
            for split in SPLITS
            if (tmp_path / "out" / suffix / f"{split}.{suffix}").exists()
        ]
        assert sum(map(len, read)) == len(held)
        if suffix == "jsonl":
            assert Counter(document.text for split in read for document in split) == texts
            back = {document.text: document.spans for split in read for document in split}
            assert back == {document.text: document.spans for document in held}
    assert report.n_documents == len(held)
    assert sum(split.n_empty for split in report.splits) == 20
    assert report.splits[0].n_documents > report.splits[1].n_documents


def test_the_datasets_folder_is_read_back_by_datasets(tmp_path: Path):
    from datasets import load_from_disk

    held = documents()
    report = export_dataset(held, tmp_path / "out", formats=("datasets",))
    loaded = load_from_disk(str(tmp_path / "out" / "datasets"))
    assert {name: len(loaded[name]) for name in loaded} == {
        split.name: split.n_documents for split in report.splits if split.n_documents
    }
    assert len({str(loaded[name].features) for name in loaded}) == 1
    assert sorted(text for name in loaded for text in loaded[name]["text"]) == sorted(
        each.text for each in held
    )


def test_copies_of_one_text_stay_together():
    texts = [f"A text of its own, {number * 7919}: {number**5}" for number in range(300)]
    splits = split_texts(texts, [True] * 300, SHARES, 13).names
    assert splits == split_texts([f"  {text.upper()}\n" for text in texts], [True] * 300, SHARES, 13).names
    assert 0.7 < splits.count("train") / 300 < 0.9
    assert splits != split_texts(texts, [True] * 300, SHARES, 14).names


def test_a_text_keeps_its_split_when_others_come(tmp_path: Path):
    export_dataset(documents(40), tmp_path / "small", formats=("jsonl",))
    export_dataset(documents(80), tmp_path / "large", formats=("jsonl",))
    for split in SPLITS:
        small, large = (
            {each.text for each in read_documents(path).documents} if path.exists() else set()
            for path in (tmp_path / size / "jsonl" / f"{split}.jsonl" for size in ("small", "large"))
        )
        assert small <= large


def test_the_card_says_where_the_labels_come_from(tmp_path: Path):
    held = [*documents(20), Document("bare", "Nobody looked at this")]
    facts = CardFacts(
        title="Trips",
        history=LabelHistory({}, {"1": "random", "2": "uncertain", "3": "diverse"}),
        encoder="tiny",
        model_version="v0003-x",
    )
    report = export_dataset(held, tmp_path / "out", formats=("jsonl",), facts=facts)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "\n# Trips\n" in card
    assert "17 texts were labelled from the start" in card
    assert "1 texts were drawn at random" in card
    assert "2 texts were chosen actively (1 diverse, 1 uncertain)" in card
    assert "v0003-x (encoder tiny)" in card
    assert "1 texts without labels were left out" in card
    assert "| split | texts | without entities | spans | LOC | PER |" in card
    assert report.n_unlabelled == 1


def test_repairs_are_counted(tmp_path: Path):
    crooked = Document("a", "Ada went home", (Span(0, 4, "PER"), Span(40, 44, "LOC")))
    report = export_dataset([crooked], tmp_path / "out", formats=("jsonl",))
    assert report.repairs.total == 2
    assert report.repairs.describe() in (tmp_path / "out" / "README.md").read_text()


def test_nothing_is_overwritten_without_force(tmp_path: Path):
    out = tmp_path / "out"
    export_dataset(documents(10), out, formats=("jsonl",))
    with pytest.raises(ExportError, match="an earlier export"):
        export_dataset(documents(20), out, formats=("jsonl",))
    assert json.loads((out / "export.json").read_text())["documents"] == 10
    export_dataset(documents(20), out, formats=("jsonl",), force=True)
    assert json.loads((out / "export.json").read_text())["documents"] == 20
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_force_replaces_exports_only(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ExportError, match="holds other things"):
        export_dataset(documents(10), tmp_path, force=True)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_failed_export_leaves_nothing_behind_and_the_old_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "out"
    export_dataset(documents(10), out, formats=("jsonl",))

    def full_disk(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(export_module, "write_documents", full_disk)
    with pytest.raises(OSError, match="No space"):
        export_dataset(documents(20), out, formats=("jsonl", "conll"), force=True)
    assert json.loads((out / "export.json").read_text())["documents"] == 10
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"formats": ("xml",)}, "was: xml"),
        ({"formats": ()}, "was: none"),
        ({"shares": (0.5, 0.5, 0.5)}, "sum up to 1"),
        ({"shares": (1.2, -0.1, -0.1)}, "from 0 to 1"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict, message: str, tmp_path: Path):
    with pytest.raises(ValueError, match=message):
        export_dataset(documents(5), tmp_path / "out", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_without_labels_there_is_nothing_to_export(tmp_path: Path):
    with pytest.raises(ValueError, match="at least one labelled text"):
        export_dataset([Document("a", "bare")], tmp_path / "out")


def test_a_request_is_checked_without_any_document(tmp_path: Path):
    check_folder(tmp_path / "new", force=False)
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(ExportError, match="holds other things"):
        check_folder(tmp_path, force=True)
    with pytest.raises(ValueError, match="Expected formats"):
        ExportRequest(("xml",))


def test_the_card_does_not_deny_what_was_repaired_while_reading(tmp_path: Path):
    facts = CardFacts(read=ReadReport(repairs=Repairs(trimmed=1)))
    export_dataset(documents(3), tmp_path / "out", formats=("jsonl",), facts=facts)
    repairs = (tmp_path / "out" / "README.md").read_text().split("## Repairs")[1].split("##")[0]
    assert "While reading: Spans repaired while reading: 1 trimmed of white space." in repairs
    assert "While writing: no repairs." in repairs


@pytest.mark.parametrize("name", export_formats())
def test_every_format_of_the_table_is_exported_and_read_back(tmp_path: Path, name: str):
    held = documents(30)
    report = export_dataset(held, tmp_path / "out", formats=(name,))
    folders = [tmp_path / "out" / name] if name == "datasets" else sorted((tmp_path / "out" / name).iterdir())
    read = [each for path in folders for each in read_documents(path).documents]
    assert Counter(each.text for each in read) == Counter(each.text for each in held) or name == "conll"
    assert sum(len(each.spans) for each in read) == sum(len(each.spans) for each in held)
    assert (len(read), report.left_out) == (30, ())
    assert f"`{name}/" in (tmp_path / "out" / "README.md").read_text()


def test_texts_that_a_format_cannot_hold_are_reported_and_named_in_the_card(tmp_path: Path):
    odd = Document("odd", "Ada left", (Span(0, 3, "a\tb"),))
    report = export_dataset([*documents(6), odd], tmp_path / "out", formats=("conll", "jsonl"))
    (reason,) = report.left_out
    assert reason.startswith("conll: odd: CoNLL cannot express it")
    assert reason in (tmp_path / "out" / "README.md").read_text()
    assert json.loads((tmp_path / "out" / "export.json").read_text())["left_out"] == [reason]


def test_the_card_names_types_that_were_added_later(tmp_path: Path):
    may = Span(0, 3, "DATE")
    held = [Document(str(n), f"May {n}", (), {CONSIDERED: ["PER"]}) for n in range(3)]
    export_dataset([*held, Document("x", "May 99", (may,))], tmp_path / "out", ("jsonl",))
    card = (tmp_path / "out" / "README.md").read_text()
    assert "3 texts were labelled before 'DATE' existed and say nothing about it" in card
    export_dataset([Document("x", "May 99", (may,))], tmp_path / "plain", ("jsonl",))
    assert "existed" not in (tmp_path / "plain" / "README.md").read_text()
