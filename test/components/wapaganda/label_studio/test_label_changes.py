"""Changes of labels that are interrupted at every write: nothing is lost, and all of it can be undone."""

import json
import random
from copy import deepcopy

import httpx
import pytest

from wapaganda.annotation import FormatError, parse_label_config
from wapaganda.label_studio import ChangePlan, LabelStudio, LabelStudioError

CONFIG = (
    '<View><!-- ours --><Labels name="label" toName="text"><Label value="PER" hotkey="p"/>'
    '<Label value="LOC"/><Label value="City" alias="CITY"/></Labels><Text name="text" value="$text"/>'
    '<Choices name="mood" toName="text"><Choice value="PER"/></Choices></View>'
)
LABELS = ("PER", "LOC", "CITY")


def region(rng, number, tag="label"):
    labels = rng.choice([["PER"], ["LOC"], ["CITY"], ["PER", "LOC"], ["LOC", "PER"]])
    value = {"start": number, "end": number + 1, "text": "x", "labels": labels}
    made = {"from_name": tag, "to_name": "text", "type": "labels", "value": value}
    return made if rng.random() < 0.2 else made | {"id": f"r{number}"}


class Project:
    """A Label Studio in memory; the write number ``breaks_at`` is lost with the connection."""

    def __init__(self, seed=1, size=7):
        rng = random.Random(seed)
        self.project = {"id": 1, "title": "t", "label_config": CONFIG, "model_version": "al-001"}
        self.tasks = {}
        self.drafts = {}
        self.clock = 100
        self.writes = 0
        self.breaks_at = None
        self.check = lambda: None
        for number in range(1, size + 1):
            answers = [self.answer_of(rng, 10 * number + at) for at in range(rng.choice([0, 1, 1, 2, 3]))]
            proposals = [
                self.proposal_of(rng, 10 * number + 5, "al-001"),
                self.proposal_of(rng, 10 * number + 6, "x"),
            ]
            self.tasks[number] = {"id": number, "annotations": answers, "predictions": proposals}
            drafts = [{"id": 10 * number + at, "result": self.regions_of(rng)} for at in range(number % 3)]
            self.drafts[number] = drafts
            rng.shuffle(answers)
            for each in answers:
                self.touch(each)

    def regions_of(self, rng):
        return [region(rng, at) for at in range(rng.randint(1, 3))]

    def answer_of(self, rng, number):
        result = [region(rng, at) for at in range(rng.randint(0, 4))]
        choice = {
            "id": "c",
            "from_name": "mood",
            "to_name": "text",
            "type": "choices",
            "value": {"choices": ["PER"]},
        }
        return {"id": number, "result": [*result, choice], "parent_prediction": number // 10 * 10 + 6}

    def proposal_of(self, rng, number, version):
        return {"id": number, "model_version": version, "result": [region(rng, at) for at in range(3)]}

    def touch(self, each):
        self.clock += 1
        each["updated_at"] = f"2026-01-01T00:00:00.{self.clock:06d}Z"

    def client(self):
        return LabelStudio("http://ls.test", "a" * 40, retries=0, transport=httpx.MockTransport(self.answer))

    def answer(self, request):
        path = request.url.path
        if request.method == "PATCH":
            self.write(path, json.loads(request.content))
        if path.startswith("/api/projects/1"):
            return httpx.Response(200, json=self.project)
        if path.endswith("/drafts"):
            return httpx.Response(200, json=self.drafts[int(path.split("/")[3])])
        if path == "/api/tasks":
            query = json.loads(request.url.params["query"])
            chosen = query.get("selectedItems", {}).get("included", self.tasks)
            if query.get("filters", {}).get("items"):
                chosen = [number for number in chosen if self.drafts[number]]
            tasks = [self.tasks[number] for number in chosen]
            return httpx.Response(200, json={"tasks": tasks, "total": len(tasks)})
        return httpx.Response(200, json={"id": 1})

    def write(self, path, body):
        self.writes += 1
        if self.writes == self.breaks_at:
            raise httpx.ConnectError("gone")
        if path.startswith("/api/projects"):
            self.project |= body
        else:
            kind, number = path.strip("/").split("/")[1:]
            held = [
                each
                for task in self.tasks.values()
                for each in (self.drafts[task["id"]] if kind == "drafts" else task[kind])
            ]
            found = [each for each in held if each["id"] == int(number)]
            found[0]["result"] = body["result"]
            self.touch(found[0])
        self.check()

    def answers(self):
        """The results of each task in their order of change, the predictions, and the drafts."""
        return {
            number: (
                [each["result"] for each in sorted(task["annotations"], key=lambda each: each["updated_at"])],
                [each["result"] for each in task["predictions"]],
                [each["result"] for each in self.drafts[number]],
            )
            for number, task in self.tasks.items()
        }

    def labels(self):
        """The labels of all regions in annotations, and in the predictions that people see or began with."""
        each = [
            result
            for answers, proposals, drafts in self.answers().values()
            for result in (*answers, proposals[0], *drafts)
        ]
        return {name for result in each for one in result for name in one["value"].get("labels", ())}


def done(project, path, kind, old, new):
    """Apply the change, again and again until nothing interrupts it."""
    client = project.client()
    for _ in range(100):
        plan = ChangePlan.load(path) if path.exists() else client.plan_label_change(1, kind, old, new)
        try:
            return client.apply_label_change(plan, path)
        except LabelStudioError:
            continue
    raise AssertionError("never done")


def split(project, path, by):
    """Split PER as ``done`` does it."""
    client = project.client()
    for _ in range(100):
        plan = (
            ChangePlan.load(path)
            if path.exists()
            else client.plan_label_split(1, "PER", ("MAN", "WOMAN"), by)
        )
        try:
            return client.apply_label_change(plan, path)
        except LabelStudioError:
            continue
    raise AssertionError("never done")


def test_a_split_that_is_interrupted_at_any_write_changes_what_is_decided_and_can_be_undone(tmp_path):
    def prepared():
        project = Project()
        for task in project.tasks.values():
            for each in (*task["annotations"], *task["predictions"], *project.drafts[task["id"]]):
                for one in each["result"]:
                    if one["type"] == "labels":
                        one["value"]["text"] = ("Bob", " Ada\n ", "Kim")[one["value"]["start"] % 3]
        return project

    by = {"Bob": "MAN", "Ada": "WOMAN"}
    whole = prepared()
    before = deepcopy(whole.answers())
    plan = split(whole, tmp_path / "whole.json", by)
    wanted = deepcopy(before)
    shown = [[*answers, proposals[0], *drafts] for answers, proposals, drafts in wanted.values()]
    began = {n for n, task in whole.tasks.items() if task["annotations"]}
    shown += [[proposals[1]] for n, (_, proposals, _) in wanted.items() if n in began]
    n_left = 0
    for result in (each for results in shown for each in results):
        for one in result:
            new = {"Bob": "MAN", " Ada\n ": "WOMAN"}.get(one["value"].get("text"), "PER")
            names = one["value"].get("labels", [])
            one["value"] |= {"labels": [new if name == "PER" else name for name in names]} if names else {}
    for answers, _, _ in wanted.values():
        n_left += sum("PER" in one["value"].get("labels", ()) for result in answers for one in result)
    assert whole.answers() == wanted
    assert {words: len(tasks) for words, tasks in plan.undecided.items()} == {"Kim": n_left}
    labels = parse_label_config(whole.project["label_config"]).labels
    assert labels == ("PER", "MAN", "WOMAN", "LOC", "CITY")
    assert 'hotkey="p"' in whole.project["label_config"]
    for breaks_at in range(1, whole.writes + 1):
        path = tmp_path / f"{breaks_at}.json"
        project = prepared()
        project.breaks_at = breaks_at
        project.check = lambda project=project: _check_known(project)
        split(project, path, by)
        assert project.answers() == wanted
        project.client().undo_label_change(ChangePlan.load(path), path)
        assert project.answers() == before
        assert project.project["label_config"] == CONFIG


def test_a_label_that_the_config_lacks_cannot_be_split_and_nothing_is_split_without_words():
    with pytest.raises(FormatError, match="Expected the label 'ORG' in the label config"):
        Project().client().plan_label_split(1, "ORG", ("FIRM",), {"Acme": "FIRM"})
    plan = Project().client().plan_label_split(1, "PER", ("MAN", "LOC"), {})
    assert plan.regions == {}
    assert set(plan.undecided) == {"x"}


CHANGES = [
    ("rename", "PER", "PERSON"),
    ("merge", "PER", "LOC"),
    ("rename", "CITY", "TOWN"),
    ("tag", "label", "ner"),
]


@pytest.mark.parametrize(("kind", "old", "new"), CHANGES)
def test_a_change_that_is_interrupted_at_any_write_ends_as_an_uninterrupted_one(kind, old, new, tmp_path):
    whole = Project()
    before = deepcopy(whole.answers())
    assert done(whole, tmp_path / "whole.json", kind, old, new).state == "done"
    expected, n_writes = whole.answers(), whole.writes
    assert expected != before
    assert old not in whole.labels()
    for breaks_at in range(1, n_writes + 1):
        path = tmp_path / f"{breaks_at}.json"
        project = Project()
        project.breaks_at = breaks_at
        if kind != "tag":
            project.check = lambda project=project: _check_known(project)
        done(project, path, kind, old, new)
        assert project.answers() == expected
        assert project.project["label_config"] == whole.project["label_config"]
        project.client().undo_label_change(ChangePlan.load(path), path)
        assert project.answers() == before
        assert project.project["label_config"] == CONFIG


def _check_known(project):
    """No region has a label that the config does not have, at any moment."""
    assert project.labels() <= set(parse_label_config(project.project["label_config"]).labels)


@pytest.mark.parametrize(("kind", "old", "new"), CHANGES)
def test_an_interrupted_change_can_be_undone_at_once(kind, old, new, tmp_path):
    for seed in range(12):
        project = Project(seed)
        before = deepcopy(project.answers())
        project.breaks_at = 1 + seed
        path = tmp_path / f"{seed}.json"
        client = project.client()
        plan = client.plan_label_change(1, kind, old, new)
        try:
            client.apply_label_change(plan, path)
        except LabelStudioError:
            assert ChangePlan.load(path).is_open
        project.breaks_at = None
        assert client.undo_label_change(ChangePlan.load(path), path).state == "undone"
        assert project.answers() == before
        assert project.project["label_config"] == CONFIG


def test_a_plan_writes_nothing_and_counts(tmp_path):
    project = Project()
    plan = project.client().plan_label_change(1, "rename", "PER", "PERSON")
    assert project.writes == 0
    regions = [
        one
        for task in project.tasks.values()
        for each in task["annotations"]
        for one in each["result"]
        if "PER" in one["value"].get("labels", ())
    ]
    assert plan.n_regions == len(regions)
    drafts = [each["result"] for of_task in project.drafts.values() for each in of_task]
    old = [any("PER" in one["value"]["labels"] for one in result) for result in drafts]
    assert plan.n_drafts == sum(old) > 0
    assert plan.n_annotations + plan.n_predictions + plan.n_drafts == len(plan.regions)
    assert plan.save(tmp_path / "plan.json") == ChangePlan.load(tmp_path / "plan.json")
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(LabelStudioError, match="Expected a saved change of labels"):
        ChangePlan.load(tmp_path / "plan.json")


def test_what_annotators_make_meanwhile_is_changed_too_and_what_they_changed_is_kept(tmp_path):
    project, path = Project(), tmp_path / "plan.json"
    late = {"id": 999, "result": [region(random.Random(4), 0) | {"id": "late"}], "updated_at": "2027-01-01"}
    late["result"][0]["value"]["labels"] = ["PER"]

    def annotate():
        if late not in project.tasks[1]["annotations"]:
            project.tasks[1]["annotations"].append(late)

    project.check = annotate
    plan = done(project, path, "rename", "PER", "PERSON")
    assert late["result"][0]["value"]["labels"] == ["PERSON"]
    assert "annotation 999" in plan.regions
    late["result"][0]["value"]["labels"] = ["LOC"]
    project.client().undo_label_change(plan, path)
    assert late["result"][0]["value"]["labels"] == ["LOC"]


def test_a_config_that_was_changed_since_is_not_overwritten(tmp_path):
    project, path = Project(), tmp_path / "plan.json"
    plan = done(project, path, "rename", "PER", "PERSON")
    project.project["label_config"] = CONFIG.replace("LOC", "PLACE")
    with pytest.raises(LabelStudioError, match="Expected the label config as the change has left it"):
        project.client().undo_label_change(plan, path)


@pytest.mark.parametrize(
    ("kind", "old", "new", "complaint"),
    [
        ("rename", "ORG", "FIRM", "Expected the label 'ORG' in the label config"),
        ("rename", "PER", "LOC", "which the config has; merge them"),
        ("merge", "PER", "ORG", "Expected the label 'ORG' in the label config, was: none to merge with"),
        ("tag", "ents", "ner", "Expected a tag of the name 'ents', was: label, text, mood"),
        ("tag", "label", "text", "which another tag has"),
    ],
)
def test_changes_that_the_config_cannot_have_are_refused(kind, old, new, complaint):
    with pytest.raises(FormatError, match=complaint):
        Project().client().plan_label_change(1, kind, old, new)
