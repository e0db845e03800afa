"""selfish models: what is there, which version is live, and the way back."""

import pytest

from wapaganda.model_store import Manifest, ModelStore


@pytest.fixture
def store(tmp_path):
    """Two versions in the project default, the second one live."""
    store = ModelStore(tmp_path / "models" / "default")
    for number in (1, 2):
        folder = tmp_path / f"model-{number}"
        folder.mkdir()
        (folder / "weights").write_text("…")
        manifest = Manifest(
            ("LOC", "PER"), "hub/tiny", f"{number:08x}", 10 * number, {"micro": {"f1": 0.5 + number / 10}}
        )
        store.promote(store.publish(folder, manifest).name)
    return store


FIRST, SECOND = "v0001-00000001", "v0002-00000002"


def test_list_shows_the_versions_and_marks_the_live_one(selfish, store):
    outcome = selfish("models", "list")
    assert outcome.code == 0
    lines = [line.split() for line in outcome.stdout.splitlines() if "v000" in line]
    assert [line[0] for line in lines] == [FIRST, SECOND]
    assert "(live)" in lines[1]
    assert "(live)" not in lines[0]
    assert lines[1][-3:] == ["20", "70.0", "hub/tiny"]


def test_list_as_json(selfish, store):
    found = selfish("models", "list", "--json").json
    assert (found["project"], found["live"]) == ("default", SECOND)
    assert [(each["name"], each["f1"], each["labels"]) for each in found["versions"]] == [
        (FIRST, 0.6, ["LOC", "PER"]),
        (SECOND, 0.7, ["LOC", "PER"]),
    ]


def test_promote_makes_a_version_live_and_rollback_goes_back(selfish, store):
    assert selfish("models", "promote", FIRST, "--json").json == {
        "project": "default",
        "live": FIRST,
        "before": SECOND,
    }
    assert store.current().name == FIRST
    assert store.is_pinned(store.version(SECOND).manifest.data_fingerprint)
    outcome = selfish("models", "rollback")
    assert outcome.code == 0
    assert SECOND in outcome.stdout
    assert store.current().name == SECOND
    assert selfish("models", "rollback", "--json").json["live"] == FIRST


def test_there_is_an_end_of_going_back(selfish, store):
    assert selfish("models", "rollback").code == 0
    outcome = selfish("models", "rollback", "--json")
    assert outcome.code == 1
    assert "Expected an earlier live version" in outcome.json["error"]
    assert store.current().name == FIRST


def test_an_unknown_version_is_wrong_input_and_changes_nothing(selfish, store):
    outcome = selfish("models", "promote", "v0009-00000009")
    assert outcome.code == 2
    assert f"Expected a version out of {FIRST}, {SECOND}, was: v0009-00000009." in outcome.stderr
    assert store.current().name == SECOND


def test_the_models_of_another_project_are_others(selfish, store):
    for arguments in (
        ["list", "--name", "other"],
        ["list", "--project", 3],
        ["promote", FIRST, "--project", 3],
    ):
        outcome = selfish("models", *arguments)
        assert outcome.code == 2
        assert "Expected a" in outcome.stderr


def test_a_wrong_option_of_a_sub_command_is_an_object_with_json(selfish):
    outcome = selfish("models", "promote", "--json")
    assert outcome.code == 2
    assert outcome.json["exit_code"] == 2


def test_a_damaged_version_is_named_and_can_be_left(selfish, store):
    weights = store.path(SECOND) / "weights"
    weights.chmod(0o644)
    weights.write_text("")

    for command in (("models", "list"), ("status",)):
        outcome = selfish(*command)
        assert outcome.code == 0
        assert f"{SECOND} is damaged" in outcome.stdout + outcome.stderr
        found = selfish(*command, "--json").json
        assert (found["live"], [each["name"] for each in found["versions"]]) == (FIRST, [FIRST])
        assert str(weights) in found["damage"][0]
    refused = selfish("models", "promote", SECOND, "--json")
    assert refused.code == 1
    assert str(weights) in refused.json["error"]
    assert "Train again" in refused.json["hint"]
    assert selfish("models", "promote", FIRST).code == 0
    (sentence,) = selfish("models", "list", "--json").json["damage"]
    assert SECOND in sentence


def test_when_every_version_is_damaged_it_is_said(selfish, store):
    for each in (FIRST, SECOND):
        (store.path(each) / "weights").unlink()
    found = selfish("models", "list", "--json").json
    assert (found["live"], found["versions"], len(found["damage"])) == (None, [], 3)
    outcome = selfish("predict", "A text.", "--json")
    assert outcome.code == 1
    assert "is missing" in outcome.json["error"]
