"""Whole rounds with a source in memory and everything else real: ledger, store, run log, a tiny encoder."""

import itertools
import json
import shutil
from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from filelock import FileLock, Timeout

from wapaganda.annotation_cost import CORRECTING, proposal_floor, worth_showing
from wapaganda.calibration import ConfidenceMap
from wapaganda.dataset import AUDIT
from wapaganda.file_state import Correction, correcting_seconds
from wapaganda.label_errors import read_issues
from wapaganda.ledger import Ledger
from wapaganda.model_store import ModelStore, ModelStoreError
from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.pipeline import (
    BatchNameTakenError,
    Changes,
    Earlier,
    Loop,
    LoopConfig,
    PoolScores,
    ProjectTakenError,
    PromotionDecision,
    ProposalsPart,
    RoundLog,
    RoundReport,
    TrainingTexts,
    is_waiting,
    present_file,
    read_proposals,
    remembered_prices,
    score_pool,
    split_holdout,
    train_version,
    training_job,
)
from wapaganda.pipeline.round import assessment
from wapaganda.pipeline.round import loop as loop_module
from wapaganda.pipeline.round.assessment import agreement_with
from wapaganda.pipeline.round.state import RoundState, save_draft
from wapaganda.pipeline.training import versions
from wapaganda.pipeline.training.holdout import MINIMUM_LABELLED
from wapaganda.pipeline.training.manifests import calibration_of, is_unjudged
from wapaganda.progress import silent
from wapaganda.source import SourceFiles
from wapaganda.tagger import ModelFolder, Tagger
from wapaganda.tracking import RunLog
from wapaganda.trainer import Callbacks, cross_fitting

pytestmark = pytest.mark.real

SCHEMA = LabelSchema(("CITY", "NAME"))


@dataclass
class MemorySource:
    """Texts by id; a fetch gives all of them, a release is remembered and may be made to fail."""

    texts: dict[str, Document]
    released: dict[str, list] = field(default_factory=dict)
    outages: int = 0
    name: str = "memory"
    labels: tuple[str, ...] = SCHEMA.labels
    first_name: int = 1
    taken: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    fetches: list[str | None] = field(default_factory=list)
    earlier: dict[str, Earlier] = field(default_factory=dict)
    shows_one_batch: bool = True

    def schema(self):
        return LabelSchema(self.labels)

    def fetch(self, cursor, progress):
        self.fetches.append(cursor)
        documents = [each for each in self.texts.values() if each.id not in self.unreadable]
        unlabelled = [each.id for each in documents if not each.is_labelled]
        return Changes(documents, unlabelled, len(self.texts), cursor="now")

    def ids(self):
        return frozenset(self.texts)

    def batch_name(self, number, kind="al"):
        while f"{kind}-{max(number, self.first_name):03d}" in self.taken:
            number += 1
        return f"{kind}-{max(number, self.first_name):03d}"

    def release(self, version, batch, progress, earlier):
        if self.outages:
            self.outages -= 1
            raise ConnectionError("Label Studio is down")
        if version in self.taken:
            raise BatchNameTakenError(version)
        self.released[version] = list(batch)
        self.earlier[version] = earlier
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
def loop(source, tmp_path, tiny_encoder, monkeypatch):
    monkeypatch.setattr(versions, "processes_for", lambda *_: 1)  # spies see this process only
    config = LoopConfig(
        encoder=tiny_encoder,
        learning_rate=3e-3,
        train_steps=15,
        batch_size=6,
        threshold=0.0,
        folds=0,
        device="cpu",
    )
    return Loop(
        source,
        Ledger(tmp_path / "ledger.sqlite"),
        ModelStore(tmp_path / "models"),
        config,
        RoundLog(RunLog(tmp_path / "runs"), "toy"),
        tmp_path,
    )


def test_a_round_trains_evaluates_and_releases_a_batch_of_unlabelled_texts_in_rank_order(loop, source):
    report = loop.run_round()

    batch = source.released["al-001"]
    assert [item.meta["rank"] for item in batch] == list(range(6))
    assert {item.id for item in batch} <= {each for each in source.texts if each.startswith("p")}
    assert [item.id for item in batch] == [each.document_id for each in loop.ledger.offers(1)[:6]]
    assert report.version == report.live == loop.store.current().name
    assert report.training.promoted
    assert (report.n_labelled, report.selection.n_pool, report.n_released) == (32, 32, 6)
    assert report.training.n_train + report.training.n_holdout == 32
    assert report.training.n_holdout > 0
    assert 0 <= report.scores.f1 <= 1
    assert loop.reports() == [report]


def test_a_version_of_0_2_that_holds_the_models_of_its_folds_is_used_and_pruned_with_them(loop, tmp_path):
    report = loop.run_round()
    first = loop.store.version(report.version)
    folder = tmp_path / "old"
    shutil.copytree(first.path, folder)
    for fold in ("0", "1"):
        shutil.copytree(first.path, folder / "committee" / fold)
    recipe = {**first.manifest.recipe, "folds": 2, "committee": True}
    old = loop.store.publish(folder, replace(first.manifest, recipe=recipe))
    loop.store.promote(old.name)
    assert loop.store.read_live() == old

    loop.config = replace(loop.config, seed=5)
    second = loop.run_round()
    assert loop.store.version(second.version).manifest.parent == old.name
    assert second.scores.previous_f1 == report.scores.f1
    assert not any("damaged" in each for each in second.messages)
    for name in (first.name, second.version):
        loop.store.promote(name)
    assert loop.store.prune(1) == (old.name,)
    assert not old.path.exists()
    assert list((loop.store.root / "scratch").iterdir()) == []


def test_the_run_log_holds_the_steps_the_scores_the_curve_and_the_model(loop):
    report = loop.run_round()

    (run,) = loop.record.runs.runs()
    assert run.status == "FINISHED"
    assert run.last_metrics()["holdout_f1"] == report.scores.f1
    assert run.name == f"toy · round 1 · {report.n_labelled} labelled"
    log = (loop.record.runs.directory / f"{run.id}.jsonl").read_text()
    events = [json.loads(line) for line in log.splitlines()]
    (curve,) = [each for each in events if each["event"] == "curve"]
    assert (curve["project"], curve["name"], curve["step"]) == ("toy", "toy · all rounds", report.n_labelled)
    assert curve["values"]["holdout_f1"] == report.scores.f1
    (data,) = [each for each in events if each["event"] == "dataset"]
    manifest = loop.store.version(report.version).manifest
    assert (data["digest"], data["counts"]) == (
        manifest.data_fingerprint,
        {"texts": manifest.n_documents, "types": len(manifest.labels)},
    )
    assert sum("train_loss" in event.values for event in run.metrics) == 15
    assert {path.name for path in run.artifacts} == {"report.json", "learning_curve.png"}
    assert [(model.version, model.alias) for model in run.models] == [(report.version, "champion")]


def test_a_round_that_could_not_release_goes_on_with_the_same_batch_and_does_not_train_again(loop, source):
    source.outages = 1
    with pytest.raises(ConnectionError):
        loop.run_round()
    chosen = [offer.document_id for offer in loop.ledger.offers(1)[:6]]
    assert loop.record.runs.runs()[0].status == "FAILED"

    report = loop.run_round()

    assert report.number == 1
    assert [item.id for item in source.released["al-001"]] == chosen
    assert len(loop.store.versions()) == 1
    assert [run.status for run in loop.record.runs.runs()] == ["FINISHED"]


def test_a_round_killed_after_its_training_finds_the_trained_version_again(loop, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("wapaganda.pipeline.round.loop.score_pool", _killed)
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
        source.texts[item.id] = source.texts[item.id].with_spans(())

    second = loop.run_round()

    assert second.number == 2
    assert second.n_labelled == first.n_labelled + 6
    assert second.version != first.version
    assert second.scores.previous_f1 is not None
    assert not {item.id for item in source.released["al-001"]} & {
        item.id for item in source.released["al-002"]
    }


def test_without_new_labels_nothing_is_trained_a_second_time(loop):
    first, second = loop.run_round(), loop.run_round()
    assert second.version == first.version
    assert len(loop.store.versions()) == 1
    assert "Nothing is new" in second.training.reason


def test_before_the_first_entity_a_random_batch_without_proposals_is_released(loop, source):
    source.texts = {key: each.with_spans(None) for key, each in source.texts.items()}
    report = loop.run_round()
    assert report.version is None
    assert len(source.released["al-001"]) == 6
    assert all(item.spans == () for item in source.released["al-001"])
    assert any("No labelled entity" in note for note in report.messages)


def test_a_warm_start_begins_with_the_live_model_and_takes_half_the_steps(loop, source):
    loop.config = replace(loop.config, warm_start=True, train_steps=None)
    first = loop.run_round()
    cold = loop.store.current().manifest.recipe["steps"]
    assert loop.run_round().version == first.version  # nothing is new

    source.texts["p0"] = replace(source.texts["p0"], spans=())
    second = loop.run_round()

    warm = loop.store.versions()[-1].manifest
    assert (second.version == first.version, warm.recipe["steps"]) == (False, cold // 2)
    assert f"The training started from {first.version} because of WARM_START." in second.messages
    losses = [
        next(event.values["train_loss"] for event in run.metrics if "train_loss" in event.values)
        for run in loop.record.runs.runs()
        if any("train_loss" in event.values for event in run.metrics)
    ]
    assert losses[1] < losses[0]


def test_the_training_job_follows_the_configuration(toy_documents):
    texts = TrainingTexts(toy_documents[:20], toy_documents[20:22], unlabelled=["new", toy_documents[0].text])
    config = LoopConfig("encoder", learning_rate=0.1, train_steps=7, seed=5, device="cpu")
    job = training_job(texts, SCHEMA, config)
    assert (job.documents, job.encoder, job.device, job.soft) == (texts.train, "encoder", "cpu", ())
    assert (job.recipe.learning_rate, job.recipe.steps, job.recipe.seed) == (0.1, 7, 5)
    assert training_job(texts, SCHEMA, replace(config, train_steps=None)).recipe.steps > 7


def test_a_model_of_other_labels_is_no_warm_start(loop, source):
    loop.config = replace(loop.config, warm_start=True)
    loop.run_round()
    source.labels = (*SCHEMA.labels, "THING")

    assert not any("WARM_START" in note for note in loop.run_round().messages)


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
    assert report.selection.n_pool == 12
    assert {item.id for item in source.released["al-001"]} <= set(pool[20:])


def test_texts_with_a_copied_prediction_stay_in_the_pool_and_are_not_offered(loop, source):
    copied = {"_read": {"found": [{"kind": "machine-answer", "count": 1}]}}
    pool = [each for each in source.texts.values() if not each.is_labelled]
    for each in pool[:-2]:
        source.texts[each.id] = replace(each, meta=copied)
    report = loop.run_round()
    assert {each.id for each in source.released["al-001"]} <= {each.id for each in pool[-2:]}
    assert report.selection.n_pool == len(pool)
    (note,) = [each for each in report.messages if "not offered" in each]
    assert note.startswith(f"{len(pool) - 2} unlabelled texts are not offered")


def test_an_empty_pool_is_said_and_releases_nothing(loop, source):
    source.texts = {key: each for key, each in source.texts.items() if each.is_labelled}
    report = loop.run_round()
    assert source.released == {}
    assert report.n_released == 0
    assert "Nothing was released" in report.release


def test_a_project_changes_to_the_review_of_labels_and_stays_there(loop, source, monkeypatch):
    reports, gains = [], (0.02, 0.001, 0.001, 0.02, 0.02)

    def predicted(*arguments, **options):
        return replace(forecast(*arguments, **options), gain=gains[len(reports)])

    forecast = assessment.forecast
    monkeypatch.setattr(assessment, "forecast", predicted)
    monkeypatch.setattr(loop_module, "forecast", predicted)
    for _ in gains:
        reports.append(loop.run_round())
        for item in source.released[reports[-1].batch]:
            source.texts[item.id] = source.texts[item.id].with_spans(())

    assert [each.batch for each in reports] == ["al-001", "al-002", "review-003", "review-004", "review-005"]
    assert [each.file.purpose for each in reports] == ["model", "model", "dataset", "dataset", "dataset"]
    said = [any("PURPOSE=model goes back" in note for note in each.messages) for each in reports]
    assert said == [False, False, True, False, False]
    assert {offer.reason for offer in loop.ledger.offers(3)} == {"review"}
    assert {offer.document_id for offer in loop.ledger.offers(3)} <= loop._actively_selected_ids()
    assert reports[2].assessment.advice.startswith(("Go on: the file", "Consider stopping: the file"))
    run = next(each for each in loop.record.runs.runs() if each.tags.get("purpose") == "dataset")
    assert run.last_metrics()["file_f1"] == reports[2].file.file_f1

    loop.config = replace(loop.config, purpose="model")
    monkeypatch.undo()
    assert loop.run_round().batch == "al-006"


def test_a_review_orders_texts_and_spans_by_doubt_and_the_report_has_the_file(loop, source):
    loop.config = replace(loop.config, purpose="dataset", batch_size=10)
    report = loop.run_round()
    (batch,) = source.released.values()
    assert report.batch == "review-001"
    for item in batch:
        scores = [span.score for span in item.spans]
        assert scores == sorted(scores)
    live = loop.store.current()
    (path,) = (loop.directory / "rounds" / "001").glob(f"scores-*-{live.name}.npz")
    expectation = Correction.of(None)(PoolScores.load(path).expectation)
    value = expectation.errors / correcting_seconds(expectation)
    best = [PoolScores.load(path).ids[row] for row in np.argsort(-value, kind="stable")[:10]]
    assert [item.id for item in batch] == best
    file = report.file
    assert file.people_share == 0.5
    assert file.file_interval[0] <= file.file_f1 <= file.file_interval[1]
    assert file.hours_spent > 0
    assert present_file(loop.ledger, loop.store, loop.directory, "dataset", 0.95) == file

    # Between two rounds it follows the labels and leaves out texts that nobody has read or that were skipped.
    source.texts[batch[0].id] = replace(source.texts[batch[0].id], spans=())
    source.texts[batch[1].id] = Document(batch[1].id, batch[1].text, None, {"skipped": True})
    source.texts["new"] = Document("new", "a text of today")
    loop.fetch()
    now = present_file(loop.ledger, loop.store, loop.directory, "dataset", 0.95)
    assert now.people_share == pytest.approx(33 / 63)
    assert now.texts_unscored == 1
    assert loop.run_round().batch == "review-002"
    assert batch[1].id not in {item.id for item in source.released["review-002"]}


def test_a_review_that_could_not_be_released_keeps_its_kind_under_another_name(loop, source):
    loop.config = replace(loop.config, purpose="dataset")
    source.outages = 1
    with pytest.raises(ConnectionError):
        loop.run_round()
    source.taken = {"review-001"}
    assert loop.run_round().batch == "review-002"
    assert list(source.released) == ["review-002"]


def test_a_batch_is_released_under_the_name_that_the_source_gave(loop, source):
    source.first_name = 7
    assert loop.run_round().batch == "al-007"
    assert list(source.released) == ["al-007"]


def test_a_name_that_another_program_took_in_the_meantime_is_given_up(loop, source):
    source.outages = 1
    with pytest.raises(ConnectionError):
        loop.run_round()
    source.taken = {"al-001"}
    assert loop.run_round().batch == "al-002"
    assert list(source.released) == ["al-002"]


def test_a_round_whose_run_log_was_deleted_gets_a_new_one(loop, source, tmp_path):
    source.outages = 1
    with pytest.raises(ConnectionError):
        loop.run_round()
    for path in (tmp_path / "runs").glob("*.jsonl"):
        path.unlink()
    loop.run_round()
    assert [run.status for run in loop.record.runs.runs()] == ["FINISHED"]


def test_proposals_with_labels_that_the_project_no_longer_has_are_left_out(loop, source):
    source.outages = 1
    with pytest.raises(ConnectionError):
        loop.run_round()
    source.labels = ("NAME",)
    loop.run_round()
    proposed = [span.label for item in source.released["al-001"] for span in item.spans]
    assert set(proposed) == {"NAME"}


def test_doubtful_spans_are_hidden_counted_by_type_and_not_among_the_stored_proposals(loop, source):
    loop.config = replace(loop.config, proposal_floor=0.0)
    source.outages = 1
    with pytest.raises(ConnectionError):
        loop.run_round()
    found = loop._proposed(1, loop.ledger.find([each.document_id for each in loop.ledger.offers(1)[:6]]))
    scores = sorted(span.score for spans in found.values() for span in spans)
    floor = scores[len(scores) // 2]
    assert scores[0] < floor
    draft = RoundState.of(loop.ledger.round(1)).draft
    save_draft(loop.ledger, replace(draft, proposals=ProposalsPart(floor)))

    report = loop.run_round()

    shown = {item.id: item.spans for item in source.released["al-001"]}
    assert shown == {key: tuple(s for s in spans if s.score >= floor) for key, spans in found.items()}
    follow = {item.id: item.spans for item in source.earlier["al-001"].documents}
    assert read_proposals(loop.directory / "rounds") == shown | follow
    hidden = Counter(span.label for spans in found.values() for span in spans if span.score < floor)
    assert report.proposals.spans_hidden == dict(hidden)
    assert report.proposals.spans_shown == dict(Counter(s.label for spans in shown.values() for s in spans))
    assert f"{hidden.total()} of {len(scores)} proposed spans are hidden" in report.proposals.describe()
    assert RoundReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report
    (run,) = loop.record.runs.runs()
    assert run.last_metrics()["spans_hidden"] == hidden.total()


def test_the_floor_of_a_round_follows_the_prices_unless_it_is_set(loop):
    assert loop.run_round().proposals.proposal_floor == proposal_floor(CORRECTING)
    assert remembered_prices(loop.ledger) == CORRECTING
    loop.config = replace(loop.config, proposal_floor=0.0)
    report = loop.run_round()
    assert (report.proposals.proposal_floor, report.proposals.spans_hidden) == (0.0, {})


def test_labels_made_while_a_batch_waited_for_its_release_are_trained_on_at_once(loop, source):
    source.outages = 1
    with pytest.raises(ConnectionError):
        loop.run_round()
    for key in [key for key in source.texts if key.startswith("p")][:10]:
        source.texts[key] = source.texts[key].with_spans(())

    report = loop.run_round()

    assert (report.number, report.n_labelled) == (2, 42)
    assert list(source.released) == ["al-001", "al-002"]
    assert [each.number for each in loop.reports()] == [1, 2]


def test_an_interrupted_batch_of_which_all_was_skipped_is_over(loop, source):
    source.outages = 1
    with pytest.raises(ConnectionError):
        loop.run_round()
    for offer in loop.ledger.offers(1):
        text = source.texts[offer.document_id].text
        source.texts[offer.document_id] = Document(offer.document_id, text, None, {"skipped": True})

    report = loop.run_round()

    assert "Nothing was released" in report.release
    assert report.n_released == 0
    assert source.released == {}


def test_a_text_that_vanished_is_noticed_beside_one_that_cannot_be_read(loop, source):
    source.unreadable = {"p0"}
    loop.fetch()
    del source.texts["p1"]
    loop.fetch()
    assert not loop.ledger.find(["p1"])


def test_two_programs_do_not_fetch_into_one_ledger_at_a_time(loop, source, tmp_path):
    whole = source.fetch

    def fetch(cursor, progress):
        with pytest.raises(Timeout), FileLock(tmp_path / "fetch.lock", timeout=0):
            pass
        return whole(cursor, progress)

    source.fetch = fetch
    loop.fetch()
    FileLock(tmp_path / "fetch.lock", timeout=0).acquire().lock.release()
    assert source.fetches == [None]


def test_texts_that_slipped_through_are_fetched_and_unreadable_ones_do_not_cost_more_each_time(loop, source):
    whole = source.fetch
    loop.fetch()
    source.texts["late"] = Document("late", "one that came late")
    source.fetch = lambda cursor, progress: (
        whole(cursor, progress) if cursor is None else Changes([], total=len(source.texts), cursor="now")
    )
    loop.fetch()
    assert loop.ledger.find(["late"])

    source.fetches.clear()
    source.texts["broken"] = Document("broken", "cannot be read")
    source.unreadable = {"broken"}
    loop.fetch()
    loop.fetch()
    assert source.fetches == [None]


def test_the_live_model_is_evaluated_only_on_labels_that_it_was_not_trained_on(loop, toy_documents, tmp_path):
    def trained(documents, held):
        return train_version(
            TrainingTexts(documents, held),
            SCHEMA,
            loop.config,
            loop.store,
            tmp_path / "scratch",
            Callbacks(loop.progress),
        )

    texts = list({each.text: each for each in toy_documents}.values())
    trained(texts[:8], [])
    second = trained(texts[8:], texts[4:8] + texts[:4])
    assert second.scores.n_documents == 8
    assert second.previous_scores is None
    assert second.decision.promote
    third = trained(texts[8:12], texts[:2] + texts[8:10])
    assert (third.scores.n_documents, third.previous_scores.n_documents) == (4, 2)


def test_a_text_that_was_ever_chosen_actively_is_never_held_out(loop, source):
    held = [key for key, each in source.texts.items() if each.is_labelled and _is_held_out(each)]
    for drawn in ("uncertain", "random"):
        loop.ledger.record_offers(loop.ledger.start_round().number, [(key, 1, 0.5, drawn) for key in held])
    loop.ledger.save_step(1, "done", report={})
    loop.fetch()
    chosen = loop._actively_selected_ids()
    assert chosen == set(held) != set()
    labelled = list(loop.ledger.documents(labelled=True))
    train, holdout = split_holdout(labelled, loop.config.held_out, lambda name: name not in chosen)
    assert len(train) == 32
    assert holdout == []


def test_a_trained_model_lies_in_the_store_alone(loop, tmp_path):
    loop.run_round()
    assert not list((tmp_path / "rounds").rglob("*.safetensors"))


def test_a_round_killed_while_it_is_written_up_is_written_up_again(loop, source, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("wapaganda.pipeline.round.record.learning_curve_png", _killed)
        with pytest.raises(KeyboardInterrupt):
            loop.run_round()
    assert loop.record.runs.runs()[0].status == "FAILED"

    report = loop.run_round()

    assert loop.reports() == [report]
    assert list(source.released) == ["al-001"]
    (run,) = loop.record.runs.runs()
    assert run.status == "FINISHED"
    assert [model.version for model in run.models] == [report.version]


def test_a_round_that_cannot_be_written_up_is_done_and_says_so(loop, monkeypatch):
    monkeypatch.setattr("wapaganda.pipeline.round.record.learning_curve_png", _broken)
    report = loop.run_round()
    assert "is incomplete: An unexpected error ended the work: ValueError." in report.messages[-1]
    assert loop.reports() == [report]
    assert loop.record.runs.runs()[0].status == "FAILED"
    assert loop.run_round().number == 2


def _is_held_out(document):
    return document in split_holdout([document] * MINIMUM_LABELLED, 0.2, lambda _: True)[1]


def _killed(*_):
    raise KeyboardInterrupt


def _broken(*_):
    raise ValueError("no picture")


def test_a_training_that_learned_nothing_never_replaces_a_model(loop, source):
    first = loop.run_round()
    for item in source.released["al-001"]:
        source.texts[item.id] = source.texts[item.id].with_spans(())
    loop.config = replace(loop.config, train_steps=1, promotion_margin=1.0)

    second = loop.run_round()

    assert second.version != first.version
    assert second.live == first.version
    assert "learned nothing" in second.training.reason


def test_a_cross_fitted_round_reports_what_it_found_and_calibrates_the_model(loop, source):
    loop.config = replace(loop.config, folds=2)
    steps = []
    loop.progress = lambda *step: steps.append(step)

    report = loop.run_round()

    version = loop.store.version(report.version)
    folder, kept = ModelFolder.read(version.path), calibration_of(version.manifest)
    assert folder.temperature == report.calibration.temperature != 1.0
    assert folder.confidence == kept.confidence != ConfidenceMap()
    assert (report.calibration.cross_validated_f1, report.calibration.cross_validated_interval) == (
        kept.f1,
        kept.f1_interval,
    )
    assert report.calibration.ece == kept.ece_after
    assert kept.n_texts == report.training.n_train
    assert isinstance(read_issues(version.path / "review.json"), list)
    assert ("calibrate", 30, 30) in steps
    figures = loop.record.runs.runs()[0].last_metrics()
    assert figures["cross_validated_f1"] == report.calibration.cross_validated_f1
    assert figures["estimated_pool_f1"] == report.assessment.estimated_f1
    assert figures["temperature"] == report.calibration.temperature
    assert sum("train_loss" in event.values for event in loop.record.runs.runs()[0].metrics) == 15

    again = loop.run_round()
    assert again.version == report.version  # found again, with all that was measured when it was made
    assert again.calibration.temperature == report.calibration.temperature
    assert loop.reports() == [report, again]


def test_texts_that_an_earlier_version_made_by_excerpt_words_are_ordinary_ones(loop, source):
    context = {"before": "anna ", "after": " in oslo", "excerpt_of": "p1"}
    source.texts["t1"] = Document("t1", "went with bob", (Span(10, 13, "NAME"),), context)
    source.texts["t2"] = Document("t2", "saw carla 7919", None, context)
    loop.config = replace(loop.config, folds=2, batch_size=50)
    source.outages = 1
    with pytest.raises(ConnectionError):
        loop.run_round()
    loop.ledger.save_step(1, "selected", parts={"p1": [5, 18]})  # as 0.1 wrote it for a chosen text
    report = loop.run_round()
    assert (report.n_labelled, report.training.n_train, report.selection.n_pool) == (33, 33, 33)
    released = {item.id: item.text for item in source.released["al-001"]}
    assert released["t2"] == "saw carla 7919"
    assert released["p1"] == source.texts["p1"].text
    (kept,) = loop.ledger.find(["t1"])
    assert (kept.text, kept.spans, kept.meta["excerpt_of"]) == (
        "went with bob",
        (Span(10, 13, "NAME"),),
        "p1",
    )


def test_with_cross_fitting_nothing_is_held_out_and_the_models_are_compared_out_of_fold(loop, source):
    loop.config = replace(loop.config, folds=2, promotion_margin=0.0)
    first = loop.run_round()
    assert (first.training.n_train, first.training.n_holdout, first.scores.previous_f1) == (32, 0, None)
    assert first.scores.f1 == first.calibration.cross_validated_f1  # nothing was chosen actively so far

    for item in source.released["al-001"]:
        spans = source.texts[item.id.removeprefix("p")].spans
        source.texts[item.id] = source.texts[item.id].with_spans(spans)
    second = loop.run_round()
    at_random = [offer for offer in loop.ledger.offers(1) if offer.reason == "random"]
    assert (second.training.n_train, second.training.n_holdout) == (38, 0)
    # What the first one was evaluated on are the texts of both.
    assert second.scores.previous_f1 == first.scores.f1
    assert len(at_random) < 6
    assert "on the same out-of-fold labels" in second.training.reason
    assert "out_of_fold_f1" in loop.record.runs.runs()[0].last_metrics()


def test_a_model_that_is_worse_out_of_fold_stays_a_candidate(loop, source, tmp_path):
    loop.config = replace(loop.config, folds=2, train_steps=60)
    good = loop.run_round()
    documents = list(loop.ledger.documents(labelled=True))
    loop.config = replace(loop.config, train_steps=14)
    worse = train_version(
        TrainingTexts(documents),
        SCHEMA,
        loop.config,
        loop.store,
        tmp_path / "scratch",
    )
    assert worse.scores.micro.f1 < worse.previous_scores.micro.f1 == good.scores.f1
    assert worse.scores.n_documents == worse.previous_scores.n_documents == 32
    assert not worse.decision.promote
    assert loop.store.current().name == good.version

    chosen = {each.id for each in documents[:10]}
    again = train_version(
        TrainingTexts(documents, actively_selected=chosen),
        SCHEMA,
        loop.config,
        loop.store,
        tmp_path / "scratch",
    )
    assert again.reused
    assert again.scores.n_documents == again.previous_scores.n_documents == 22


def test_dev_texts_choose_the_checkpoint_and_are_never_trained_on(loop, toy_documents, tmp_path, monkeypatch):
    learned = []

    def spy(job, *arguments):
        learned.extend(job.documents)
        return train(job, *arguments)

    def version(texts):
        return train_version(texts, SCHEMA, config, loop.store, tmp_path / "scratch")

    train = versions.train
    monkeypatch.setattr(versions, "train", spy)
    dev = [replace(each, text=f"{each.text} ") for each in toy_documents[20:]]
    texts = {each.text for each in toy_documents[20:]}
    config = replace(loop.config, folds=0)

    found = version(TrainingTexts(toy_documents, dev=dev))

    n_left_out = sum(each.text in texts for each in toy_documents)
    assert not {each.text for each in learned} & texts
    assert found.n_train == len(learned) == len(toy_documents) - n_left_out
    assert found.messages[0] == f"{n_left_out} texts that are also dev texts were left out of the training."
    assert f"The checkpoint of step {found.best_step} was kept" in found.messages[1]
    assert 0 <= found.best_dev_f1 <= 1
    assert found.stopped_because
    assert not version(TrainingTexts(learned[: found.n_train])).reused
    assert version(TrainingTexts(toy_documents, dev=dev)).reused


def test_a_roll_back_stays_until_there_are_new_labels(loop, source, toy_documents):
    loop.config = replace(loop.config, promotion_margin=1.0)  # a newer model always goes live
    first = loop.run_round()
    source.texts["p0"] = replace(source.texts["p0"], spans=())
    second = loop.run_round()
    assert loop.store.current().name == second.version != first.version
    assert loop.store.rollback().name == first.version

    kept = loop.run_round()

    assert (kept.version, kept.live, kept.training.promoted) == (second.version, first.version, False)
    assert (
        kept.training.reason
        == f"{first.version} was made live by hand and no labels are new since then, so it stays live."
    )
    loop.config = replace(loop.config, train_steps=16)
    other = loop.run_round()  # another recipe makes another version, but the labels are the same
    assert (other.version != kept.version, other.live) == (True, first.version)

    source.texts["p1"] = replace(source.texts["p1"], spans=())
    third = loop.run_round()
    assert third.training.promoted
    assert loop.store.current().name == third.version


def test_a_version_promoted_by_hand_stays_until_there_are_new_labels(loop, source):
    loop.config = replace(loop.config, promotion_margin=1.0)
    first = loop.run_round()
    source.texts["p0"] = replace(source.texts["p0"], spans=())
    loop.run_round()
    loop.store.promote(first.version, pin=True)

    assert loop.run_round().live == first.version


def test_a_model_without_temperature_is_no_version_of_one_that_was_to_be_cross_fitted(loop):
    first = loop.run_round()
    loop.config = replace(loop.config, folds=2)
    assert loop.run_round().version != first.version
    loop.config = replace(loop.config, folds=0)
    assert loop.run_round().version == first.version


def test_too_few_texts_for_folds_are_reported_and_the_round_goes_on(loop):
    loop.config = replace(loop.config, folds=20)
    report = loop.run_round()
    assert report.calibration.temperature is None
    assert "too few to calibrate" in " ".join(report.messages)
    assert len(source_files(loop, "proposals.json")) == 1


def test_the_new_model_is_compared_with_the_live_one_of_the_round_before(loop, source):
    loop.config = replace(loop.config, train_steps=60, promotion_margin=1.0)
    first = loop.run_round()
    for item in source.released["al-001"]:
        spans = source.texts[item.id.removeprefix("p")].spans
        source.texts[item.id] = source.texts[item.id].with_spans(spans)

    second, third = loop.run_round(), loop.run_round()

    assert first.assessment.agreement is None
    assert second.live != first.live
    assert 0 < second.assessment.agreement <= 1
    assert third.assessment.agreement is None  # there was nothing new to train on
    assert first.assessment.forecast_gain is None
    assert first.assessment.forecast_hours > 0
    assert "Assumed prices" in first.assessment.pricing
    assert second.assessment.advice
    assert loop.record.runs.runs()[1].last_metrics()["agreement"] == second.assessment.agreement
    assert loop.record.runs.runs()[1].tags["advice"] == second.assessment.advice


def test_an_earlier_live_model_that_was_removed_is_not_compared(loop, source):
    first = loop.run_round()
    source.texts[next(iter(source.texts))] = next(iter(source.texts.values())).with_spans(())
    shutil.rmtree(loop.store.path(first.version))
    (loop.store.root / "current.json").unlink()
    assert loop.run_round().assessment.agreement is None


def test_an_earlier_model_that_does_not_load_does_not_hold_up_the_round(loop, caplog):
    first = loop.run_round()
    path = loop.store.path(first.version) / "labels.json"
    path.write_text("{" + " " * (path.stat().st_size - 2) + "}")
    pool, (kept,) = list(loop.ledger.documents(labelled=False)), source_files(loop, "scores-*.npz")
    agreed = agreement_with(first.version, loop.store, PoolScores.load(kept), pool, "cpu")
    assert agreed is None
    assert "are not compared" in caplog.text


def test_a_damaged_live_version_is_told_and_trained_anew_from_the_same_labels(loop, source):
    first = loop.run_round()
    path = loop.store.path(first.version) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert loop.store.current() is None

    second = loop.run_round()

    assert second.version != first.version
    assert second.live == second.version == loop.store.current().name
    assert any(str(path) in each for each in second.messages)
    (loop.store.root / "current.json").write_text("")
    third = loop.run_round()
    assert third.live == second.version
    assert any("current.json" in each for each in third.messages)
    assert not [each for each in loop.store.damage() if "current.json" in each]


@pytest.fixture
def loaded(monkeypatch):
    """The names of the model folders that the rounds load."""
    names = []
    load = Tagger.load

    def spy(path, device="auto"):
        names.append(path.name)
        return load(path, device=device)

    monkeypatch.setattr(Tagger, "load", spy)
    return names


def test_a_round_loads_the_live_model_once_and_releases_the_spans_that_it_predicts(loop, source, loaded):
    loop.config = replace(loop.config, folds=2, promotion_margin=1.0, proposal_floor=0.0, train_steps=60)
    source.shows_one_batch = False  # where nobody waits, the batch is chosen after the judge
    first = loop.run_round()
    assert loaded == [first.version]

    for item in source.released["al-001"]:
        source.texts[item.id] = source.texts[item.id].with_spans(())
    loaded.clear()
    second = loop.run_round()
    assert second.version == second.live != first.version
    assert loaded == [second.version, first.version]  # the previous one for the agreement
    assert second.assessment.agreement is not None

    batch = source.released["al-002"]
    predicted = Tagger.load(loop.store.path(second.version), device="cpu").predict([x.text for x in batch])
    assert [item.spans for item in batch] == predicted
    assert any(batch[row].spans for row in range(len(batch)))
    for item, spans in zip(batch, predicted, strict=True):
        assert [x.score for x in item.spans] == pytest.approx([x.score for x in spans], abs=1e-5)


def test_unfinished_texts_of_earlier_batches_get_the_proposals_of_the_live_model(loop, source):
    loop.run_round()
    follow = source.earlier["al-001"].ids
    assert {each.id for each in source.earlier["al-001"].documents} == follow
    assert len(follow) == source.earlier["al-001"].n_next == 6
    done, *left = source.released["al-001"]
    source.texts[done.id] = source.texts[done.id].with_spans(())
    twice = source.texts[left[0].id]
    source.texts[twice.id] = replace(twice, spans=(), meta={"annotators": [7]})
    loop.config = replace(loop.config, promotion_margin=1.0, proposal_floor=0.4)
    audited = source.texts[left.pop().id]
    source.texts[audited.id] = replace(audited, spans=(), meta={"annotators": [7]})
    offers = [(e.document_id, e.rank, e.score, e.reason) for e in loop.ledger.offers(1)]
    drawn = [(key, rank, score, AUDIT if key == audited.id else why) for key, rank, score, why in offers]
    loop.ledger.record_offers(1, drawn)
    second = loop.run_round()
    again, earlier = {each.id for each in source.released["al-002"]}, source.earlier["al-002"]
    upcoming = {each.id for each in earlier.documents[: earlier.n_next]}
    assert earlier.ids == ({each.id for each in source.released["al-001"]} | follow | upcoming) - again
    assert not (again | {done.id, twice.id}) & upcoming
    found = {each.id: each for each in earlier.documents}
    assert len(found) == len(earlier.documents)
    assert set(found) == earlier.ids - {done.id, audited.id}
    assert found[twice.id].spans == left[0].spans  # what the first annotator was shown
    assert found[twice.id].meta == {"annotators": [7]}
    model = Tagger.load(loop.store.path(second.live), device="cpu")
    waiting = [each for each in found.values() if each.id != twice.id]
    predicted = model.predict([each.text for each in waiting])
    assert [each.spans for each in waiting] == [worth_showing(spans, 0.4) for spans in predicted]
    shown = read_proposals(loop.directory / "rounds")
    assert all(set(shown[each.id]) == set(each.spans) for each in waiting)

    empty = [done, twice, audited]
    found = zip(empty, model.predict([each.text for each in empty]), strict=True)
    expected = {each.id: len(sure) for each, spans in found if (sure := worth_showing(spans, 0.5))}
    assert expected
    doubted = second.empty.doubted_empty
    assert {each.id: doubted[each.id] for each in empty if each.id in doubted} == expected
    assert second.empty.describe() in second.messages
    assert RoundReport.from_dict(second.to_dict()).empty == second.empty


def test_a_source_of_files_keeps_the_proposals_of_earlier_batches(loop, source):
    source.shows_one_batch = False
    loop.run_round()
    loop.run_round()
    assert source.earlier["al-002"] == Earlier()


def test_a_resumed_release_reads_only_the_texts_that_have_changed(loop, source, loaded, monkeypatch):
    source.outages = 1
    with pytest.raises(ConnectionError):
        loop.run_round()
    loaded.clear()
    changed = loop.ledger.offers(1)[0].document_id
    source.texts[changed] = replace(source.texts[changed], text="anna went to oslo")
    read = []
    predict = Tagger.predict
    monkeypatch.setattr(Tagger, "predict", lambda self, texts: read.extend(texts) or predict(self, texts))
    report = loop.run_round()
    assert loaded == [report.live]
    assert read == ["anna went to oslo"]
    assert source.released["al-001"][0].text == "anna went to oslo"
    assert all(x.end <= len(item.text) for item in source.released["al-001"] for x in item.spans)


def test_scores_of_an_earlier_version_without_spans_are_computed_again(loop, source):
    report = loop.run_round()
    (kept,) = source_files(loop, "scores-*.npz")
    with np.load(kept) as stored:
        old = {key: stored[key] for key in stored.files if key not in ("spans", "span_scores", "texts")}
    np.savez(kept, **old)
    assert PoolScores.load(kept) is None
    loop.ledger.save_step(1, "selected")
    again = loop.run_round()
    assert again.number == report.number
    assert len(source.released["al-001"]) == 6


AHEAD = {"folds": 2, "promotion_margin": 1.0, "proposal_floor": 0.0, "train_steps": 40}


@pytest.fixture
def steps(monkeypatch, source):
    """The steps of a round in their order; those that die; what is called before a step."""
    found, killed, before = [], set(), {}

    def watched(name, function):
        def call(*arguments, **options):
            found.append(name)
            before.get(name, lambda: None)()
            if name in killed:
                raise KeyboardInterrupt
            return function(*arguments, **options)

        return call

    monkeypatch.setattr(source, "release", watched("release", source.release), raising=False)
    monkeypatch.setattr(versions, "train", watched("train", versions.train))
    monkeypatch.setattr(versions, "calibrate_folder", watched("folds", versions.calibrate_folder))
    monkeypatch.setattr(versions, "compare", watched("judge", versions.compare))
    monkeypatch.setattr(loop_module, "save_report", watched("report", loop_module.save_report))
    return found, killed, before


def test_annotators_get_the_batch_of_the_new_model_before_its_folds_and_its_judge(loop, source, steps):
    loop.config = replace(loop.config, **AHEAD)
    answering = []  # when the batch is released, the folds are trained and the report is written
    for step in ("release", "folds", "report"):
        steps[2][step] = lambda: answering.append(loop.store.current())
    first = loop.run_round()
    assert steps[0] == ["train", "release", "folds", "judge", "report"]
    steps[2].clear()
    unjudged = answering[0]
    assert [each.name for each in answering] == [unjudged.name, unjudged.name, first.version]
    assert is_unjudged(unjudged.manifest)
    assert (unjudged.number, loop.store.version(first.version).number) == (0, 1)
    assert ModelFolder.read(unjudged.path).temperature == 1.0
    with pytest.raises(ModelStoreError, match="only"):
        loop.store.rollback()  # there is no way back to it
    batch = source.released["al-001"]
    by_hand = Tagger.load(loop.store.path(first.version), device="cpu").predict([x.text for x in batch])
    places = [[(x.start, x.end, x.label) for x in spans] for spans in by_hand]
    assert [[(x.start, x.end, x.label) for x in item.spans] for item in batch] == places
    assert any(places)
    assert first.training.promoted
    assert first.calibration.temperature is not None
    assert first.n_released == 6
    assert first.file.file_f1 is not None
    assert RoundState.of(loop.ledger.round(1)).report == first

    # The second model borrows the calibration of the first one while it chooses.
    lent = ModelFolder.read(loop.store.path(first.live))
    asked = []
    tag = Tagger.tag
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            Tagger, "tag", lambda self, texts: asked.append((self.folder, texts)) or tag(self, texts)
        )
        source.texts[batch[0].id] = batch[0].with_spans(())
        second = loop.run_round()
    pool = [each for each in loop.ledger.documents(labelled=False) if is_waiting(each)]
    texts = [each.text for each in pool]
    read = [folder for folder, its in asked if its == texts]  # not by the model with its own calibration
    assert read
    assert all((each.temperature, each.confidence) == (lent.temperature, lent.confidence) for each in read)
    assert second.number == 2

    # Its scores are those of the model with its own calibration.
    live = loop.store.current()
    model = Tagger.load(live.path, device="cpu")
    assert model.folder.temperature == second.calibration.temperature != lent.temperature
    (path,) = source_files(loop, f"scores-*-{live.name}.npz")
    stored, anew = PoolScores.load(path), score_pool(model, pool, loop.config, silent)
    assert stored.is_of(pool)
    assert np.array_equal(stored.spans.places, anew.spans.places)
    assert len(anew.spans.scores) > 0
    for found, expected in (
        (stored.scores, anew.scores),
        (stored.spans.scores, anew.spans.scores),
        (stored.expectation.expected_correct, anew.expectation.expected_correct),
        (stored.expectation.entities, anew.expectation.entities),
        (stored.expectation.n_words, anew.expectation.n_words),
    ):
        np.testing.assert_allclose(found, expected, atol=1e-5)
    ahead = PoolScores.load(loop.directory / "rounds" / "002" / "scores-ahead.npz")
    assert not np.allclose(ahead.spans.scores, anew.spans.scores, atol=1e-3)
    assert {each.name for each in path.parent.iterdir()} == {path.name, "scores-ahead.npz", "proposals.json"}


@pytest.mark.parametrize("killed", ["release", "folds", "judge", "report"])
@pytest.mark.parametrize("answered", [False, True])
def test_a_round_killed_after_its_batch_was_chosen_releases_no_other_one(
    loop, source, steps, killed, answered
):
    loop.config = replace(loop.config, **AHEAD)
    steps[1].add(killed)
    with pytest.raises(KeyboardInterrupt):
        loop.run_round()
    steps[1].clear()
    chosen = [offer.document_id for offer in loop.ledger.offers(1)]
    assert len(chosen) == len(set(chosen)) == 12
    # A first model answers before it is judged.
    assert is_unjudged(loop.store.current().manifest) == (killed != "report")
    if answered:
        source.texts[chosen[0]] = source.texts[chosen[0]].with_spans(())

    last = loop.run_round()

    ids = [item.id for item in source.released["al-001"]]
    assert ids == chosen[:6]
    assert [offer.document_id for offer in loop.ledger.offers(1)] == chosen
    assert [each.number for each in loop.reports()] == ([1, 2] if answered else [1])
    assert list(source.released) == (["al-001", "al-002"] if answered else ["al-001"])
    assert last.n_labelled == (33 if answered else 32)
    assert last.training.promoted
    assert last.calibration.temperature is not None
    assert last.live == loop.store.current().name == last.version
    judged = [each for each in loop.store.versions() if not is_unjudged(each.manifest)]
    assert len(judged) == (2 if answered and killed == "report" else 1)
    if len(judged) == 1:
        with pytest.raises(ModelStoreError, match="only"):
            loop.store.rollback()
    if answered:
        assert chosen[0] not in {item.id for item in source.released["al-002"]}
        assert {item.id for item in source.released["al-002"]} <= source.texts.keys()
    assert not (loop.directory / "rounds" / "001" / "training").exists() or answered


def test_a_new_model_that_the_judge_finds_worse_has_chosen_one_batch_and_is_never_live(
    loop, source, monkeypatch
):
    loop.config = replace(loop.config, **AHEAD)
    first = loop.run_round()
    compare = versions.compare
    worse = PromotionDecision(False, "Worse.")
    monkeypatch.setattr(versions, "compare", lambda *given: replace(compare(*given), decision=worse))
    source.texts["p0"] = source.texts["p0"].with_spans(())
    second = loop.run_round()
    assert second.version != first.version == second.live == loop.store.current().name
    assert (loop.directory / "rounds" / "002" / "scores-ahead.npz").exists()
    assert len(source.released["al-002"]) == 6
    model = Tagger.load(loop.store.path(first.version), device="cpu")
    (path,) = (loop.directory / "rounds" / "002").glob("scores-*-v*.npz")
    pool = [source.texts[item] for item in PoolScores.load(path).ids]
    expected = score_pool(model, pool, loop.config, silent)
    np.testing.assert_allclose(PoolScores.load(path).scores, expected.scores, atol=1e-6)

    # Nothing is new, so the next batch is the live model's.
    third = loop.run_round()
    assert third.live == first.version
    batch = source.released["al-003"]
    assert [item.spans for item in batch] == model.predict([item.text for item in batch])


def test_the_next_texts_follow_the_batch_and_a_newer_model_chooses_among_them_again(loop, source):
    loop.run_round()
    batch, follow = source.released["al-001"], source.earlier["al-001"]
    order = [offer.document_id for offer in loop.ledger.offers(1)]
    assert [each.id for each in (*batch, *follow.documents)] == order
    assert len(set(order)) == 12
    assert any(each.spans for each in follow.documents)
    for key in [*order[:6], order[6]]:  # one annotator was faster than the training
        source.texts[key] = source.texts[key].with_spans(())

    second = loop.run_round()

    assert second.n_labelled == 32 + 7
    assert order[6] in loop._actively_selected_ids() or loop.ledger.offers(1)[6].reason == "random"
    now = {each.id for each in source.released["al-002"]}
    later = [each.id for each in source.earlier["al-002"].documents]
    assert len(later) == len(set(later))
    assert not now & set(later)
    assert set(order[7:]) <= now | set(later)  # one that somebody has open keeps its proposals
    assert not set(order[:7]) & (now | set(later))

    third = loop.run_round()
    assert third.number == 3
    left = {each.id for each in source.earlier["al-003"].documents}
    ever = {offer.document_id for offer in loop.ledger.offers(2)[:6]} | set(order[:6])
    following = {offer.document_id for offer in (*loop.ledger.offers(2), *loop.ledger.offers(3))}
    assert left <= ever | following  # what followed the first batch is not served for ever


def test_the_folds_of_a_round_start_from_those_of_the_last_one(loop, source, monkeypatch):
    steps = []
    train_in_memory = cross_fitting.train_in_memory
    monkeypatch.setattr(
        cross_fitting,
        "train_in_memory",
        lambda job, *rest: steps.append(job.recipe.steps) or train_in_memory(job, *rest),
    )
    at_a_time = []
    monkeypatch.setattr(versions, "processes_for", lambda device, n, seconds: n if seconds > 0 else 0)
    monkeypatch.setattr(
        cross_fitting, "run_in_processes", lambda tasks, n, callbacks: at_a_time.append((len(tasks), n)) or {}
    )
    loop.config = replace(loop.config, folds=2, train_steps=None, recipe_search=False)
    loop.run_round()
    assert at_a_time == [(2, 2)]  # both died, so both are trained here
    source.texts["p0"] = source.texts["p0"].with_spans(())
    report = loop.run_round()
    assert steps[2:] == [round(0.4 * steps[0])] * 2
    assert report.calibration.temperature is not None
    assert sum(not is_unjudged(each.manifest) for each in loop.store.versions()) == 2


def test_a_round_that_another_loop_stands_against_begins_nothing(loop, source, monkeypatch):
    def refuse():
        raise ProjectTakenError("Loop 3f2a has released al-001.")

    monkeypatch.setattr(source, "claim", refuse, raising=False)
    with pytest.raises(ProjectTakenError):
        loop.run_round()
    assert (source.fetches, loop.ledger.rounds()) == ([], [])
    monkeypatch.setattr(source, "claim", lambda: None)
    assert loop.run_round().number == 1


def source_files(loop, name):
    return list((loop.directory / "rounds").rglob(name))


def test_the_first_batch_has_the_proposals_of_the_sources_and_names_them(loop, source, tmp_path):
    (tmp_path / "towns.tsv").write_text("oslo\tCITY\nrome\tCITY\nnew york\tCITY\nOslo\tNAME\n")
    tables = "".join(
        f'[[source]]\nname = "{name}"\nkind = "gazetteer"\nfile = "{file}"\n'
        for name, file in (("Towns", "towns.tsv"), ("gone", "nowhere.tsv"))
    )
    (tmp_path / "sources.toml").write_text(tables)
    loop.sources = SourceFiles(tmp_path / "sources.toml", tmp_path / "sources.sqlite")
    source.texts = {key: each.with_spans(None) for key, each in source.texts.items()}

    report = loop.run_round()

    assert report.batch == "al-001-by-towns"
    shown = [
        (each.text[span.start : span.end], span)
        for each in source.released[report.batch]
        for span in each.spans
    ]
    assert {text for text, _ in shown} <= {"oslo", "rome", "new york"}
    assert len(shown) >= 3
    assert all(span.label == "CITY" and 0.3 < span.score < 1 for _, span in shown)
    assert any(each.spans for each in source.earlier[report.batch].documents)
    assert "There is no model yet: the proposals are by Towns." in report.messages
    assert any(note.startswith("The source gone is left out: ") for note in report.messages)
    assert any("Of 1 terms a line has another label" in note for note in report.messages)
    assert report.proposals.spans_shown == {"CITY": len(shown)}
    assert not any(loop.ledger.documents(labelled=True))  # a proposal is no label

    (tmp_path / "sources.toml").write_text("[[source")
    again = loop.run_round()
    assert again.batch == "al-002"
    assert any(note.startswith("There are no proposals by sources: Expected TOML") for note in again.messages)
