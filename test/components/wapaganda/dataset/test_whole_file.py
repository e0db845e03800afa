"""The whole file: labels of people and of a machine, who gave each, filters, splits, card and manifest."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wapaganda.annotation import all_formats, read_documents
from wapaganda.dataset import (
    AUDIT,
    CardFacts,
    ExportRequest,
    LabelHistory,
    ModelLabels,
    export_dataset,
    export_formats,
    split_texts,
)
from wapaganda.ner import Document, Span
from wapaganda.uncertainty import Expectation

CITIES = ["Oslo", "Rome", "Paris", "Quito", "Lima", "Bern", "Cairo", "Delhi", "Hanoi", "Kyiv"]
N_PEOPLE, N = 60, 200


def text(number):
    return f"Report {number * 7919 % 1009}: {CITIES[number % 10]} {number**3} was reached by {number**5}."


def spans(number, score=None):
    """The place in every text but the fourth of each."""
    if number % 4 == 3:
        return ()
    start = text(number).index(":") + 2
    return (Span(start, start + len(CITIES[number % 10]), "LOC", score),)


def history():
    """Texts 20 to 39 were chosen by score, 40 to 59 in an audit; 20 to 29 were shown proposals."""
    reasons = {str(n): "uncertain" for n in range(20, 40)} | {str(n): AUDIT for n in range(40, 60)}
    return LabelHistory({str(n): spans(n) if n < 25 else () for n in range(20, 30)}, reasons)


def people():
    meta = {"annotators": [7], "lead_time": 36.0, "source": "a"}
    return [Document(str(n), text(n), spans(n), meta if n < 30 else {}) for n in range(N_PEOPLE)]


def everything():
    return [*people(), *(Document(str(n), text(n), None, {"source": "b"}) for n in range(N_PEOPLE, N))]


def machine(certificate=None):
    made = [Document(str(n), text(n), spans(n, 0.5 + n / 400)) for n in range(50, N - 20)]
    predicted = np.array([len(each.spans) for each in made])
    right = np.array([sum(span.score for span in each.spans) for each in made])
    expectation = Expectation(np.full(len(made), 8), predicted, right, right[:, None])
    campaign = 3 if certificate else None
    return ModelLabels("v0002-abc", made, expectation, ("LOC",), None, campaign, certificate)


def exported(tmp_path, *formats, facts=None, certificate=None, **options):
    request = ExportRequest(formats=formats or ("jsonl",), **options)
    facts = facts or CardFacts(history=history())
    out = tmp_path / "out"
    return out, export_dataset(everything(), out, request, machine=machine(certificate), facts=facts)


def rows(out):
    files = [(path.stem, path.read_text().splitlines()) for path in sorted((out / "jsonl").iterdir())]
    found = [json.loads(line) | {"split": split} for split, lines in files for line in lines]
    return {row["id"]: row for row in found}


def test_every_text_and_span_says_who_labelled_it(tmp_path: Path):
    out, report = exported(tmp_path)
    found = rows(out)
    assert list(map(int, sorted(found, key=int))) == list(range(N - 20))
    counts = {name: each.n_documents for name, each in report.by_provenance.items()}
    assert counts == {"human": 30, "confirmed": 6, "corrected": 4, "audited": 20, "machine": 120}
    assert found["60"]["spans"] == [{"start": 12, "end": 16, "label": "LOC", "score": 0.65, "by": "machine"}]
    assert (found["60"]["provenance"], found["60"]["model"]) == ("machine", "v0002-abc")
    assert found["21"]["spans"][0]["by"] == "confirmed"
    assert found["26"] | {"split": ""} == {
        **{"id": "26", "text": text(26), "provenance": "corrected", "split": ""},
        "spans": [{"start": 11, "end": 16, "label": "LOC", "by": "human"}],
        "meta": {"lead_time": 36.0, "source": "a"},
    }
    assert report.n_unlabelled == 20
    # A label of a person wins over one of a machine.
    assert found["55"]["provenance"] == "audited"


@pytest.mark.parametrize("name", export_formats())
def test_no_format_lets_a_machine_pass_for_a_person(name: str, tmp_path: Path):
    out, report = exported(tmp_path, name)
    assert report.left_out == ()
    folder = out / name
    read = [each for path in sorted(folder.iterdir()) for each in _read(path)]
    labelled = {each.text for each in read if each.is_labelled}
    assert labelled == {text(n) for n in range(N_PEOPLE)} or name == "conll"
    assert len(labelled) == N_PEOPLE
    assert len(read) == N - 20
    if "meta" in all_formats()[name].keeps and name != "label-studio":
        said = Counter(each.meta["provenance"] for each in read if each.is_labelled)
        assert said == {"human": 30, "confirmed": 6, "corrected": 4, "audited": 20}
    else:
        assert (folder / f"train-machine{all_formats()[name].suffixes[0]}").exists() or name != "conll"


def _read(path):
    if path.name == "dataset_dict.json":
        return []
    return read_documents(path).documents


def test_an_export_that_is_exported_again_keeps_who_labelled_what(tmp_path: Path):
    out, report = exported(tmp_path, "jsonl", "parquet", shares=(1, 0, 0))
    for path in (out / "jsonl" / "train.jsonl", out / "parquet" / "train.parquet"):
        read = read_documents(path).documents
        again = export_dataset(read, tmp_path / path.suffix, ExportRequest(("jsonl",), (1, 0, 0)))
        assert {name: each.n_documents for name, each in again.by_provenance.items()} == {
            name: each.n_documents for name, each in report.by_provenance.items() if name != "machine"
        }
        assert rows(tmp_path / path.suffix)["26"] == rows(out)["26"]


def test_dev_and_test_hold_only_texts_of_people_that_no_score_has_chosen(tmp_path: Path):
    out, _ = exported(tmp_path)
    found = rows(out)
    held_out = {int(each["id"]) for each in found.values() if each["split"] != "train"}
    assert held_out <= {*range(20), *range(40, 60)}
    assert sum(each["split"] == "test" for each in found.values()) >= 10
    assert "Dev and test hold only texts that people labelled" in (out / "README.md").read_text()
    few, _ = exported(tmp_path / "few", shares=(0, 0.5, 0.5))
    card = (few / "README.md").read_text()
    assert "90 were wanted: only 40 texts were drawn at random and labelled by people" in card
    assert "It is not filled up." in json.loads((few / "export.json").read_text())["notes"][0]


def test_filters_leave_texts_out_and_count_them(tmp_path: Path):
    out, report = exported(tmp_path, only=("human", "machine"), min_confidence=0.8)
    found = rows(out)
    assert {each["provenance"] for each in found.values()} == {"human", "machine"}
    unsure = [n for n in range(60, 180) if spans(n) and 0.5 + n / 400 < 0.8]
    assert report.n_left_out == {"unlabelled": 20, "provenance": 30, "confidence": len(unsure)}
    assert not found.keys() & {str(n) for n in unsure}
    assert "63" in found  # a text without entities has no unsure span
    card = (out / "README.md").read_text()
    assert "30 texts were left out by the filter: only human, machine." in card
    assert f"{len(unsure)} texts of the machine were left out" in card
    with pytest.raises(ValueError, match="confidence"):
        ExportRequest(min_confidence=1.5)
    with pytest.raises(ValueError, match="Expected provenances out of human"):
        ExportRequest(only=("gold",))
    with pytest.raises(ValueError, match="filters keep"):
        export_dataset(people(), tmp_path / "none", ExportRequest(only=("machine",)))


def test_annotators_are_written_only_when_asked_for(tmp_path: Path):
    out, _ = exported(tmp_path)
    assert "annotators" not in (out / "jsonl" / "train.jsonl").read_text()
    named, _ = exported(tmp_path / "named", annotators=True)
    assert '"annotators": [7]' in (named / "jsonl" / "train.jsonl").read_text()


def test_a_text_that_changed_since_the_machine_read_it_is_unlabelled(tmp_path: Path):
    changed = [Document("60", text(60) + " Again.")]
    report = export_dataset([*people(), *changed], tmp_path / "out", machine=machine())
    assert (report.n_documents, report.n_unlabelled) == (N_PEOPLE, 1)


def test_the_users_own_fields_are_kept_beside_ours(tmp_path: Path):
    own = {"provenance": "Paris", "model": "a car"}
    held = [Document("1", text(1), spans(1), own), Document("60", text(60), None, own)]
    export_dataset(held, tmp_path / "out", ExportRequest(("jsonl",), (1, 0, 0)), machine=machine())
    found = rows(tmp_path / "out")
    assert found["1"]["meta"] == {"model": "a car", "provenance_in_source": "Paris"}
    assert found["60"]["meta"] == {"model_in_source": "a car", "provenance_in_source": "Paris"}
    assert (found["1"]["provenance"], found["60"]["provenance"]) == ("human", "machine")


def test_the_card_says_what_is_certified_and_what_is_estimated(tmp_path: Path):
    out, report = exported(tmp_path)
    card = (out / "README.md").read_text()
    assert "**Not certified**" in card
    assert report.quality.estimate is not None
    assert f"F1 {report.quality.estimate.f1:.1%} of this file" in card
    n_people = sum(len(spans(n)) for n in range(N_PEOPLE))
    scores = [span.score for n in range(60, 180) for span in spans(n, 0.5 + n / 400)]
    right = sum(scores)
    expected = 2 * (n_people + right) / (2 * n_people + len(scores) + right)
    assert report.quality.estimate.f1 == pytest.approx(expected)
    assert report.quality.estimate.by_type == {"LOC": pytest.approx(expected)}
    certificate = {"lower": 0.91099, "estimate": 0.95, "confidence": 0.9, "n_audited": 20}
    sure, _ = exported(tmp_path / "sure", certificate=certificate)
    card = (sure / "README.md").read_text()
    assert "at least 91.0%, with 90% confidence, by 20 audited texts (completion 3)" in card
    manifest = json.loads((sure / "export.json").read_text())
    assert (manifest["campaign"], manifest["certificate"]["lower"]) == (3, 0.91099)
    part, _ = exported(tmp_path / "part", certificate=certificate, min_confidence=0.8)
    assert "a part of the completed file only" in (part / "README.md").read_text()


def test_the_card_says_how_long_people_worked_and_how_many_errors_are_likely(tmp_path: Path):
    facts = CardFacts(history=history(), likely_errors=4, prices="Assumed prices: none.", package="9.9")
    out, _ = exported(tmp_path, facts=facts)
    card = (out / "README.md").read_text()
    assert "People worked 0.3 hours on 30 texts whose time was measured" in card
    assert "Likely label errors left in the people's part: 4" in card
    assert "Assumed prices: none." in card
    assert "20 texts were drawn at random to audit the model." in card
    assert "20 texts were chosen actively (20 uncertain)." in card
    assert "Made with wapaganda 9.9." in card


def test_the_front_matter_is_that_of_the_hub(tmp_path: Path):
    import yaml

    facts = CardFacts(title='Trips: "a" test', licence="CC-BY-4.0", languages=("en", "de"))
    out, report = exported(tmp_path, "parquet", "jsonl", facts=facts)
    head = yaml.safe_load((out / "README.md").read_text().split("---\n")[1])
    assert head["pretty_name"] == 'Trips: "a" test'
    assert (head["license"], head["language"]) == ("cc-by-4.0", ["en", "de"])
    assert (head["task_categories"], head["size_categories"]) == (["token-classification"], ["n<1K"])
    (config,) = head["configs"]
    for each in config["data_files"]:
        assert (out / each["path"]).is_file()
    assert [each["split"] for each in config["data_files"]] == [
        each.name for each in report.splits if each.n_documents
    ]
    other, _ = exported(tmp_path / "other", "conll", facts=CardFacts(licence="Ask us"))
    head = yaml.safe_load((other / "README.md").read_text().split("---\n")[1])
    assert (head["license"], head["license_name"]) == ("other", "Ask us")
    assert "configs" not in head


@pytest.mark.parametrize("formats", [("parquet",), ("jsonl",)])
def test_datasets_loads_the_folder_by_its_front_matter(formats, tmp_path: Path):
    from datasets import load_dataset

    out, report = exported(tmp_path, *formats)
    loaded = load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    assert {name: len(loaded[name]) for name in loaded} == {
        split.name: split.n_documents for split in report.splits if split.n_documents
    }
    assert set(loaded["train"]["provenance"]) >= {"corrected", "machine"}
    assert loaded["train"].column_names[:3] == ["id", "text", "spans"]


def test_the_same_labels_and_request_give_the_same_bytes(tmp_path: Path):
    formats = export_formats()
    (one, first), (other, second) = (exported(tmp_path / name, *formats) for name in ("one", "other"))
    files = [path.relative_to(one) for path in sorted(one.rglob("*")) if path.is_file()]
    data = [path for path in files if path.name not in ("README.md", "export.json")]
    assert [str(path) for path in data if (one / path).read_bytes() != (other / path).read_bytes()] == []
    assert len(data) > len(formats)
    assert first.fingerprint == second.fingerprint
    manifest = json.loads((one / "export.json").read_text())
    request = {key: tuple(v) if isinstance(v, list) else v for key, v in manifest["request"].items()}
    assert ExportRequest(**request) == first.request
    assert exported(tmp_path / "seed", *formats, seed=14)[1].fingerprint != first.fingerprint


TEXTS = [f"{CITIES[n % 10]} {n * 7919} and {n**4} {CITIES[n // 10]}" for n in range(100)]


@given(st.sets(st.integers(0, 99), min_size=1), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_splits_hold_only_eligible_texts_and_growth_never_swaps_dev_and_test(eligible, seed):
    fits = [n in eligible for n in range(100)]
    small = split_texts(TEXTS[:50], fits[:50], (0.5, 0.25, 0.25), seed)
    large = split_texts(TEXTS, fits, (0.5, 0.25, 0.25), seed)
    held = {n for n, name in enumerate(large.names) if name != "train"}
    assert held <= eligible
    pairs = list(zip(small.names, large.names, strict=False))
    assert {("dev", "test"), ("test", "dev")}.isdisjoint(pairs)
    if small.factor == large.factor:
        assert all(before == after for before, after in pairs)


def test_near_copies_are_in_one_split_and_a_chosen_one_takes_its_group_to_train():
    long = "the quick brown fox jumps over the lazy dog again and again until the evening comes"
    texts = [*TEXTS[:40], *(f"{long} {n}" for n in range(10))]
    found = split_texts(texts, [True] * 50, (0, 0, 1), 13)
    assert set(found.names) == {"test"}
    fits = [True] * 49 + [False]
    found = split_texts(texts, fits, (0, 0, 1), 13)
    assert found.names == ("test",) * 40 + ("train",) * 10
    assert (found.n_near, found.n_drawn_back, found.n_eligible) == (10, 9, 49)
    for seed in range(20):
        assert len(set(split_texts(texts, [True] * 50, (0.4, 0.3, 0.3), seed).names[40:])) == 1


def test_of_few_eligible_texts_more_are_held_out():
    fits = [n < 25 for n in range(100)]
    found = split_texts(TEXTS, fits, (0.8, 0.1, 0.1), 13)
    assert found.factor == 4
    assert 15 <= sum(name != "train" for name in found.names) <= 24
    assert split_texts(TEXTS, [False] * 100, (0.8, 0.1, 0.1), 13).names == ("train",) * 100
