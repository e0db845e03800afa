"""Excerpts on the real Label Studio: offered as tasks of their own, answered, fetched and learnt."""

from dataclasses import replace

import pytest

from wapaganda.annotation import default_label_config
from wapaganda.label_studio import LabelStudio, release
from wapaganda.ledger import Ledger
from wapaganda.model_store import ModelStore
from wapaganda.ner import Document, Span, is_excerpt, place_of, whole_text
from wapaganda.pipeline import LabelStudioSource, Loop, LoopConfig, RoundRecord
from wapaganda.tracking import RunLog

pytestmark = pytest.mark.label_studio


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.fixture
def studio(label_studio_server):
    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        yield studio


@pytest.fixture
def loop(studio, tmp_path, tiny_encoder, toy_documents):
    config = default_label_config(["CITY", "NAME"]).replace(
        "</View>", '<Header value="$source"/></View>'
    )  # a field that every task must have
    project = studio.create_project("excerpts", config)
    pool = [
        Document(f"p{number}", f"{each.text} and saw {number * 7919} in oslo")
        for number, each in enumerate(toy_documents)
    ]
    studio.import_documents(
        project, [replace(each, meta={"source": "x"}) for each in [*toy_documents, *pool]]
    )
    return Loop(
        LabelStudioSource(studio, project),
        Ledger(tmp_path / "ledger.sqlite"),
        ModelStore(tmp_path / "models"),
        LoopConfig(
            tiny_encoder,
            learning_rate=3e-3,
            train_steps=15,
            threshold=0.0,
            batch_size=4,
            strategy="uncertainty",
            folds=0,
            excerpt_words=3,
            device="cpu",
        ),
        RoundRecord(RunLog(tmp_path / "runs"), "toy"),
        tmp_path,
    )


def test_excerpts_go_to_annotators_in_their_order_once_and_come_back_as_what_they_are(
    loop, studio, monkeypatch
):
    project = loop.source.project_id
    n_texts = studio.project(project).n_tasks
    with monkeypatch.context() as patched:

        def killed(*_):
            raise KilledError

        patched.setattr(release, "_send_all", killed)
        with pytest.raises(KilledError):
            loop.run_round()
    assert studio.project(project).n_tasks == n_texts + 4  # the tasks are made, nothing is served yet

    report = loop.run_round()
    assert (report.number, report.n_released) == (1, 4)
    assert studio.project(project).n_tasks == n_texts + 4

    parts = loop.ledger.round(1).payload["parts"]
    served = []
    for _ in parts:
        document = studio.next_document(project)
        assert is_excerpt(document)
        served.append((document.meta["excerpt_of"], [*place_of(document)]))
        assert document.meta["source"] == "x"
        assert whole_text(document) == loop.ledger.find([document.meta["excerpt_of"]])[0].text
        spans = [Span(0, len(document.text.split()[0]), "NAME")]
        studio.annotate(project, int(document.id), document.text, spans)
    assert served == list(parts.items())

    second = loop.run_round()
    assert second.n_labelled == report.n_labelled + 4
    learnt = [each for each in loop.ledger.documents(labelled=True) if is_excerpt(each)]
    assert [(each.meta["excerpt_of"], [*place_of(each)]) for each in learnt] == served
    assert all(each.spans[0].label == "NAME" for each in learnt)
    wholes = loop.ledger.find([name for name, _ in served])
    assert len(wholes) == 4
    assert not any(each.is_labelled for each in wholes)
    for name, (start, end) in loop.ledger.round(2).payload["parts"].items():
        if name in parts:
            assert end <= parts[name][0] or parts[name][1] <= start
    assert studio.project(project).n_tasks == n_texts + 4 + len(loop.ledger.round(2).payload["parts"])
