"""A fast annotator on a real Label Studio: there is always a next text, and nothing is released twice."""

import pytest

from sample_corpus import sample_corpus
from wapaganda.annotation import default_label_config
from wapaganda.label_studio import LabelStudio
from wapaganda.ledger import Ledger
from wapaganda.model_store import ModelStore
from wapaganda.ner import LabelSchema
from wapaganda.pipeline import LabelStudioSource, Loop, LoopConfig, RoundLog
from wapaganda.pipeline.training import versions
from wapaganda.tracking import RunLog

pytestmark = [pytest.mark.label_studio, pytest.mark.slow]
BATCH = 5


def test_there_is_a_next_text_before_while_and_after_a_killed_training(
    label_studio_server, small_encoder, tmp_path, monkeypatch
):
    corpus = sample_corpus(seed=5, n_train=40, n_pool=40, n_test=1)
    gold = {each.text: each.spans for each in corpus.pool}
    seen: list[int] = []

    def annotate(studio, project):
        task = studio.next_document(project)
        seen.append(int(task.id))
        studio.annotate(project, int(task.id), task.text, gold[task.text])

    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        project = studio.create_project(
            "nobody waits", default_label_config(LabelSchema.of(corpus.train).labels)
        )
        studio.import_documents(project, corpus.train)
        studio.import_documents(project, [each.with_spans(None) for each in corpus.pool])
        loop = Loop(
            LabelStudioSource(studio, project),
            Ledger(tmp_path / "ledger.sqlite"),
            ModelStore(tmp_path / "models"),
            LoopConfig(
                encoder=small_encoder,
                train_steps=60,
                recipe_search=False,
                batch_size=BATCH,
                folds=2,
                promotion_margin=1.0,
                device="cpu",
            ),
            RoundLog(RunLog(tmp_path / "runs"), "nobody-waits"),
            tmp_path,
        )

        def offered(number):
            return [int(each.document_id) for each in loop.ledger.offers(number)]

        first = loop.run_round()
        assert "The next 5 follow" in first.release
        for _ in range(BATCH + 1):  # one more than the batch: the training is late
            annotate(studio, project)
        assert seen == offered(1)[: BATCH + 1]

        # Nobody waits for the folds: they are killed, and the batch of the new model is there.
        open_now = studio.next_document(project)

        def killed(*_):
            assert studio.project(project).model_version == "al-002"
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(versions, "calibrate_folder", killed)
            with pytest.raises(KeyboardInterrupt):
                loop.run_round()
        assert loop.store.current().name == first.version
        held = predicted(studio, project, "al-002")
        assert int(open_now.id) in held  # whoever has it open sees proposals
        studio.annotate(project, int(open_now.id), open_now.text, gold[open_now.text])
        n_before = len(seen)
        annotate(studio, project)
        assert seen[n_before:] == [number for number in offered(2) if number != int(open_now.id)][:1]

        last = loop.run_round()
        assert (last.number, last.batch, last.n_labelled) == (3, "al-003", 40 + BATCH + 3)
        assert last.version == loop.store.current().name != first.version
        assert predicted(studio, project, "al-002") == held
        assert not set(offered(3)) & {*seen, int(open_now.id)}
        annotate(studio, project)
        assert seen[-1] == offered(3)[0]
        stored = {each.text: set(each.spans) for each in loop.ledger.documents(labelled=True)}
        assert len(stored) == last.n_labelled
        assert all(spans == set(gold[text]) for text, spans in stored.items() if text in gold)


def predicted(studio: LabelStudio, project: int, version: str) -> dict[int, int]:
    """How many predictions of the version each task has; each must be one."""
    from wapaganda.label_studio.release import predictions_of

    counts = dict(predictions_of(studio._connection, project, version))
    assert set(counts.values()) == {1}
    return counts
