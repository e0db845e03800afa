"""The whole loop, nothing faked: real Label Studio, real MLflow, a real pretrained encoder."""

import json
from pathlib import Path

import pytest

from label_studio_server import LabelStudioServer
from sample_corpus import sample_corpus
from wapaganda.annotation import default_label_config
from wapaganda.label_studio import LabelStudio
from wapaganda.ledger import Ledger
from wapaganda.model_store import ModelStore
from wapaganda.ner import LabelSchema
from wapaganda.pipeline import LabelStudioSource, Loop, LoopConfig, RoundLog
from wapaganda.tracking import RunLog, start_mirror

pytestmark = [pytest.mark.label_studio, pytest.mark.slow]
BATCH = 12


@pytest.fixture
def corpus():
    return sample_corpus(seed=7, n_train=60, n_pool=80, n_test=1)


def test_two_rounds_from_labels_to_a_better_model_in_label_studio_and_mlflow(
    label_studio_server: LabelStudioServer, small_encoder, corpus, tmp_path
):
    gold = {document.text: document.spans for document in corpus.pool}
    schema = LabelSchema.of(corpus.train)
    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        project = studio.create_project("whole loop", default_label_config(schema.labels))
        studio.import_documents(project, corpus.train)
        studio.import_documents(project, [each.with_spans(None) for each in corpus.pool])
        loop = Loop(
            LabelStudioSource(studio, project),
            Ledger(tmp_path / "ledger.sqlite"),
            ModelStore(tmp_path / "models"),
            LoopConfig(encoder=small_encoder, train_steps=60, batch_size=BATCH, folds=0, device="cpu"),
            RoundLog(RunLog(tmp_path / "runs"), "whole-loop"),
            tmp_path,
        )

        first = loop.run_round()
        served = label_everything_offered(studio, project, gold, BATCH)
        second = loop.run_round()

        # The annotator got exactly the batch, in its order, and the model was trained on every answer.
        assert served == [int(offer.document_id) for offer in loop.ledger.offers(1)[:BATCH]]
        assert (first.n_labelled, second.n_labelled) == (60, 60 + BATCH)
        assert studio.project(project).model_version == "al-002"
        assert loop.source.batch_name(1) == "al-003"  # for a new ledger
        assert first.scores.f1 > 0.2
        assert second.scores.previous_f1 == pytest.approx(first.scores.f1, abs=0.5)
        assert loop.store.current().name == (second.version if second.training.promoted else first.version)
        for document in loop.ledger.documents(labelled=True):
            if document.text in gold:
                assert set(document.spans) == set(gold[document.text])

    assert_mlflow_has(tmp_path, rounds=2)


def label_everything_offered(studio: LabelStudio, project: int, gold: dict, n: int) -> list[int]:
    served = []
    for _ in range(n):
        task = studio.next_document(project)
        served.append(int(task.id))
        studio.annotate(project, int(task.id), task.text, gold[task.text], seconds=3.0)
    return served


def assert_mlflow_has(folder, rounds: int) -> None:
    uri = f"sqlite:///{folder / 'mlruns.db'}"
    report = start_mirror(folder / "runs", uri).wait(240)
    assert report.ok, report.message

    from mlflow import MlflowClient

    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("ner_active_learning")
    runs = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time"])
    (above,) = [run for run in runs if run.info.run_name.endswith(" · all rounds")]
    assert len(client.get_metric_history(above.info.run_id, "holdout_f1")) == rounds
    runs = [run for run in runs if run is not above]
    for number, run in enumerate(runs, 1):
        assert f" · round {number} · " in run.info.run_name
        assert run.data.tags["mlflow.parentRunId"] == above.info.run_id
    assert len(runs) == rounds
    assert all(run.info.status == "FINISHED" for run in runs)
    last = runs[-1]
    assert {"holdout_f1", "train_loss", "labelled"} <= last.data.metrics.keys()
    assert len(client.get_metric_history(last.info.run_id, "train_loss")) == 60
    files = {item.path for item in client.list_artifacts(last.info.run_id)}
    assert {"learning_curve.png", "report.json"} <= files
    summary = client.download_artifacts(last.info.run_id, "report.json", str(folder))
    assert json.loads(Path(summary).read_text("utf-8"))["number"] == rounds
    champion = client.get_model_version_by_alias("whole-loop", "champion")
    assert champion.run_id in {run.info.run_id for run in runs}
