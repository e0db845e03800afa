"""Whole rounds with a source in memory and everything else real: ledger, store, run log, a tiny encoder."""

import itertools
from dataclasses import dataclass, field

import pytest
from wapaganda.ledger import Ledger
from wapaganda.model_store import ModelStore
from wapaganda.ner import Document, LabelSchema
from wapaganda.pipeline import Changes, Loop, LoopConfig, RoundRecord
from wapaganda.tracking import RunLog

SCHEMA = LabelSchema(("CITY", "NAME"))


@dataclass
class MemorySource:
    """Texts by id; a fetch gives all of them, a release is remembered and may be made to fail."""

    texts: dict[str, Document]
    released: dict[str, list] = field(default_factory=dict)
    outages: int = 0
    name: str = "memory"

    def schema(self):
        return SCHEMA

    def fetch(self, cursor, progress):
        documents = list(self.texts.values())
        unlabelled = [each.id for each in documents if not each.is_labelled]
        return Changes(documents, unlabelled, len(documents), cursor="now")

    def ids(self):
        return frozenset(self.texts)

    def batch_name(self, number):
        return f"al-{number:03d}"

    def release(self, version, batch, progress):
        if self.outages:
            self.outages -= 1
            raise ConnectionError("Label Studio is down")
        self.released[version] = list(batch)
        return f"{len(batch)} texts released"


@pytest.fixture
def source(toy_documents):
    # Texts of the pool are made unlike each other, or most would be near copies.
    fillers = itertools.cycle(("oslo rome", "and saw", "in paris to", "new york in", "saw bob and"))
    pool = [
        Document(f"p{number}", f"{each.text} {next(fillers)} {number * 7919}")
        for number, each in enumerate(toy_documents)
    ]
    return MemorySource({each.id: each for each in [*toy_documents, *pool]})


@pytest.fixture
def loop(source, tmp_path, tiny_encoder):
    config = LoopConfig(
        encoder=tiny_encoder, learning_rate=3e-3, train_steps=15, batch_size=6, threshold=0.0, device="cpu"
    )
    return Loop(
        source,
        Ledger(tmp_path / "ledger.sqlite"),
        ModelStore(tmp_path / "models"),
        config,
        RoundRecord(RunLog(tmp_path / "runs"), "toy"),
        tmp_path,
    )


def test_a_round_trains_judges_and_releases_a_batch_of_unlabelled_texts_in_rank_order(loop, source):
    report = loop.run_round()

    batch = source.released["al-001"]
    assert [item.rank for item in batch] == list(range(6))
    assert {item.document_id for item in batch} <= {each for each in source.texts if each.startswith("p")}
    assert [item.document_id for item in batch] == [each.document_id for each in loop.ledger.offers(1)]
    assert report.version == report.live == loop.store.current().name
    assert report.promoted
    assert (report.n_labelled, report.n_pool, report.n_released) == (32, 32, 6)
    assert report.n_train + report.n_holdout == 32
    assert report.n_holdout > 0
    assert 0 <= report.f1 <= 1
    assert loop.reports() == [report]


def test_the_run_log_holds_the_steps_the_scores_the_curve_and_the_model(loop):
    report = loop.run_round()

    (run,) = loop.record.runs.runs()
    assert run.status == "FINISHED"
    assert run.last_metrics()["holdout_f1"] == report.f1
    assert sum("train_loss" in event.values for event in run.metrics) == 15
    assert {path.name for path in run.artifacts} == {"report.json", "learning_curve.png"}
    assert [(model.version, model.alias) for model in run.models] == [(report.version, "champion")]


def test_a_round_that_could_not_release_goes_on_with_the_same_batch_and_does_not_train_again(loop, source):
    source.outages = 1
    with pytest.raises(ConnectionError):
        loop.run_round()
    chosen = [offer.document_id for offer in loop.ledger.offers(1)]
    assert loop.record.runs.runs()[0].status == "FAILED"

    report = loop.run_round()

    assert report.number == 1
    assert [item.document_id for item in source.released["al-001"]] == chosen
    assert len(loop.store.versions()) == 1
    assert [run.status for run in loop.record.runs.runs()] == ["FINISHED"]


def test_a_round_killed_after_its_training_finds_the_trained_version_again(loop, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("wapaganda.pipeline.round.score_pool", _killed)
        with pytest.raises(KeyboardInterrupt):
            loop.run_round()
    made = loop.store.current().name

    report = loop.run_round()

    assert report.version == made
    assert len(loop.store.versions()) == 1
    assert report.number == 1


def test_labels_made_in_the_meantime_are_trained_on_in_the_next_round(loop, source, toy_documents):
    first = loop.run_round()
    for item in source.released["al-001"]:
        source.texts[item.document_id] = source.texts[item.document_id].with_spans(())

    second = loop.run_round()

    assert second.number == 2
    assert second.n_labelled == first.n_labelled + 6
    assert second.version != first.version
    assert second.previous_f1 is not None
    assert not {item.document_id for item in source.released["al-001"]} & {
        item.document_id for item in source.released["al-002"]
    }


def test_without_new_labels_nothing_is_trained_a_second_time(loop):
    first, second = loop.run_round(), loop.run_round()
    assert second.version == first.version
    assert len(loop.store.versions()) == 1
    assert "Nothing is new" in second.reason


def test_before_the_first_entity_a_random_batch_without_proposals_is_released(loop, source):
    source.texts = {key: each.with_spans(None) for key, each in source.texts.items()}
    report = loop.run_round()
    assert report.version is None
    assert len(source.released["al-001"]) == 6
    assert all(item.spans == () for item in source.released["al-001"])
    assert any("No labelled entity" in note for note in report.notes)


def test_deleted_annotations_leave_the_training_but_not_the_history(loop, source):
    before = loop.run_round()
    gone = next(each for each in source.texts.values() if each.spans)
    source.texts[gone.id] = gone.with_spans(None)

    assert loop.run_round().n_labelled == before.n_labelled - 1
    assert [past.document.spans for past in loop.ledger.history(gone.id)] == [gone.spans]


def test_texts_that_vanished_or_were_skipped_are_not_offered(loop, source):
    pool = [key for key in source.texts if key.startswith("p")]
    for key in pool[:10]:
        del source.texts[key]
    for key in pool[10:20]:
        source.texts[key] = Document(key, source.texts[key].text, None, {"skipped": True})
    report = loop.run_round()
    assert report.n_pool == 12
    assert {item.document_id for item in source.released["al-001"]} <= set(pool[20:])


def test_an_empty_pool_is_said_and_releases_nothing(loop, source):
    source.texts = {key: each for key, each in source.texts.items() if each.is_labelled}
    report = loop.run_round()
    assert source.released == {}
    assert report.n_released == 0
    assert "Nothing was released" in report.release


def _killed(*_):
    raise KeyboardInterrupt
