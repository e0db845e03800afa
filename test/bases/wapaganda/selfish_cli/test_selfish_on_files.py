"""Every command on files, with real bricks and a tiny encoder."""

import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from wapaganda.annotation import read_documents, writable_suffixes
from wapaganda.model_store import ModelStore
from wapaganda.pipeline import Gain
from wapaganda.pipeline.training import adaptation
from wapaganda.tracking import MirrorReport
from wapaganda.trainer import AdaptationRecipe

pytestmark = pytest.mark.real


@pytest.fixture
def trained(selfish, files):
    """A project that has a first model."""
    outcome = selfish("train", "--data", files.data, "--test", files.test, "--json")
    assert outcome.code == 0, outcome.stderr
    return outcome.json


def test_train_gives_one_json_object_with_the_scores(trained, files):
    assert trained["n_train"] == len(read_documents(files.data).documents)
    assert trained["n_judged"] == len(read_documents(files.test).documents)
    assert 0.5 < trained["test_f1"] <= 1
    assert set(trained["per_type"]) == {"LOC", "PER"}
    assert trained["live"] == trained["version"]
    assert trained["steps"] > 0
    assert Path(trained["model_path"], "model.safetensors").is_file()


def test_train_without_test_and_folds_holds_texts_out(selfish, files):
    found = selfish("train", "--data", files.data, "--json").json
    total = len(read_documents(files.data).documents)
    assert found["test_f1"] is None
    assert 0 <= found["holdout_f1"] <= 1
    assert 0 < found["n_judged"] < total
    assert found["n_train"] + found["n_judged"] == total


def test_train_shows_a_table_for_people_and_keeps_stdout_free_of_progress(selfish, files):
    outcome = selfish("train", "--data", files.data, "--test", files.test)
    assert outcome.code == 0
    assert "all (micro)" in outcome.stdout
    assert "Training" not in outcome.stdout
    assert "Training" in outcome.stderr


def test_train_again_on_the_same_texts_makes_no_second_version(trained, selfish, files):
    again = selfish("train", "--data", files.data, "--test", files.test, "--json").json
    assert (again["version"], again["reused"], again["test_f1"]) == (
        trained["version"],
        True,
        trained["test_f1"],
    )


def test_train_says_when_test_texts_are_trained_on(selfish, files):
    outcome = selfish("train", "--data", files.data, "--test", files.data, "--json")
    assert any("also trained on" in note for note in outcome.json["notes"])


def test_train_with_dev_texts_keeps_the_best_checkpoint_and_says_so(selfish, files, tmp_path):
    dev = tmp_path / "dev.jsonl"
    lines = files.data.read_text("utf-8").splitlines(keepends=True)
    dev.write_text("".join(lines[-8:]), "utf-8")

    outcome = selfish("train", "--data", files.data, "--test", files.test, "--dev", dev, "--json")

    found = outcome.json
    assert found["n_train"] < len(read_documents(files.data).documents)
    assert 0 <= found["best_dev_f1"] <= 1
    assert 0 < found["best_step"] <= found["steps"]
    assert found["stopped_because"]
    assert any("also dev texts were left out of the training" in remark for remark in found["remarks"])
    assert any(f"The checkpoint of step {found['best_step']}" in remark for remark in found["remarks"])
    logged = "".join(path.read_text("utf-8") for path in (tmp_path / "kept").rglob("*.jsonl"))
    assert all(f'"{name}"' in logged for name in ("dev_f1", "best_dev_f1", "best_step"))


def test_train_with_nothing_but_dev_texts_is_wrong_input(selfish, files):
    outcome = selfish("train", "--data", files.data, "--dev", files.data)
    assert outcome.code == 2
    assert "at least one labelled entity to train on" in outcome.stderr


def test_names_keep_projects_apart(trained, selfish, files):
    assert selfish("predict", "anna went to rome .", "--name", "other").code == 2
    assert selfish("predict", "anna went to rome .").code == 0


def test_predict_finds_the_spans_of_one_text(trained, selfish):
    found = selfish("predict", "anna went to rome .", "--json").json
    (document,) = found["documents"]
    assert found["version"] == trained["version"]
    assert {document["text"][span["start"] : span["end"]] for span in document["spans"]} <= {"anna", "rome"}
    assert all(0 <= span["score"] <= 1 for span in document["spans"])


def test_a_model_is_taken_home_and_finds_what_predict_finds(trained, selfish, files, tmp_path):
    from transformers import pipeline

    outcome = selfish("models", "export", "--to", tmp_path / "home", "--licence", "mit", "--json")
    assert outcome.code == 0, outcome.stderr
    assert outcome.json["version"] == trained["version"]
    (text, *_) = [d.text for d in read_documents(files.test).documents if d.spans]
    spans = selfish("predict", text, "--json").json["documents"][0]["spans"]
    found = pipeline(model=str(tmp_path / "home"), trust_remote_code=True)(text)
    assert len(spans) > 0
    assert [(s["start"], s["end"], s["entity_group"]) for s in found] == [
        (s["start"], s["end"], s["label"]) for s in spans
    ]
    again = selfish("models", "export", "--to", tmp_path / "home", "--json")
    assert (again.code, "new or empty folder" in again.stderr + again.stdout) == (2, True)
    missing = selfish("models", "export", "--to", tmp_path / "other", "--version", "v0099-00000000", "--json")
    assert missing.code == 2


def test_predict_says_so_when_there_is_nothing(trained, selfish):
    assert "finds no entity" in selfish("predict", "").stderr


def test_a_version_that_is_not_there_is_wrong_input(trained, selfish):
    outcome = selfish("predict", "anna", "--model", "v9")
    assert outcome.code == 2
    assert trained["version"] in outcome.stderr


def test_status_before_the_first_round_claims_no_counts(trained, selfish):
    assert selfish("status", "--json").json["labelled"] is None
    shown = selfish("status").stdout
    assert "0 texts" not in shown
    assert "counted after the first selfish update" in shown


@pytest.mark.parametrize("suffix", ["jsonl", "json", "conll"])
def test_predict_writes_files_that_can_be_read_back(trained, selfish, files, tmp_path, suffix):
    out = tmp_path / f"predicted.{suffix}"
    assert selfish("predict", "--data", files.pool, "--out", out).code == 0
    assert len(read_documents(out).documents) == len(read_documents(files.pool).documents)


def test_select_without_a_model_takes_texts_that_stand_for_the_pool(selfish, files):
    found = selfish("select", "--pool", files.pool, "--size", 5, "--json").json
    assert (found["version"], found["strategy"], found["n_selected"]) == (None, "representative", 5)
    assert all(entry["drawn"] == "representative" for entry in found["batch"])


def test_select_without_a_model_and_without_the_encoder_draws_lots(selfish, files, monkeypatch):
    monkeypatch.setenv("BASELINE_MODEL_NAME", "nobody/no-such-encoder")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for more in ((), ("--strategy", "random")):
        found = selfish("select", "--pool", files.pool, "--size", 5, *more, "--json").json
        assert [entry["drawn"] for entry in found["batch"]] == ["random"] * 5


@pytest.mark.parametrize("measure", ["mnlp", "ltp"])
def test_select_offers_uncertain_texts_first_and_none_twice(trained, selfish, files, tmp_path, measure):
    out = tmp_path / "batch.jsonl"
    arguments = ("--pool", files.pool, "--data", files.data, "--size", 6, "--strategy", "uncertainty")
    found = selfish("select", *arguments, "--measure", measure, "--out", out, "--json").json
    scores = [entry["uncertainty"] for entry in found["batch"]]
    assert scores == sorted(scores, reverse=True)
    assert [document.text for document in read_documents(out).documents] == [
        each["text"] for each in found["batch"]
    ]
    labelled = {document.text for document in read_documents(files.data).documents}
    assert not labelled & {entry["text"] for entry in found["batch"]}


def test_select_leaves_doubtful_spans_out_and_says_so(trained, selfish, files, monkeypatch):
    arguments = ("select", "--pool", files.pool, "--size", 6)

    def spans(found):
        return [span for each in found["batch"] for span in each["spans"]]

    monkeypatch.setenv("PROPOSAL_FLOOR", "0")
    all_ = spans(selfish(*arguments, "--json").json)
    floor = round(sorted(span["score"] for span in all_)[len(all_) // 2] - 1e-6, 6)  # scores are rounded
    monkeypatch.setenv("PROPOSAL_FLOOR", str(floor))
    found = selfish(*arguments, "--json").json
    assert spans(found) == [span for span in all_ if span["score"] >= floor]
    n_hidden = sum(found["spans_hidden"].values())
    assert (found["proposal_floor"], n_hidden) == (floor, len(all_) - len(spans(found)))
    assert f"{n_hidden} of {len(all_)} proposed spans are hidden" in " ".join(
        selfish(*arguments).stdout.split()
    )


def test_select_says_by_which_measure_it_goes(trained, selfish, files):
    arguments = ("select", "--pool", files.pool, "--size", 3, "--strategy", "uncertainty", "--json")
    for measure, used in (("mnlp", "mnlp"), ("auto", "boundary")):
        found = selfish(*arguments, "--measure", measure)
        assert found.json["measure"] == used


@pytest.mark.parametrize("suffix", writable_suffixes())
def test_what_was_predicted_is_never_learnt_or_exported_as_labels(trained, selfish, files, tmp_path, suffix):
    out = tmp_path / f"predicted{suffix}"
    assert selfish("predict", "--data", files.pool, "--out", out).code == 0
    assert not any(each.is_labelled for each in read_documents(out).documents)
    learnt = selfish("train", "--data", out)
    assert (learnt.code, "Expected labelled texts" in learnt.stderr) == (2, True)
    exported = selfish("export", "--data", out, "--out", tmp_path / "set")
    assert exported.code == 2
    if suffix == ".json":
        tasks = json.loads(out.read_text())
        assert not any("annotations" in task for task in tasks)
        assert {each["model_version"] for task in tasks for each in task["predictions"]} == {
            trained["version"]
        }


def test_update_goes_round_the_loop_and_status_tells(selfish, files, tmp_path):
    first = selfish(
        "update", "--data", files.data, "--pool", files.pool, "--test", files.test, "--size", 4, "--json"
    )
    assert first.code == 0, first.stderr
    assert (first.json["number"], first.json["n_released"]) == (1, 4)
    assert 0 <= first.json["test_f1"] <= 1
    (batch,) = (tmp_path / "kept" / "default" / "batches").glob("*.jsonl")
    offered = [json.loads(line) for line in batch.read_text().splitlines()]
    assert [each["spans"] for each in offered] == [None] * 4
    unanswered = files.data.read_text() + batch.read_text()
    answers = [{"text": each["text"], "spans": each["proposed"]["spans"]} for each in offered]
    for each in answers:
        each["spans"] = [{key: span[key] for key in ("start", "end", "label")} for span in each["spans"]]
    files.data.write_text(unanswered)
    same = selfish("update", "--data", files.data, "--pool", files.pool, "--size", 4, "--json").json
    assert same["n_labelled"] == first.json["n_labelled"]  # what the model proposed is no answer
    assert [each["kind"] for each in same["read"]["findings"]] == ["machine"]
    with files.data.open("a") as data:
        data.writelines(json.dumps(each) + "\n" for each in answers)
    second = selfish("update", "--data", files.data, "--pool", files.pool, "--size", 4, "--json").json
    assert second["number"] == 3
    assert second["n_labelled"] == first.json["n_labelled"] + 4
    status = selfish("status", "--json").json
    assert [each["number"] for each in status["rounds"]] == [1, 2, 3]
    assert status["labelled"] == second["n_labelled"]
    assert status["live"] == second["live"]
    shown = selfish("status")
    assert shown.code == 0
    assert "Rounds" in shown.stdout


def test_with_the_data_set_as_purpose_select_and_status_go_by_the_review(
    selfish, files, monkeypatch, tmp_path
):
    monkeypatch.setenv("PURPOSE", "dataset")
    texts = ("--data", files.data, "--pool", files.pool, "--size", 4)
    assert selfish("train", "--data", files.data, "--json").code == 0
    chosen = selfish("select", *texts, "--json").json["batch"]
    assert {each["drawn"] for each in chosen} == {"review"}
    done = selfish("update", *texts, "--json").json
    assert (done["batch"], done["purpose"]) == ("review-001", "dataset")
    batch = tmp_path / "kept" / "default" / "batches" / "review-001.jsonl"
    offered = [json.loads(line)["text"] for line in batch.read_text().splitlines()]
    assert [each["text"] for each in chosen] == offered  # the same model and texts: the same order
    monkeypatch.setenv("PURPOSE", "model")
    other = selfish("select", *texts, "--json").json["batch"]
    assert "review" not in {each["drawn"] for each in other}

    monkeypatch.setenv("PURPOSE", "dataset")
    status = selfish("status", "--json").json
    same = ("purpose", "file_f1", "people_share", "texts_left")
    assert {key: status[key] for key in same} == {key: done[key] for key in same}
    (round_,) = status["rounds"]
    assert round_["batch"] == "review-001"
    assert "Data set" in selfish("status").stdout


def test_a_cross_fitted_round_is_shown_by_update_and_status(selfish, files, monkeypatch):
    monkeypatch.setenv("FOLDS", "2")
    arguments = ("update", "--data", files.data, "--pool", files.pool, "--size", 4)
    done = selfish(*arguments, "--json").json
    assert 0.25 <= done["temperature"] <= 8
    low, high = done["cross_validated_interval"]
    assert low <= done["cross_validated_f1"] <= high
    status = selfish("status", "--json").json
    assert (status["estimated_f1"], status["advice"]) == (done["estimated_f1"], done["advice"])
    for shown in (selfish("status").stdout, selfish(*arguments).stdout):
        assert "Cross-fitted" in shown
        assert "Advice" in shown
    trained = selfish("train", "--data", files.data, "--json").json
    assert trained["cross_validated_f1"] == done["cross_validated_f1"]
    total = len(read_documents(files.data).documents)
    assert trained["n_train"] == trained["n_judged"] == total  # no label is kept from the training
    assert trained["out_of_fold_f1"] == trained["cross_validated_f1"] == done["f1"]
    assert trained["holdout_f1"] is None


def test_export_writes_the_data_set(selfish, files, tmp_path):
    found = selfish(
        "export", "--data", files.data, "--out", tmp_path / "set", "--formats", "conll,jsonl", "--json"
    )
    assert found.json["documents"] == len(read_documents(files.data).documents)
    assert (tmp_path / "set" / "README.md").is_file()
    again = selfish("export", "--data", files.data, "--out", tmp_path / "set")
    assert again.code == 2
    assert "earlier export" in again.stderr


def test_ctrl_c_says_what_is_kept_and_leaves_the_live_model(trained, selfish, files, monkeypatch, tmp_path):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("wapaganda.pipeline.training.versions.train", interrupted)
    outcome = selfish("train", "--data", files.test, "--json")
    assert outcome.code == 130
    assert outcome.json["error"] == "Interrupted."
    assert "Kept: The live model" in outcome.stderr
    current = ModelStore(tmp_path / "models" / "default").current()
    assert current is not None
    assert current.name == trained["version"]


@pytest.mark.parametrize(
    ("is_running", "sentence"),
    [
        (True, "MLflow: trouble."),
        (False, "MLflow: trouble. The runs are kept and will be written to MLflow next time."),
    ],
)
def test_only_an_mlflow_that_fails_is_worth_a_warning(selfish, files, monkeypatch, is_running, sentence):
    report = MirrorReport(False, "MLflow: trouble.", is_running)
    monkeypatch.setattr(
        "wapaganda.tracking.start_mirror", lambda *_, **__: SimpleNamespace(wait=lambda _: report)
    )
    found = selfish("train", "--data", files.data, "--steps", 2, "--json")
    assert (found.code, found.json["mlflow"]) == (0, sentence)
    assert ("MLflow: trouble" in found.stderr) is not is_running
    assert "Evaluating the model" in found.stderr


def test_a_pool_that_is_labelled_already_gives_no_empty_table(selfish, files):
    outcome = selfish("select", "--pool", files.data, "--data", files.data)
    assert outcome.code == 0
    assert "Rank" not in outcome.stdout
    assert "no more are left" in outcome.stdout


def test_a_removed_setting_is_refused_with_its_sentence(selfish, files, monkeypatch):
    monkeypatch.setenv("EXCERPT_WORDS", "2")
    outcome = selfish("select", "--pool", files.pool)
    assert outcome.code == 2
    assert "EXCERPT_WORDS was removed in 0.2" in " ".join(outcome.stderr.split())


def test_update_tries_an_adapted_encoder_says_so_and_a_setting_undoes_it(
    selfish, files, monkeypatch, tmp_path, encoder
):
    for name in ("MINIMUM_LABELLED", "MINIMUM_FILLED", "MINIMUM_UNLABELLED"):
        monkeypatch.setattr(adaptation, name, 10)
    monkeypatch.setattr(adaptation, "AdaptationRecipe", partial(AdaptationRecipe, 3))
    monkeypatch.setattr(adaptation, "paired_gain", lambda gold, *_: Gain(0.5, 0.6, 0.01, len(gold)))
    monkeypatch.setenv("FOLDS", "2")
    monkeypatch.setenv("TRAIN_STEPS", "15")
    arguments = ("update", "--data", files.data, "--pool", files.pool, "--size", 4)
    record = tmp_path / "models" / "default" / "adaptation.json"
    monkeypatch.setenv("ADAPT", "off")
    assert "adapted" not in selfish(*arguments).stderr
    monkeypatch.setenv("ADAPT", "auto")

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(adaptation, "cross_fit", interrupt)
        stopped = selfish(*arguments)
    assert (stopped.code, record.exists()) == (0, False), stopped.stderr
    assert "better: about 1 min. Ctrl-C leaves all as it is" in stopped.stderr
    assert "The trial was stopped." in stopped.stderr

    assert "F1 50.0% → 60.0%, +10.0 ± 1.0 points" in selfish(*arguments).stderr
    later = selfish(*arguments, "--json")
    (said,) = [each for each in later.json["notes"] if "adapted to" in each]
    status = selfish("status", "--json").json
    assert status["adaptation"] == said
    folder = str(record.parent / json.loads(record.read_text())["folder"])
    assert status["versions"][-1]["encoder"] == folder
    monkeypatch.setenv("ADAPT", "off")
    assert selfish("train", "--data", files.data, "--json").json["encoder"] == encoder
    assert selfish("status", "--json").json["adaptation"] == ""


def test_adapt_writes_an_encoder_that_train_can_begin_with(selfish, files, tmp_path):
    out = tmp_path / "adapted"
    found = selfish("adapt", "--pool", files.pool, "--out", out, "--steps", 4, "--json")
    assert found.code == 0, found.stderr
    assert (found.json["steps"], found.json["out"]) == (4, str(out))
    assert found.json["texts"] == len(read_documents(files.pool).documents)
    again = selfish("adapt", "--pool", files.pool, "--out", out)
    assert again.code == 2
    assert "Expected a new folder" in " ".join(again.stderr.split())
    trained = selfish("train", "--data", files.data, "--test", files.test, "--encoder", out, "--json")
    assert trained.code == 0, trained.stderr


def test_test_texts_that_were_trained_on_are_named_beside_the_scores(selfish, files):
    found = selfish("train", "--data", files.data, "--test", files.data, "--steps", 2)
    n_texts = len(files.data.read_text().splitlines())
    sentence = f"{n_texts} of the test texts are also trained on: the score is too high."
    assert [line.split(maxsplit=1)[1].strip() for line in found.stdout.splitlines() if "Caution" in line] == [
        sentence
    ]
    assert sentence in found.stderr
