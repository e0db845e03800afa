"""`selfish complete` in all its states, with a model that is only its stored scores."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from wapaganda.ledger import Ledger
from wapaganda.model_store import Manifest, ModelStore
from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.pipeline import (
    OPEN_AUDIT,
    BatchNameTakenError,
    CampaignError,
    CampaignFolder,
    Changes,
    Completing,
    CompletionReport,
    CompletionRequest,
    Loop,
    LoopConfig,
    PoolScores,
    RoundLog,
    completed,
    restore_rounds,
)
from wapaganda.pipeline.selection.pool_scores import PoolSpans
from wapaganda.terms import text_key
from wapaganda.tracking import RunLog
from wapaganda.uncertainty import Expectation

N_PEOPLE, N_MACHINE = 60, 240
ANNA, BOB = Span(0, 4, "NAME", 0.99), Span(9, 12, "NAME", 0.97)
REQUEST = CompletionRequest(target=0.9, confidence=0.9)


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Texts:
    """A source in memory to which labels can be written back."""

    texts: dict[str, Document]
    released: dict[str, list[Document]] = field(default_factory=dict)
    predictions: dict[str, dict[str, tuple[Span, ...]]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    name: str = "memory"
    shows_one_batch: bool = True

    def schema(self) -> LabelSchema:
        return LabelSchema(("NAME",))

    def fetch(self, cursor, progress) -> Changes:
        unlabelled = [each.id for each in self.texts.values() if not each.is_labelled]
        return Changes(list(self.texts.values()), unlabelled, len(self.texts), cursor="now")

    def ids(self) -> frozenset[str]:
        return frozenset(self.texts)

    def batch_name(self, number, kind="al") -> str:
        return f"{kind}-{number:03d}"

    def release(self, version, batch, progress, *earlier) -> str:
        if version in self.taken:
            raise BatchNameTakenError(version)
        assert version not in self.released or [each.id for each in self.released[version]] == [
            each.id for each in batch
        ]
        self.released[version] = list(batch)
        return f"{len(batch)} texts released."

    def answer(self, version: str, wrong: int = 0, number: int | None = None) -> None:
        """People label the texts of a batch; in the first ``wrong`` ones they disagree with the model."""
        for place, each in enumerate(self.released[version][:number]):
            gold = (Span(5, 8, "NAME"),) if place < wrong else (ANNA, BOB)
            self.texts[each.id] = self.texts[each.id].with_spans(replace(s, score=None) for s in gold)


@dataclass
class Studio(Texts):
    """The same with predictions and annotations, as Label Studio has them."""

    annotations: dict[str, int] = field(default_factory=dict)
    drafts: set[str] = field(default_factory=set)

    def write_predictions(self, version, documents, known, progress) -> int:
        held = self.predictions.setdefault(version, {})
        held.update({each.id: each.spans for each in documents})
        return len(held)

    def write_annotations(self, version, ids, path, progress) -> tuple[int, int]:
        self.annotations = {each: number for number, each in enumerate(ids) if each not in self.drafts}
        path.write_text('{"state": "written"}')
        return len(self.annotations), len(self.drafts)

    def undo_annotations(self, path, progress) -> tuple[int, int]:
        number = len(self.annotations)
        self.annotations.clear()
        path.write_text('{"state": "undone"}')
        return number, 0


def loop_of(folder: Path, source: Texts, correct: float = 1.98) -> Loop:
    """A project whose live model has read all unlabelled texts and finds two spans in each."""
    ledger, store = Ledger(folder / "ledger.sqlite"), ModelStore(folder / "models")
    config = LoopConfig(encoder="none", folds=0, device="cpu")
    loop = Loop(source, ledger, store, config, RoundLog(RunLog(folder / "runs"), "toy"), folder)
    new_model(loop, correct)
    return loop


def new_model(loop: Loop, correct: float) -> str:
    """Make a new model live, which expects so many of its two spans in a text to be right."""
    folder = loop.directory / "model"
    folder.mkdir(exist_ok=True)
    number = len(loop.store.versions())
    version = loop.store.publish(folder, Manifest(("NAME",), "none", f"{number:08x}", N_PEOPLE))
    loop.store.promote(version.name)
    pool = [each for each in loop.source.texts.values() if not each.is_labelled]
    n = len(pool)
    expectation = Expectation(
        np.full(n, 3), np.full(n, 2), np.full(n, correct), np.full((n, 1), max(correct, 2.0))
    )
    scores = PoolScores(
        tuple(each.id for each in pool),
        np.zeros(n),
        np.zeros((n, 1), np.float16),
        expectation,
        ("NAME",),
        PoolSpans.of([(ANNA, BOB)] * n, [each.text for each in pool], ("NAME",)),
    )
    scores.save(loop.directory / "rounds" / "001" / f"scores-least_confidence-{version.name}.npz")
    return version.name


def texts() -> dict[str, Document]:
    gold = (replace(ANNA, score=None), replace(BOB, score=None))
    people = [Document(f"h{n}", f"Anna saw Bob {n}", gold) for n in range(N_PEOPLE)]
    machine = [Document(f"m{n}", f"Anna saw Bob {n + 1000}") for n in range(N_MACHINE)]
    return {each.id: each for each in [*people, *machine]}


@pytest.fixture
def source() -> Studio:
    return Studio(texts())


@pytest.fixture
def loop(source: Studio, tmp_path: Path) -> Loop:
    return loop_of(tmp_path, source)


def run(loop: Loop, **changes) -> CompletionReport:
    return Completing(loop, replace(REQUEST, **changes)).run()


def said(report: CompletionReport) -> str:
    return " ".join(report.lines)


def test_without_a_model_or_without_unlabelled_texts_there_is_nothing_to_audit(tmp_path: Path):
    source = Texts(texts())
    loop = Loop(
        source,
        Ledger(tmp_path / "ledger.sqlite"),
        ModelStore(tmp_path / "models"),
        LoopConfig(encoder="none"),
        RoundLog(RunLog(tmp_path / "runs"), "toy"),
        tmp_path,
    )
    assert run(loop).state == "no-model"
    for each in list(source.texts.values()):
        source.texts[each.id] = each.with_spans(())
    new_model(loop, 2.0)
    assert run(loop).state == "finished"


def test_labels_that_are_not_good_enough_are_to_be_reviewed_first(loop: Loop, source: Studio):
    new_model(loop, 1.5)
    report = run(loop)
    assert report.state == "review"
    assert report.wants_review
    assert source.released == {}
    assert CampaignFolder.all(loop.directory) == []
    assert report.file is not None
    assert report.file.f1 < 0.9
    assert "review" in said(report)
    assert "PURPOSE=dataset selfish update" in said(report)


def test_an_audit_is_blind_and_its_texts_are_offered_by_no_round(loop: Loop, source: Studio):
    report = run(loop)
    assert report.state == "audit"
    (name,) = source.released
    batch = source.released[name]
    assert name == "audit-1"
    assert all(each.spans is None for each in batch)
    assert {each.id[0] for each in batch} == {"m"}
    assert report.audit["released"] == report.audit["open"] == len(batch)
    assert set(loop.ledger.value(OPEN_AUDIT)) == {each.id for each in batch}
    assert {offer.reason for offer in loop.ledger.offers(1)} == {"audit"}
    assert loop.reports() == []
    again = run(loop)
    assert again.state == "audit"
    assert list(source.released) == ["audit-1"]
    assert len(loop.ledger.rounds()) == 1


def test_the_bound_of_a_good_audit_accepts_the_labels_of_the_rest(loop: Loop, source: Studio):
    run(loop)
    half = len(source.released["audit-1"]) // 2
    source.answer("audit-1", number=half)
    assert run(loop).audit["answered"] == half
    source.answer("audit-1")
    report = run(loop)
    assert report.state == "accepted"
    assert "with 90% confidence" in said(report)
    assert report.certificate is not None
    assert report.certificate["lower"] >= 0.9
    found = completed(loop.directory)
    assert found is not None
    assert set(found.audited) == {each.id for each in source.released["audit-1"]}
    assert len(found.labels) == N_MACHINE
    assert set(source.predictions) == {"complete-1"}
    assert set(source.predictions["complete-1"]) == {
        each.id for each in source.texts.values() if not each.is_labelled
    }
    assert loop.ledger.value(OPEN_AUDIT) == []
    assert run(loop).state == "accepted"


def test_answers_count_only_up_to_the_first_open_text_and_nothing_is_dropped(loop: Loop, source: Studio):
    run(loop)
    _, second, third, fourth, *rest = source.released["audit-1"]
    source.texts[second.id] = replace(source.texts[second.id], meta={"skipped": True})
    source.texts[third.id] = Document(third.id, "Another text")
    source.answer("audit-1", number=1)
    source.texts[rest[0].id] = source.texts[rest[0].id].with_spans(())
    report = run(loop)
    assert report.audit == {
        "released": len(rest) + 4,
        "answered": 4,
        "open": len(rest),
        "worst": 2,
    }
    assert report.certificate is not None
    assert report.certificate["n_audited"] == 3
    assert "count as wholly wrong" in said(report)
    assert "1 text more are answered" in said(report)
    del source.texts[fourth.id]
    assert run(loop).audit["worst"] == 3


def test_an_audit_that_contradicts_the_model_ends_the_campaign_until_something_is_new(
    loop: Loop, source: Studio
):
    run(loop)
    source.answer("audit-1", wrong=1000)
    report = run(loop)
    assert report.state == "closed"
    assert "contradicts" in said(report)
    assert "is at most" in said(report)
    assert completed(loop.directory) is None
    again = run(loop)
    assert (again.state, len(CampaignFolder.all(loop.directory))) == ("closed", 1)
    version = new_model(loop, 1.99)
    third = run(loop)
    assert third.state == "audit"
    assert third.campaign is not None
    assert (third.campaign.number, third.campaign.model) == (2, version)
    assert "audit-2" in source.released
    assert third.campaign.n_people == N_PEOPLE + len(source.released["audit-1"])


def test_more_texts_are_audited_when_the_bound_is_close(loop: Loop, source: Studio):
    run(loop, audit_texts=15)
    source.answer("audit-1")
    report = run(loop)
    assert report.state == "audit"
    assert set(source.released) == {"audit-1", "audit-1-2"}
    first, second = ({each.id for each in batch} for batch in source.released.values())
    assert not first & second
    assert report.campaign is not None
    assert report.campaign.n_released == len(first) + len(second)
    source.answer("audit-1-2")
    assert run(loop).state == "accepted"


def test_annotations_are_written_on_demand_and_undone_by_one_command(loop: Loop, source: Studio):
    run(loop)
    source.answer("audit-1")
    assert run(loop).written == {"predictions": len(source.predictions["complete-1"])}
    source.drafts = {next(iter(source.predictions["complete-1"]))}
    report = run(loop, write_annotations=True)
    assert report.written["annotations"] == len(source.annotations) > 0
    assert report.written["drafts"] == 1
    assert any("1 text got none, because somebody has a draft there" in line for line in report.lines)
    source.drafts = set()
    assert run(loop, write_annotations=True).written["annotations"] == len(source.annotations)
    report = run(loop, write_annotations=True)
    with pytest.raises(CampaignError, match="no annotations of the machine"):
        run(loop, again=True)
    undone = Completing(loop, REQUEST).undo()
    assert undone.written["deleted"] == report.written["annotations"]
    assert source.annotations == {}
    with pytest.raises(CampaignError, match="annotations"):
        Completing(loop, REQUEST).undo()


def test_newer_labels_do_not_touch_a_campaign_and_a_new_one_can_start(loop: Loop, source: Studio):
    run(loop)
    source.answer("audit-1")
    run(loop)
    before = (CampaignFolder.all(loop.directory)[0].path / "accepted.json").read_bytes()
    left = [each for each in source.texts.values() if not each.is_labelled]
    source.texts[left[0].id] = left[0].with_spans(())
    report = run(loop)
    assert "1 text more" in said(report)
    assert "--again starts campaign 2" in said(report)
    assert (CampaignFolder.all(loop.directory)[0].path / "accepted.json").read_bytes() == before
    second = run(loop, again=True)
    assert second.campaign is not None
    assert (second.state, second.campaign.number) == ("audit", 2)
    found = completed(loop.directory)
    assert found is not None
    assert found.number == 1


def test_a_text_that_lacks_more_entities_than_the_bound_assumes_proves_nothing(loop: Loop, source: Studio):
    run(loop)
    source.answer("audit-1")
    first = source.released["audit-1"][0]
    source.texts[first.id] = source.texts[first.id].with_spans(
        Span(at, at + 1, "NAME") for at in range(0, len(first.text), 2)
    )
    report = run(loop)
    assert report.state == "closed"
    assert "lack more entities than the bound assumes" in said(report)
    assert completed(loop.directory) is None


def test_a_campaign_keeps_its_confidence(loop: Loop, source: Studio):
    run(loop)
    report = run(loop, confidence=0.99)
    assert "keeps the confidence of 90%" in said(report)
    assert report.campaign is not None
    assert report.campaign.confidence == 0.9


def test_files_take_no_annotations(tmp_path: Path):
    source = Texts(texts())
    loop = loop_of(tmp_path, source)
    run(loop)
    source.answer("audit-1")
    with pytest.raises(CampaignError, match="Label Studio"):
        run(loop, write_annotations=True)
    assert run(loop).state == "accepted"
    assert source.predictions == {}


def test_an_answer_between_a_kill_and_the_next_run_changes_no_batch(
    loop: Loop, source: Studio, monkeypatch: pytest.MonkeyPatch
):
    def released_and_killed(*arguments) -> str:
        Studio.release(source, *arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(source, "release", released_and_killed)
        with pytest.raises(Killed):
            run(loop)
    before = [each.id for each in source.released["audit-1"]]
    source.answer("audit-1", number=2)
    report = run(loop)
    assert [each.id for each in source.released["audit-1"]] == before
    assert (report.state, report.audit["answered"]) == ("audit", 2)


def test_a_name_that_another_program_has_taken_is_reported(loop: Loop, source: Studio):
    source.taken.add("audit-1")
    with pytest.raises(CampaignError, match="another program"):
        run(loop)


def test_an_interrupted_round_is_finished_first(loop: Loop, source: Studio):
    number = loop.ledger.start_round().number
    loop.ledger.save_step(number, "selected", draft={})
    with pytest.raises(ValueError, match="interrupted round"):
        run(loop)
    loop.ledger.save_step(number, "done")
    assert run(loop).state == "audit"


@contextmanager
def dying_at(monkeypatch: pytest.MonkeyPatch, loop: Loop, last: int, *, done: bool) -> Iterator[list[bool]]:
    """Every write of the command is counted; the process dies before the write ``last``, or after it."""
    count = itertools.count(1)

    def mortal(call: Callable) -> Callable:
        def wrapped(*args, **named):
            number = next(count)
            if number == last and not done:
                raise Killed
            result = call(*args, **named)
            if number == last:
                raise Killed
            return result

        return wrapped

    died = [False]
    with monkeypatch.context() as patch:
        for name in ("set_value", "record_offers", "save_step", "start_round"):
            patch.setattr(loop.ledger, name, mortal(getattr(loop.ledger, name)))
        for name in ("release", "write_predictions"):
            patch.setattr(loop.source, name, mortal(getattr(loop.source, name)))
        for module in ("campaign", "machine_labels"):
            home = f"wapaganda.pipeline.completion.{module}"
            for name in ("write_json", "atomic_folder") if module == "campaign" else ():
                found = getattr(__import__(home, fromlist=[name]), name)
                patch.setattr(f"{home}.{name}", mortal(found))
        try:
            yield died
        except Killed:
            died[0] = True


@pytest.mark.parametrize("done", [False, True])
def test_a_kill_between_any_two_writes_loses_nothing_and_doubles_nothing(tmp_path, monkeypatch, done):
    def whole(folder: Path, kill: bool) -> tuple[Studio, Loop, int]:
        source, kills = Studio(texts()), 0
        loop = loop_of(folder, source)

        def go_on(state: str) -> None:
            nonlocal kills
            for last in itertools.count(1) if kill else ():
                with dying_at(monkeypatch, loop, last, done=done) as died:
                    run(loop)
                kills += died[0]
                if not died[0]:
                    break
            assert run(loop).state == state

        go_on("audit")
        source.answer("audit-1", number=3)
        go_on("audit")
        source.answer("audit-1")
        go_on("accepted")
        return source, loop, kills

    plain, _, _ = whole(tmp_path / "plain", kill=False)
    source, loop, kills = whole(tmp_path / "killed", kill=True)
    assert kills > 10
    assert {name: [each.id for each in batch] for name, batch in source.released.items()} == {
        name: [each.id for each in batch] for name, batch in plain.released.items()
    }
    assert source.predictions == plain.predictions
    assert source.texts == plain.texts
    assert len(CampaignFolder.all(loop.directory)) == 1
    assert {offer.reason for offer in loop.ledger.offers(1)} == {"audit"}
    found = completed(loop.directory)
    assert found is not None
    assert found.campaign.n_released == len(source.released["audit-1"])


def test_an_audit_outlives_a_lost_ledger(loop: Loop, source: Studio, tmp_path: Path):
    run(loop)
    audited, rounds = loop.ledger.value(OPEN_AUDIT), len(loop.ledger.rounds())
    loop.ledger = Ledger(tmp_path / "new.sqlite")

    sentence = restore_rounds(loop.ledger, loop.directory, Path("old.damaged"))

    assert "old.damaged" in sentence
    assert loop.ledger.value(OPEN_AUDIT) == audited
    assert {(each.document_id, each.reason) for each in loop.ledger.offers(1)} == {
        (each, "audit") for each in audited
    }
    assert len(loop.ledger.rounds()) == rounds
    assert restore_rounds(loop.ledger, loop.directory, None) == ""
    source.answer("audit-1")
    assert run(loop).state == "accepted"
    assert list(source.released) == ["audit-1"]


def test_an_interrupted_restoration_is_repeated(loop: Loop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    run(loop)
    audited = loop.ledger.value(OPEN_AUDIT)
    loop.ledger = Ledger(tmp_path / "new.sqlite")
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "save_step", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            restore_rounds(loop.ledger, loop.directory, Path("old.damaged"))

    assert "old.damaged" in restore_rounds(loop.ledger, loop.directory, None)
    assert len(loop.ledger.offers(1)) == len(audited)


def test_decided_terms_are_in_the_labels_of_a_new_campaign_and_say_so(loop: Loop, source: Studio):
    texts = [each for each in source.texts.values() if not each.is_labelled][:3]
    met = [(text_key(each.text), 5, 8) for each in texts]
    anna = [(text_key(each.text), 0, 4) for each in texts[:1]]
    loop.ledger.decide_term("met", "NAME", 0.9, {}, met)
    loop.ledger.decide_term("Anna", None, 0.9, {}, anna)
    number = [each.number for each in loop.ledger.term_decisions()]

    run(loop)
    folder = CampaignFolder.all(loop.directory)[-1]
    labels = folder.labels()
    rows = [labels.ids.index(each.id) for each in texts]
    made = Span(5, 8, "NAME")
    assert [set(labels.row(row)) for row in rows] == [{made, BOB}, {ANNA, made, BOB}, {ANNA, made, BOB}]
    assert [labels.term_spans(row) for row in rows] == [frozenset([made])] * 3
    other = next(row for row in range(len(labels)) if row not in rows)
    assert (set(labels.row(other)), labels.term_spans(other)) == ({ANNA, BOB}, frozenset())
    assert labels.predicted[rows].tolist() == [2, 3, 3]
    assert labels.expected_correct[rows] == pytest.approx([1.98 - 0.99 + 0.9, 2.88, 2.88])

    for each in number:
        loop.ledger.undo_term(each)
    assert [set(folder.labels().row(row)) for row in rows[1:]] == [
        {ANNA, made, BOB}
    ] * 2  # certified as it is
    run(loop, again=True)
    later = CampaignFolder.all(loop.directory)[-1].labels()
    assert {span for row in range(len(later)) for span in later.row(row)} == {ANNA, BOB}
