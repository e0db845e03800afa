"""The mirror against real MLflow on SQLite, and against servers that are not there."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from wapaganda.ner import LabelSchema
from wapaganda.tagger import Tagger, make_portable
from wapaganda.tracking import EXPERIMENT, CurvePoint, RunLog, learning_curve_png, mirror, start_mirror
from wapaganda.tracking.cursor import read_cursor, write_cursor
from wapaganda.tracking.mlflow_store import find_experiment, open_store
from wapaganda.trainer import load_encoder

MODEL = "wapaganda-demo"
TRAININGS = "custom_model_development"


@pytest.fixture
def log(tmp_path):
    return RunLog(tmp_path / "data with blanks" / "runs")


@pytest.fixture
def uri(tmp_path):
    return f"sqlite:///{tmp_path / 'store' / 'mlruns.db'}"


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory):
    """A database with MLflow's tables; making them takes ten seconds."""
    database = tmp_path_factory.mktemp("mlflow") / "mlruns.db"
    open_store(f"sqlite:///{database}")
    return database


@pytest.fixture
def made_uri(uri, empty_store):
    database = Path(uri.removeprefix("sqlite:///"))
    database.parent.mkdir()
    shutil.copyfile(empty_store, database)
    return uri


def closed_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def write_run(log, tmp_path, number, alias="champion"):
    model = tmp_path / f"v{number:04d}"
    model.mkdir()
    (model / "model.safetensors").write_bytes(bytes([number]) * 1_000)
    (model / "manifest.json").write_text("{}")
    learning_curve_png([CurvePoint(number, 200, 0.5)], tmp_path / "learning_curve.png")
    run = log.start(f"round {number}", {"lr": 3e-5, "note": "x" * 9_000}, {"project": "demo"})
    for step in range(0, 300):
        run.metrics(step, {"train/loss": 1 / (step + 1)})
    run.metrics(300, {"f1": 0.5 + number / 10, "f1/Pér (X)": 0.25})
    run.artifact(tmp_path / "learning_curve.png", "figures")
    run.model(model, MODEL, f"v{number:04d}-01234567", alias)
    run.end()
    return run


def client_of(uri):
    from mlflow import MlflowClient

    return MlflowClient(uri, uri)


def runs_of(client):
    experiment = client.get_experiment_by_name(EXPERIMENT)
    return experiment, client.search_runs([experiment.experiment_id], order_by=["attributes.start_time"])


@pytest.mark.slow
def test_everything_that_happened_stands_in_mlflow_once(log, made_uri, tmp_path):
    import mlflow

    uri = made_uri
    write_run(log, tmp_path, 1)
    write_run(log, tmp_path, 2, alias="challenger")
    report = start_mirror(log.directory, uri).wait(300)
    assert report.ok, report.message
    assert report.message == "MLflow got 2 runs"
    assert mirror(log.directory, uri).message == "MLflow has every run already"

    client = client_of(uri)
    check_everything(client, tmp_path)

    # With the cursors lost all is replayed, and nothing changes.
    for cursor in log.directory.glob("*.cursor"):
        cursor.unlink()
    assert mirror(log.directory, uri).ok
    check_everything(client, tmp_path)

    mlflow.set_tracking_uri(uri)
    fetched = Path(
        mlflow.artifacts.download_artifacts(f"models:/{MODEL}@champion", dst_path=str(tmp_path / "x"))
    )
    assert (fetched / "model.safetensors").read_bytes() == b"\x01" * 1_000

    # A run that goes on, and an alias that moves, go on in MLflow.
    again = log.resume(log.runs()[1].id)
    again.alias(MODEL, "v0002-01234567", "champion")
    again.metrics(301, {"f1": 0.9})
    assert mirror(log.directory, uri).ok
    assert str(client.get_model_version_by_alias(MODEL, "champion").version) == "2"
    assert runs_of(client)[1][1].data.metrics["f1"] == 0.9

    # MLflow has the files of the live version only.
    first, second = (
        {each.path for each in client.list_artifacts(run.info.run_id, "model")} for run in runs_of(client)[1]
    )
    assert (first, second) == ({"model/manifest.json"}, {"model/manifest.json", "model/model.safetensors"})
    fetched = Path(
        mlflow.artifacts.download_artifacts(f"models:/{MODEL}@champion", dst_path=str(tmp_path / "y"))
    )
    assert (fetched / "model.safetensors").read_bytes() == b"\x02" * 1_000

    # A run that a user deleted stays deleted.
    client.delete_run(runs_of(client)[1][0].info.run_id)
    log.resume(log.runs()[0].id).metrics(302, {"f1": 0.9})
    assert mirror(log.directory, uri).ok
    assert len(runs_of(client)[1]) == 1


LOADED = """
import json, sys
import mlflow
import pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(f"models:/{sys.argv[2]}@champion")
assert not [name for name in sys.modules if name.startswith("wapaganda")]
answers = [json.loads(each) for each in model.predict(pd.DataFrame({"text": json.load(sys.stdin)}))]
columns = model.metadata.get_input_schema().input_names(), model.metadata.get_output_schema().input_names()
try:
    model.predict(pd.DataFrame({"text": [["a list"]]}))
    refused = ""
except Exception as error:
    refused = str(error)
try:
    mlflow.pyfunc.load_model(f"models:/{sys.argv[2]}/2")
    other = ""
except FileNotFoundError as error:
    other = str(error)
print(json.dumps([answers, columns, model.input_example["text"][0], refused, other]))
"""


@pytest.mark.slow
def test_a_registered_version_is_loaded_without_this_program(log, made_uri, small_encoder, tmp_path):
    """One layer of the small encoder, with letter case; the second version is not live."""
    model = tmp_path / "v0001"
    tagger = uncased_model(small_encoder, model)
    for number, alias in ((1, "champion"), (2, "challenger")):
        run = log.start(f"round {number}")
        run.model(model, MODEL, f"v{number:04d}-01234567", alias)
        run.end()
    report = mirror(log.directory, made_uri)
    assert report.ok, report.message
    texts = ["Anna saw Oslo", "anna saw oslo", "", "👩‍👩‍👧 ACME " * 300]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", LOADED, made_uri, MODEL],
        input=json.dumps(texts),
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answers, columns, example, refused, other = json.loads(done.stdout.splitlines()[-1])
    expected = tagger.predict(texts)
    assert [[(s["start"], s["end"], s["label"]) for s in spans] for spans in answers] == [
        [(span.start, span.end, span.label) for span in spans] for spans in expected
    ]
    assert [s["score"] for spans in answers for s in spans] == pytest.approx(
        [span.score for spans in expected for span in spans], abs=1e-4
    )
    assert sum(map(len, answers)) > 50
    assert all(
        s["text"] == text[s["start"] : s["end"]] for text, a in zip(texts, answers, strict=True) for s in a
    )
    assert (columns, example) == ([["text"], ["spans"]], "Ada Lovelace lived in London.")
    assert refused
    assert "of the live version only" in other
    # Of the version that is not live MLflow has no weights.
    client = client_of(made_uri)
    held = [
        {Path(each.path).name for each in client.list_artifacts(run.info.run_id, "model")}
        for run in runs_of(client)[1]
    ]
    assert all("MLmodel" in names for names in held)
    assert ["model.safetensors" in names for names in held] == [True, False]
    # The other one goes live: the weights move, MLmodel stays.
    log.resume(log.runs()[1].id).alias(MODEL, "v0002-01234567", "champion")
    assert mirror(log.directory, made_uri).ok
    held = [
        {Path(each.path).name for each in client.list_artifacts(run.info.run_id, "model")}
        for run in runs_of(client)[1]
    ]
    assert all("MLmodel" in names for names in held)
    assert ["model.safetensors" in names for names in held] == [False, True]


def uncased_model(encoder: str, out: Path) -> Tagger:
    """A model folder with a head that says something strong and random about every word."""
    schema = LabelSchema(("CITY", "NAME"))
    torch.manual_seed(1)
    loaded = load_encoder(encoder, schema, max_pieces=64, overlap=16)
    loaded.model.bert.encoder.layer = loaded.model.bert.encoder.layer[:1]
    loaded.model.config.num_hidden_layers = 1
    torch.nn.init.normal_(loaded.model.classifier.weight, std=2.0)
    torch.nn.init.normal_(loaded.model.base_model.embeddings.token_type_embeddings.weight, std=0.05)
    loaded.model.save_pretrained(out)
    loaded.tokenizer.save_pretrained(out)
    loaded.folder(schema).write(out)
    make_portable(out)
    return Tagger.load(out, device="cpu")


@pytest.mark.slow
def test_rounds_are_one_curve_with_names_and_data_and_no_zigzag(log, made_uri):
    for number, n_labelled in ((1, 200), (2, 300)):
        run = log.start(f"round-{number:03d}")
        for step in range(1, 31):
            run.training_step(step, {"train_loss": 1 / step, "learning_rate": 0.1})
        if number == 2:
            # MLflow has seen a part of the training that is interrupted now.
            assert mirror(log.directory, made_uri).ok
        for again in (log.resume(run.id), log.resume(run.id)):
            for step in range(1, 11):
                again.training_step(step, {"train_loss": 2 / step, "learning_rate": 0.2})
        run.rename(f"News · round {number}")
        run.curve("ls-1", "News · all rounds", n_labelled, {"f1": number / 10, "f1_CITY": 0.5})
        run.dataset("News", f"a{number}" * 32, {"texts": n_labelled, "types": 2})
        run.end()
    for _ in range(2):
        assert mirror(log.directory, made_uri).ok
        client = client_of(made_uri)
        experiment, runs = runs_of(client)
        assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
        by_name = {run.info.run_name: run for run in runs}
        assert set(by_name) == {
            *("News · round 1", "News · round 2", "News · all rounds", "round-002 (given up)"),
        }
        above = by_name["News · all rounds"]
        points = client.get_metric_history(above.info.run_id, "f1")
        assert [(each.step, each.value) for each in points] == [(200, 0.1), (300, 0.2)]
        assert by_name["round-002 (given up)"].info.status == "KILLED"
        for number, n_labelled in ((1, 200), (2, 300)):
            run = by_name[f"News · round {number}"]
            assert run.data.tags["mlflow.parentRunId"] == above.info.run_id
            losses = client.get_metric_history(run.info.run_id, "train_loss")
            assert [(each.step, each.value) for each in losses] == [(step, 2 / step) for step in range(1, 11)]
            (data,) = run.inputs.dataset_inputs
            assert (data.dataset.name, data.dataset.digest) == ("News", f"a{number}" * 18)
            assert json.loads(data.dataset.profile) == {"texts": n_labelled, "types": 2}
        # Once more without the cursors: nothing changes.
        for cursor in log.directory.glob("*.cursor"):
            cursor.unlink()


@pytest.mark.slow
def test_an_experiment_of_before_gets_its_kind_and_a_chosen_one_keeps_it(log, made_uri):
    client = client_of(made_uri)
    for name, kind in (("old", None), ("guessed", "genai_development_inferred"), ("chosen", "finetuning")):
        made = client.create_experiment(name)
        if kind:
            client.set_experiment_tag(made, "mlflow.experimentKind", kind)
    log.start("round 1").end()
    for name, kind in (("old", TRAININGS), ("guessed", TRAININGS), ("chosen", "finetuning")):
        assert find_experiment(client, name, made_uri)
        assert client.get_experiment_by_name(name).tags["mlflow.experimentKind"] == kind


def check_everything(client, tmp_path):
    experiment, runs = runs_of(client)
    assert experiment.artifact_location == (tmp_path / "store" / "mlruns" / EXPERIMENT).as_uri()
    assert [run.info.run_name for run in runs] == ["round 1", "round 2"]
    for number, run in enumerate(runs, 1):
        assert run.info.status == "FINISHED"
        assert run.data.params["lr"] == "3e-05"
        assert run.data.tags["project"] == "demo"
        assert run.data.metrics["f1"] == 0.5 + number / 10
        assert run.data.metrics["f1/Pér _X_"] == 0.25
        losses = client.get_metric_history(run.info.run_id, "train/loss")
        assert [each.step for each in losses] == list(range(300))
        files = {each.path for each in client.list_artifacts(run.info.run_id, "figures")}
        assert files == {"figures/learning_curve.png"}
        assert len(client.list_artifacts(run.info.run_id, "model")) == (2 if number == 1 else 1)
        assert (tmp_path / "store" / "mlruns" / EXPERIMENT / run.info.run_id).is_dir()
    versions = client.search_model_versions(f"name = '{MODEL}'")
    assert len(versions) == 2
    champion = client.get_model_version_by_alias(MODEL, "champion")
    challenger = client.get_model_version_by_alias(MODEL, "challenger")
    assert champion.tags["selfish.version"] == "v0001-01234567"
    assert challenger.run_id == runs[1].info.run_id


# Kills itself at the n-th call of a method of the MLflow client.
DEADLY = """
import os, signal, sys
from pathlib import Path
import mlflow
true, calls = getattr(mlflow.MlflowClient, sys.argv[3]), iter(range(1, 100))
def deadly(*args, **kwargs):
    if next(calls) == int(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)
    return true(*args, **kwargs)
setattr(mlflow.MlflowClient, sys.argv[3], deadly)
from wapaganda.tracking import mirror
print(mirror(Path(sys.argv[1]), sys.argv[2]))
"""


@pytest.mark.slow
def test_a_dead_server_and_kills_in_the_middle_are_made_good(log, made_uri, tmp_path):
    uri = made_uri
    write_run(log, tmp_path, 1)
    write_run(log, tmp_path, 2, alias="challenger")
    assert not start_mirror(log.directory, f"http://127.0.0.1:{closed_port()}").wait(60).ok
    for method, number in [("log_batch", 2), ("create_model_version", 1), ("set_model_version_tag", 1)]:
        killed = subprocess.run(
            [sys.executable, "-c", DEADLY, str(log.directory), uri, method, str(number)],
            check=False,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(Path(mirror.__code__.co_filename).parents[2])},
        )
        assert killed.returncode == -signal.SIGKILL, (method, killed.stdout, killed.stderr)

    report = mirror(log.directory, uri)
    assert report.ok, report.message
    check_everything(client_of(uri), tmp_path)


def test_a_dead_server_is_reported_soon(log):
    log.start("round 1", {"lr": 1}).end()

    began = time.monotonic()
    handle = start_mirror(log.directory, f"http://me:hush@127.0.0.1:{closed_port()}")
    started_in = time.monotonic() - began
    report = handle.wait(60)

    assert started_in < 5
    assert not report.ok
    assert "does not answer" in report.message
    assert "hush" not in report.message
    assert handle.wait(0) == report
    assert log.runs()[0].status == "FINISHED"


@pytest.mark.slow
def test_a_server_that_never_answers_is_given_up(log):
    log.start("round 1").end()
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        uri = f"http://127.0.0.1:{server.getsockname()[1]}"
        handle = start_mirror(log.directory, uri, timeout=2)
        assert "still works after 0.1 s" in handle.wait(0.1).message
        report = handle.wait(60)

    assert not report.ok
    assert "stopped after 2 s" in report.message


@pytest.mark.slow
def test_an_mlflow_that_there_is_not_is_a_report_and_no_error(log, tmp_path):
    log.start("round 1").end()
    (tmp_path / "store").write_text("a file where a folder should be")

    report = start_mirror(log.directory, f"sqlite:///{tmp_path}/store/mlruns.db").wait(300)
    assert not report.ok
    assert "failed:" in report.message


def test_a_log_folder_that_cannot_be_made_is_a_report_and_no_error(tmp_path):
    (tmp_path / "file").write_text("")

    report = start_mirror(tmp_path / "file" / "runs", "sqlite:///x.db").wait(1)
    assert not report.ok
    assert "Expected to start the mirror" in report.message


def test_nothing_to_mirror_needs_no_mlflow(log):
    log.directory.mkdir(parents=True)

    assert mirror(log.directory, f"http://127.0.0.1:{closed_port()}").ok


@pytest.mark.slow
def test_a_new_database_is_made_once_and_whole_also_after_a_kill(tmp_path, uri):
    logs = [RunLog(tmp_path / f"runs{number}") for number in range(2)]
    for log in logs:
        path = log.start("round 1").path
        # What was mirrored into a database that is lost by now is mirrored again.
        write_cursor(read_cursor(path, uri).at("lost", 1))
    database = Path(uri.removeprefix("sqlite:///"))
    killed = start_mirror(logs[0].directory, uri)
    deadline = time.monotonic() + 120
    while not list(database.parent.glob(".*.partial*")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    killed._process.kill()
    assert "without a report" in killed.wait(60).message
    assert not database.exists()

    reports = [handle.wait(300) for handle in [start_mirror(log.directory, uri) for log in logs]]

    assert [report.message for report in reports] == ["MLflow got 1 run"] * 2
    assert [path.name for path in database.parent.iterdir() if "partial" in path.name] == []
    assert len(runs_of(client_of(uri))[1]) == 2
