"""selfish sources, and what select and predict show before there is a model."""

import pytest

from wapaganda.annotation import proposal_of, read_documents

pytestmark = pytest.mark.real

TABLES = """
[[source]]
name = "people"
kind = "gazetteer"
file = "people.tsv"
[source.labels]
person = "PER"

[[source]]
name = "swapped"
kind = "gazetteer"
file = "people.tsv"
[source.labels]
person = "LOC"

[[source]]
name = "model"
kind = "spacy"
model = "no_such_model"
[source.labels]
GPE = "LOC"
"""


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "people.tsv").write_text(
        "".join(f"{name}\tperson\n" for name in ("anna", "bob", "carla", "emil")) + "Bob\tplace\n"
    )
    path = tmp_path / "sources.toml"
    path.write_text(TABLES)
    return path


def test_the_table_says_for_each_source_and_type_whether_it_is_on_and_why(selfish, files, sources):
    found = selfish("sources", "--data", files.data, "--sources", sources, "--json").json
    people, swapped = found["sources"]
    documents = read_documents(files.data).documents
    gold = sum(span.label == "PER" for each in documents for span in each.spans or ())
    by_type = {each["type"]: each for each in people["types"]}
    assert by_type["PER"]["spans_of_people"] == gold
    assert by_type["PER"]["right"] == by_type["PER"]["spans"] > 0
    low, high = by_type["PER"]["precision_interval"]
    assert low < by_type["PER"]["precision"] < high
    assert people["on"]
    assert "log loss of a word" in people["why"]
    assert {each["type"]: each["right"] for each in swapped["types"]}["LOC"] == 0
    assert found["n_labelled"] == len(documents)
    assert any(note.startswith("The source model is left out: ") for note in found["messages"])
    assert any(note.startswith("The source people: Of 1 terms a line has") for note in found["messages"])

    shown = selfish("sources", "--data", files.data, "--sources", sources)
    assert "people" in shown.stdout
    assert "left out" in shown.stderr
    assert "Of 1 terms a line has another label" in shown.stderr


def test_select_and_predict_show_proposals_of_the_sources_before_there_is_a_model(
    selfish, files, sources, tmp_path, monkeypatch
):
    monkeypatch.setenv("SOURCES", str(sources))
    out = tmp_path / "batch.jsonl"
    outcome = selfish(
        "select", "--pool", files.pool, "--data", files.data, "--size", 5, "--out", out, "--json"
    )
    assert outcome.code == 0, outcome.stderr
    assert "people" in outcome.json["sources"]
    assert outcome.json["version"] is None
    batch = read_documents(out).documents
    assert not any(each.is_labelled for each in batch)
    assert any(proposal_of(each) for each in batch)
    assert "sources-people" in out.read_text()

    alone = tmp_path / "alone.toml"
    alone.write_text(TABLES.partition('[[source]]\nname = "swapped"')[0])
    monkeypatch.setenv("SOURCES", str(alone))
    said = selfish("predict", "anna went to bob .", "--json").json
    assert said["version"] == "sources-people"
    (document,) = said["documents"]
    assert [(span["start"], span["end"], span["label"]) for span in document["spans"]] == [
        (0, 4, "PER"),
        (13, 16, "PER"),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "Expected a sources file"),
        ("x = 1\n", "Expected tables"),
        ("[[source]]\nname = 1\n", "Expected name and kind"),
        ("[[source\n", "Expected TOML"),
        ('[[source]]\nname = "a"\nkind = "spans"\nlabels = "x"\n', "expected a table of its labels"),
        ('[[source]]\nname = "a"\nkind = "spans"\n' * 2, "each name once"),
    ],
)
def test_a_file_that_is_wrong_is_one_sentence(selfish, files, tmp_path, content, said):
    path = tmp_path / "wrong.toml"
    if content is not None:
        path.write_text(content)
    outcome = selfish("sources", "--data", files.data, "--sources", path)
    assert outcome.code == 2
    assert said in " ".join(outcome.stderr.split())
    assert "Traceback" not in outcome.stderr


def test_without_a_file_the_command_says_how_to_name_one(selfish, files):
    outcome = selfish("sources", "--data", files.data)
    assert outcome.code == 2
    assert "SOURCES or --sources" in outcome.stderr
