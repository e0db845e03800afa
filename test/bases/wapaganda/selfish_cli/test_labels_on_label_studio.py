"""Labels whose names change on a real Label Studio: what the commands say, and how it is mended."""

import json

import httpx
import pytest

from wapaganda.label_studio import LabelStudio
from wapaganda.ner import Span

pytestmark = [pytest.mark.label_studio, pytest.mark.slow]

CONFIG = (
    '<View><Labels name="label" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>'
    '<Text name="text" value="$text"/></View>'
)


def region(start, end, text, *labels, tag="label"):
    value = {"start": start, "end": end, "text": text, "labels": list(labels)}
    return {"id": f"x{start}_{end}", "from_name": tag, "to_name": "text", "type": "labels", "value": value}


class Raw:
    """Label Studio as other programs change it."""

    def __init__(self, server):
        headers = {"Authorization": f"Token {server.token}"}
        self.http = httpx.Client(base_url=server.url, headers=headers, timeout=120)
        made = self._json(self.http.post("/api/projects", json={"title": "case", "label_config": CONFIG}))
        self.project = made["id"]

    @staticmethod
    def _json(response):
        response.raise_for_status()
        return response.json()

    def add(self, text, *results):
        task = {"data": {"text": text}, "annotations": [{"result": result} for result in results]}
        self._json(self.http.post(f"/api/projects/{self.project}/import", json=[task]))

    def configure(self, xml):
        self._json(self.http.patch(f"/api/projects/{self.project}", json={"label_config": xml}))

    @property
    def config(self):
        return self._json(self.http.get(f"/api/projects/{self.project}"))["label_config"]

    def annotations(self):
        """The annotations of all tasks in their order of change: (label or tag, words) of each region."""
        query = {"project": self.project, "fields": "all", "page_size": 100}
        tasks = self._json(self.http.get("/api/tasks", params=query))["tasks"]
        tasks.sort(key=lambda task: task["id"])
        every = [sorted(task["annotations"], key=lambda each: each["updated_at"]) for task in tasks]
        return [[_words(each["result"]) for each in answers] for answers in every]


def _words(result):
    return [("+".join(each["value"]["labels"]), each["from_name"], each["value"]["text"]) for each in result]


@pytest.fixture
def raw(label_studio_server, monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio_server.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio_server.token)
    return Raw(label_studio_server)


def spans(selfish, raw, tmp_path, *more):
    out = tmp_path / "out"
    options = ("--split", "1,0,0", "--formats", "jsonl", "--json", "--force", *more)
    return selfish("export", "--project", raw.project, "--out", out, *options)


def counted(outcome):
    return {name: split["per_type"] for name, split in outcome.json["splits"].items()}["train"]


def test_a_renamed_tag_is_named_with_its_totals_and_mapped(raw, selfish, tmp_path):
    for name in ("Mira", "Otto", "Jana"):
        raw.add(f"{name} left Oslo.", [region(0, 4, name, "PER"), region(10, 14, "Oslo", "LOC")])
    raw.configure(CONFIG.replace('name="label"', 'name="ner"'))
    doctor = {
        each["name"]: each for each in selfish("doctor", "--project", raw.project, "--json").json["checks"]
    }
    assert doctor["Labels"]["ok"] is False
    assert "6 regions of 'label' in 3 texts" in doctor["Labels"]["message"]
    assert not (tmp_path / "kept" / f"ls-{raw.project}" / "ledger.sqlite").exists()
    refused = spans(selfish, raw, tmp_path)
    assert refused.code == 2
    said = "3 texts not read: regions were made by a tag, or on a text, that the label config does not have"
    assert f"{said}: 6 regions of 'label' in 3 texts" in refused.stderr
    assert "selfish labels map --project ID --tag label=NEW" in refused.stderr
    assert "6 regions of 'label' in 3 texts" in selfish("status", "--project", raw.project).stdout

    wrong = selfish("labels", "map", "label=none", "--tag", "--project", raw.project)
    assert wrong.code == 2
    assert "Expected one of the tags ner, text, was: none." in wrong.stderr
    mapped = selfish("labels", "map", "label=ner", "--tag", "--project", raw.project, "--json")
    assert mapped.json == {"project": f"ls-{raw.project}", "labels": {}, "tags": {"label": "ner"}}
    assert counted(spans(selfish, raw, tmp_path)) == {"LOC": 3, "PER": 3}

    assert selfish("labels", "map", "--remove", "label", "--tag", "--project", raw.project).code == 0
    assert spans(selfish, raw, tmp_path).code == 2
    done = selfish("labels", "rename", "label=ner", "--tag", "--yes", "--project", raw.project, "--json")
    assert (done.json["state"], done.json["regions"], done.json["texts"]) == ("done", 6, 3)
    assert raw.annotations()[0] == [[("PER", "ner", "Mira"), ("LOC", "ner", "Oslo")]]
    assert counted(spans(selfish, raw, tmp_path)) == {"LOC": 3, "PER": 3}


def test_a_label_that_was_renamed_by_hand_is_named_mapped_and_renamed(raw, selfish, tmp_path):
    for name in ("Mira", "Otto", "Jana", "Nils"):
        answer = [region(0, 4, name, "PER"), region(9, 12, "Ada", "PER"), region(16, 20, "Oslo", "LOC")]
        raw.add(f"{name} met Ada in Oslo.", answer)
    raw.configure(CONFIG.replace('"PER"', '"PERSON"'))
    raw.add("Bob met Eve in Rome.", [region(0, 3, "Bob", "PERSON")])
    refused = spans(selfish, raw, tmp_path)
    assert refused.code == 2
    said = "4 texts not read: regions have a label that the label config does not have"
    assert f"{said}: 8 regions of 'PER' in 4 texts" in refused.stderr
    assert "selfish labels map --project ID PER=NEW" in refused.stderr
    lenient = spans(selfish, raw, tmp_path, "--lenient")
    assert counted(lenient) == {"PERSON": 1}
    assert lenient.json["read"]["findings"][0]["regions"] == {"PER": 8}
    update = selfish("update", "--project", raw.project)
    assert update.code == 2
    assert "8 regions of 'PER' in 4 texts" in update.stderr

    assert selfish("labels", "map", "PER=PERSON", "--project", raw.project).code == 0
    assert counted(spans(selfish, raw, tmp_path)) == {"LOC": 4, "PERSON": 9}
    assert "PER" in selfish("labels", "map", "--project", raw.project).stdout
    assert selfish("labels", "map", "PER=", "--project", raw.project).code == 0
    left_out = spans(selfish, raw, tmp_path)
    assert counted(left_out) == {"LOC": 4, "PERSON": 1}
    assert "Ignored 8 times: regions of labels that are left out" in left_out.stderr
    assert selfish("labels", "map", "--remove", "PER", "--project", raw.project).code == 0

    dry = selfish("labels", "rename", "PER=PERSON", "--project", raw.project)
    assert "8 regions in 4 texts" in dry.stdout
    assert "Nothing was changed." in dry.stderr
    assert raw.annotations()[0][0][0][0] == "PER"
    assert selfish("labels", "rename", "PER=PERSON", "--yes", "--project", raw.project).code == 0
    assert counted(spans(selfish, raw, tmp_path)) == {"LOC": 4, "PERSON": 9}
    assert selfish("labels", "undo", "--yes", "--project", raw.project).code == 0
    assert [answer[0][0][0] for answer in raw.annotations()] == ["PER"] * 4 + ["PERSON"]


def test_labels_are_renamed_and_merged_everywhere_and_undone(raw, selfish, tmp_path):
    raw.add("Mira met Bob.", [region(0, 4, "Mira", "PER")], [region(9, 12, "Bob", "LOC")])
    raw.add("Oslo", [region(0, 4, "Oslo", "LOC")])
    before = raw.annotations()
    first = selfish("labels", "rename", "PER=PERSON", "--yes", "--project", raw.project, "--json")
    assert first.code == 0, first.stderr
    assert '<Label value="PERSON"' in raw.config
    assert raw.annotations() == [
        [[("PERSON", "label", "Mira")], [("LOC", "label", "Bob")]],  # the later answer stays the later one
        [[("LOC", "label", "Oslo")]],
    ]
    both = selfish("labels", "rename", "PERSON=LOC", "--project", raw.project)
    assert both.code == 2
    assert "merge them" in both.stderr
    second = selfish("labels", "merge", "PERSON=LOC", "--yes", "--project", raw.project, "--json").json
    assert (second["regions"], second["texts"], second["state"]) == (1, 1, "done")
    assert "PERSON" not in raw.config
    assert counted(spans(selfish, raw, tmp_path)) == {"LOC": 2}
    for state in ("PERSON", "PER"):
        undone = selfish("labels", "undo", "--yes", "--project", raw.project, "--json")
        assert undone.json["state"] == "undone"
        assert f'<Label value="{state}"' in raw.config
    assert raw.annotations() == before
    assert selfish("labels", "undo", "--yes", "--project", raw.project).code == 2


def test_a_label_is_split_by_a_file_of_its_words_and_undone(raw, selfish, tmp_path):
    raw.add("Oslo in Norway", [region(0, 4, "Oslo", "LOC"), region(8, 14, "Norway", "LOC")])
    raw.add("Oslo, Georgia", [region(0, 4, "Oslo", "LOC"), region(6, 13, "Georgia", "LOC")])
    before, config, forms = raw.annotations(), raw.config, tmp_path / "forms.csv"
    command = ("labels", "split", "LOC=CITY,COUNTRY", "--project", raw.project, "--json")
    assert selfish(*command, "--forms", forms).json["undecided"] == {"Oslo": 2, "Georgia": 1, "Norway": 1}
    assert forms.read_text() == "text,label,regions\nOslo,,2\nGeorgia,,1\nNorway,,1\n"
    forms.write_text("text,label,regions\nOslo,CITY,2\nGeorgia,,1\nNorway,COUNTRY,1\n")
    planned = selfish(*command, "--by", forms)
    assert "Nothing was changed" in planned.stderr
    assert (raw.annotations(), raw.config) == (before, config)
    done = selfish(*command, "--by", forms, "--view", "--yes")
    assert done.code == 0, done.stderr
    assert (done.json["regions"], done.json["state"], done.json["undecided"]) == (3, "done", {"Georgia": 1})
    assert f"/projects/{raw.project}/data?tab=" in done.json["view"]
    assert raw.annotations() == [
        [[("CITY", "label", "Oslo"), ("COUNTRY", "label", "Norway")]],
        [[("CITY", "label", "Oslo"), ("LOC", "label", "Georgia")]],
    ]
    assert counted(spans(selfish, raw, tmp_path)) == {"CITY": 2, "COUNTRY": 1, "LOC": 1}
    assert selfish("labels", "undo", "--yes", "--project", raw.project, "--json").json["state"] == "undone"
    assert raw.annotations() == before
    assert "COUNTRY" not in raw.config
    assert counted(spans(selfish, raw, tmp_path)) == {"LOC": 4}


def test_drafts_of_all_annotators_are_renamed_and_undone_with_the_annotations(
    raw, selfish, label_studio_server
):
    raw.add("Mira met Bob.")
    task = raw.http.get("/api/tasks", params={"project": raw.project}).json()["tasks"][0]["id"]
    second = {"Authorization": f"Token {label_studio_server.join('drafts@example.com')}"}
    drafts = f"/api/tasks/{task}/drafts"
    mine = {"result": [region(0, 4, "Mira", "PER")], "lead_time": 2.5}
    raw.http.post(drafts, json=mine).raise_for_status()
    theirs = {"result": [region(0, 4, "Mira", "LOC"), region(9, 12, "Bob", "PER")], "lead_time": 4.0}
    raw.http.post(drafts, json=theirs, headers=second).raise_for_status()

    def seen():
        found = sorted(raw.http.get(drafts).json(), key=lambda each: each["id"])
        return [(each["user"], each["lead_time"], _words(each["result"])) for each in found]

    before = seen()
    dry = selfish("labels", "rename", "PER=PERSON", "--project", raw.project)
    assert "2 that annotators have not submitted yet" in dry.stdout
    assert seen() == before
    done = selfish("labels", "rename", "PER=PERSON", "--yes", "--project", raw.project, "--json").json
    assert (done["drafts"], done["annotations"], done["state"]) == (2, 0, "done")
    assert [[label for label, _, _ in words] for _, _, words in seen()] == [["PERSON"], ["LOC", "PERSON"]]
    assert [each[:2] for each in seen()] == [each[:2] for each in before]  # whose they are, and their time
    assert selfish("labels", "undo", "--yes", "--project", raw.project).code == 0
    assert seen() == before


def test_repairs_are_said_for_a_project_as_for_a_file_and_the_regions_go_out_again(raw, selfish, tmp_path):
    text = "Mira met Bob in Oslo on Monday. "
    for number in range(30):
        raw.add(f"{text}{number}", [region(0, 4, "Mira", "PER")])
    raw.add(f"{text}a", [region(16, 20, "Oslo", "PER", "LOC")])
    raw.add(f"{text}b", [region(0, 12, "Mira met Bob", "PER"), region(9, 12, "Bob", "PER")])
    raw.add(f"{text}c", [region(18, 22, "Oslo", "LOC")])
    outcome = spans(selfish, raw, tmp_path)
    assert outcome.code == 0, outcome.stderr
    said = "Spans repaired while reading: 2 refused as overlapping a longer one."
    assert said in outcome.stderr
    assert "1 text not read: the words at the offsets of a span are not its own words" in outcome.stderr
    assert said in (tmp_path / "out" / "README.md").read_text()
    assert said in selfish("status", "--project", raw.project).stdout
    doctor = {
        each["name"]: each for each in selfish("doctor", "--project", raw.project, "--json").json["checks"]
    }
    assert said in doctor["Labels"]["message"]
    lines = (tmp_path / "out" / "jsonl" / "train.jsonl").read_text().splitlines()
    records = {record["text"][-1]: record for record in map(json.loads, lines)}
    assert "original_regions" not in records["9"]["meta"]
    assert [span["label"] for span in records["a"]["spans"]] == ["LOC"]
    assert [each["value"]["labels"] for each in records["a"]["meta"]["original_regions"]] == [["PER", "LOC"]]
    nested = [each["value"]["text"] for each in records["b"]["meta"]["original_regions"]]
    assert nested == ["Mira met Bob", "Bob"]


TWO_TAGS = (
    '<View><Labels name="label" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>'
    '<Labels name="things" toName="text"><Label value="SHIP"/></Labels>{}'
    '<Text name="text" value="$text"/></View>'
)


def test_two_tags_over_a_text_are_one_schema_or_one_is_chosen(raw, selfish, tmp_path, label_studio_server):
    raw.configure(TWO_TAGS.format(""))
    ship = region(12, 17, "Maria", "SHIP", tag="things")
    for number in range(3):
        raw.add(f"Mira on the Maria {number}", [region(0, 4, "Mira", "PER"), ship])
    raw.add("Bob on the Maria")
    assert counted(spans(selfish, raw, tmp_path)) == {"PER": 3, "SHIP": 3}
    chosen = spans(selfish, raw, tmp_path, "--label-tag", "things")
    assert counted(chosen) == {"SHIP": 3}
    assert "Ignored 3 times: regions of tags that are not read, beside the text" in chosen.stderr

    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        (waiting,) = [each for each in studio.fetch(raw.project).documents if not each.is_labelled]
        proposed = (Span(0, 3, "PER", 0.9), Span(11, 16, "SHIP", 0.8))
        assert studio.release(raw.project, [waiting.with_spans(proposed)], "al-001").n_created == 1
    query = {"project": raw.project, "fields": "all", "page_size": 100}
    tasks = raw.http.get("/api/tasks", params=query).json()["tasks"]
    (prediction,) = [each for task in tasks for each in task["predictions"]]
    assert _words(prediction["result"]) == [("PER", "label", "Bob"), ("SHIP", "things", "Maria")]


def test_labels_over_two_texts_need_a_text_field(raw, selfish, tmp_path):
    other = (
        '<Labels name="second" toName="head"><Label value="X"/></Labels><Text name="head" value="$title"/>'
    )
    raw.configure(TWO_TAGS.format(other))
    answer = [region(0, 4, "Mira", "PER"), region(0, 3, "Bob", "X", tag="second") | {"to_name": "head"}]
    task = {"data": {"text": "Mira sails", "title": "Bob wins"}, "annotations": [{"result": answer}]}
    raw.http.post(f"/api/projects/{raw.project}/import", json=[task]).raise_for_status()
    refused = spans(selfish, raw, tmp_path)
    assert refused.code != 0
    assert "choose one by --text-field (TEXT_FIELD), out of text, title" in refused.stderr
    doctor = selfish("doctor", "--project", raw.project, "--json").json["checks"]
    assert any("--text-field" in each["message"] for each in doctor if each["ok"] is False)
    assert counted(spans(selfish, raw, tmp_path, "--text-field", "text")) == {"PER": 1}
    assert counted(spans(selfish, raw, tmp_path, "--text-field", "title")) == {"X": 1}
