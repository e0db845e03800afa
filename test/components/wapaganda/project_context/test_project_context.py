import os
import subprocess
import sys
from dataclasses import fields

import pytest
from filelock import Timeout

from wapaganda.dataset import LabelHistory
from wapaganda.ledger import LedgerError
from wapaganda.model_store import Manifest
from wapaganda.ner import Document, Span
from wapaganda.pipeline import LOST_LEDGER, Campaign, LoopConfig
from wapaganda.project_context import ProjectContext, jobs_path, prepare_environment
from wapaganda.settings import Settings
from wapaganda.storage import write_json


@pytest.fixture
def context(tmp_path):
    return ProjectContext(Settings(data_dir=tmp_path / "data", model_dir=tmp_path / "models"), "ls-12")


def test_the_places_of_a_project_lie_below_the_folders_of_the_settings(context, tmp_path):
    assert context.directory == tmp_path / "data" / "ls-12"
    assert context.runs_directory == tmp_path / "data" / "ls-12" / "runs"
    assert context.store().root == tmp_path / "models" / "ls-12"
    assert jobs_path(context.settings) == tmp_path / "data" / "jobs.sqlite"
    assert context.ledger().path == tmp_path / "data" / "ls-12" / "ledger.sqlite"


def test_two_who_want_to_work_on_a_project_get_one_lock(context):
    with context.lock(), pytest.raises(Timeout):
        context.lock().acquire(timeout=0)


def test_a_learning_rate_is_handed_down_only_when_the_user_set_it(tmp_path):
    assert ProjectContext(Settings(data_dir=tmp_path), "a").config().learning_rate is None
    assert ProjectContext(Settings(data_dir=tmp_path, learning_rate=1e-4), "a").config().learning_rate == 1e-4


def test_without_settings_the_loop_is_the_one_that_is_simulated(tmp_path):
    config = ProjectContext(Settings(data_dir=tmp_path), "a").config()
    assert config == LoopConfig(config.encoder)


def test_every_setting_of_the_loop_arrives(tmp_path):
    chosen = {
        "seed": 5,
        "strategy": "random",
        "measure": "mnlp",
        "train_steps": 7,
        "folds": 3,
        "device": "cpu",
    }
    chosen |= {"holdout_fraction": 0.3, "promotion_margin": 0.1, "baseline_model_name": "some/encoder"}
    chosen |= {"uncertainty_threshold": 0.4, "samples_per_iteration": 9}
    config = ProjectContext(Settings(data_dir=tmp_path, **chosen), "a").config()
    assert (config.seed, config.strategy, config.measure, config.train_steps) == (5, "random", "mnlp", 7)
    assert config.folds == 3
    assert (config.holdout_fraction, config.promotion_margin, config.device) == (0.3, 0.1, "cpu")
    assert (config.encoder, config.threshold, config.batch_size) == ("some/encoder", 0.4, 9)


def test_every_field_of_the_loop_is_a_setting():
    renamed = {"encoder", "threshold", "batch_size"}
    own = {"options", "adapted_from"}  # the second: what a kept adaptation says
    assert {each.name for each in fields(LoopConfig)} - renamed - own <= set(Settings.model_fields)


def test_a_users_own_environment_goes_before_the_quiet_defaults(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.delenv("OMP_NUM_THREADS")
    prepare_environment(3)
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
    assert os.environ.pop("OMP_NUM_THREADS") == "3"


def test_importing_the_brick_loads_nothing_heavy():
    heavy = "('torch', 'mlflow', 'datasets')"
    code = f"import sys, wapaganda.project_context; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_label_history_is_that_of_the_last_offer_of_each_text(context):
    assert context.label_history() == LabelHistory()
    assert not context.directory.exists()
    ledger = context.ledger()
    for number, offers in enumerate([[("a", 0, 0.9, "uncertain"), ("b", 1, 0.1, "random")]] * 2, start=1):
        ledger.start_round()
        ledger.record_offers(number, offers[number - 1 :])
        folder = context.directory / "rounds" / f"{number:03d}"
        write_json(
            folder / "proposals.json", {each[0]: [[0, number, "PER"]] for each in offers[number - 1 :]}
        )
    ledger.start_round()
    ledger.record_offers(3, [("a", 0, 0.0, "audit")])
    known = context.label_history()
    assert known.reasons == {"a": "audit", "b": "random"}
    assert known.shown == {"a": (Span(0, 1, "PER"),), "b": (Span(0, 2, "PER"),)}


def _damaged_ledger(context):
    ledger = context.ledger()
    ledger.upsert_documents([Document("1", "Anna", (Span(0, 4, "PER"),))], "label-studio")
    ledger.start_round()
    context.ledger_path.write_bytes(context.ledger_path.read_bytes()[:5000])
    return context.ledger_path.read_bytes()


def test_a_damaged_ledger_of_a_label_studio_project_is_put_aside(context):
    write_json(context.directory / "rounds" / "002" / "proposals.json", {"7": [], "8": [[0, 4, "PER"]]})
    damaged = _damaged_ledger(context)
    with pytest.raises(LedgerError, match="Expected a ledger in") as caught:
        context.ledger()
    assert "selfish update --project 12" in caught.value.hint

    context.mend_ledger()

    aside = context.directory / "ledger.sqlite.damaged"
    assert aside.read_bytes() == damaged
    ledger = context.ledger()
    assert ledger.counts().documents == 0
    assert [(each.number, each.step) for each in ledger.rounds()] == [(1, "done"), (2, "done")]
    assert ledger.offered_ids() == {"7", "8"}
    assert str(aside) in ledger.value(LOST_LEDGER)
    context.mend_ledger()
    assert len(list(context.directory.glob("*.damaged*"))) == 1


def test_a_missing_ledger_beside_files_of_rounds_is_told(context):
    write_json(context.directory / "rounds" / "001" / "proposals.json", {"7": []})
    context.mend_ledger()
    assert "missing or empty" in context.ledger().value(LOST_LEDGER)
    assert context.ledger().start_round().number == 2


def test_a_damaged_ledger_of_files_stays_and_the_way_out_is_named(tmp_path):
    context = ProjectContext(Settings(data_dir=tmp_path / "data", model_dir=tmp_path / "models"), "news")
    damaged = _damaged_ledger(context)
    with pytest.raises(LedgerError, match=r"Expected a ledger in .*news/ledger.sqlite") as caught:
        context.mend_ledger()
    assert "move the file away" in caught.value.hint
    assert context.ledger_path.read_bytes() == damaged


def _touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_old_versions_and_files_of_rounds_are_deleted_and_what_is_needed_stays(tmp_path):
    folders = {"data_dir": tmp_path / "data", "model_dir": tmp_path / "models"}
    context = ProjectContext(Settings(**folders, keep_versions=1), "ls-12")
    trained = tmp_path / "trained"
    _touch(trained / "weights")
    store, ledger = context.store(), context.ledger()
    names = [store.publish(trained, Manifest(("PER",), "tiny", f"{n:08x}", 1)).name for n in range(1, 8)]
    store.promote(names[5])
    for number, model in ((1, names[0]), (2, names[1]), (3, names[2])):
        closed = "Over." if number < 3 else ""
        campaign = Campaign(number, "", model, 0.9, 0.9, 1, 20, 1, 1, "", 9, closed=closed)
        folder = context.directory / "completions" / f"{number:03d}"
        write_json(folder / "campaign.json", campaign.to_dict())
    write_json(context.directory / "completions" / "001" / "accepted.json", {"accepted": "now"})
    rounds = context.directory / "rounds"
    for number in range(1, 6):
        ledger.start_round()
        folder = rounds / f"{number:03d}"
        _touch(folder / "proposals.json", folder / "training" / "x")
        _touch(folder / f"scores-mnlp-{names[number]}.npz")
        ledger.save_step(number, "done")
    _touch(rounds / "002" / f"scores-mnlp-{names[5]}.npz", rounds / "003" / f"scores-mnlp-{names[5]}.npz")
    _touch(context.directory / "completions" / f"scores-{names[0]}.npz")
    ledger.start_round()

    gone = context.prune()

    assert gone == (names[1], names[3], names[4])
    left = sorted(str(path.relative_to(context.directory)) for path in context.directory.glob("*/*/scores-*"))
    assert left == [
        f"rounds/004/scores-mnlp-{names[4]}.npz",
        f"rounds/005/scores-mnlp-{names[5]}.npz",
    ]
    assert [path.parent.name for path in rounds.glob("*/training")] == ["005"]
    assert len(list(rounds.glob("*/proposals.json"))) == 5
    assert not list(context.directory.glob("completions/scores-*"))
    everything = ProjectContext(Settings(**folders, keep_versions=0), "ls-12")
    assert everything.prune() == ()


def test_what_cannot_be_pruned_does_not_fail_a_round(context, caplog):
    _damaged_ledger(context)
    assert context.prune() == ()
    assert "were not deleted" in caplog.text
