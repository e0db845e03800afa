"""The training process: whose token goes where, who waits for whom, and what a loop gets."""

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from wapaganda.annotation import LabelMapping
from wapaganda.annotation_cost import CORRECTING, Prices, proposal_floor
from wapaganda.errors import Retry, retry_of
from wapaganda.jobs import JobQueue, State
from wapaganda.label_studio import LabelStudioError
from wapaganda.ml_backend.composition import (
    LedgerShowings,
    QueuedTrainings,
    StoredModels,
    compose,
    credentials_path,
)
from wapaganda.ml_backend.prediction.tasks import Showing
from wapaganda.ml_backend.project_id import ProjectRef
from wapaganda.ml_backend.training import round_job
from wapaganda.ml_backend.training.credentials import CredentialFile, Credentials
from wapaganda.ml_backend.training.round_job import ProjectBusyError, label_studio_access, project_lock
from wapaganda.model_store import Manifest, ModelStore, ModelStoreError
from wapaganda.pipeline import AdaptationTrial
from wapaganda.pipeline.selection.prices import remember_prices
from wapaganda.progress import silent
from wapaganda.project_context import ADAPTATION, ProjectContext, jobs_path
from wapaganda.settings import Settings
from wapaganda.uncertainty import score

BROUGHT = Credentials("http://studio:8080", "brought")


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("wapaganda.ml_backend.logs._process", {})  # a job writes its project there
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY", "DATA_DIR", "MODEL_DIR", "BASIC_AUTH_USER"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ("http://studio:8080", "brought")),
        ({"label_studio_url": "http://mine:1"}, ("http://mine:1", "brought")),
        ({"label_studio_api_key": "own"}, ("http://localhost:8080", "own")),
        ({"label_studio_api_key": "own", "label_studio_url": "http://mine:1"}, ("http://mine:1", "own")),
    ],
)
def test_a_token_of_the_user_never_goes_where_setup_says(settings, expected):
    assert label_studio_access(Settings(**settings), BROUGHT) == expected


def test_without_any_token_the_error_says_so():
    with pytest.raises(LabelStudioError, match="token"):
        label_studio_access(Settings(), Credentials())


def test_a_training_waits_for_another_program_that_works_on_the_project(tmp_path, monkeypatch):
    monkeypatch.setattr(round_job, "_LOCK_SECONDS", 0.01)
    context = ProjectContext(Settings(data_dir=tmp_path), "ls-1")
    other = context.lock()
    other.acquire()
    seen = []

    def progress(step, done, total):
        seen.append(step)
        if len(seen) == 3:
            other.release()

    with project_lock(context, progress):
        assert len(seen) == 3
        assert "waiting" in seen[0]


def test_a_training_does_not_wait_for_ever_and_leaves_its_turn_to_other_projects(tmp_path, monkeypatch):
    monkeypatch.setattr(round_job, "_LOCK_SECONDS", 0.01)
    context = ProjectContext(Settings(data_dir=tmp_path), "ls-1")
    with context.lock(), pytest.raises(ProjectBusyError, match="ls-1") as caught:
        project_lock(context, silent)
    assert retry_of(caught.value) is Retry.SOON


@pytest.fixture
def finished_round(monkeypatch):
    """A loop that only notes that it ran."""
    ran = []
    monkeypatch.setattr(round_job, "_refuse_unknown", lambda number, access: None)

    class Loop:
        def run_round(self):
            ran.append("round")

    monkeypatch.setattr(
        round_job,
        "_loop",
        lambda context, number, access, progress: ran.append((number, context.key, access)) or Loop(),
    )
    monkeypatch.setattr(round_job, "_mirror", lambda context, progress: ran.append("mirror"))
    return ran


def test_a_job_runs_one_round_with_the_credentials_of_setup(finished_round):
    CredentialFile(credentials_path(Settings())).put(ProjectRef("ls-12", 12), BROUGHT)
    job = JobQueue(jobs_path(Settings())).submit("ls-12", "round")
    round_job.work(job, silent)
    assert finished_round == [(12, "ls-12", ("http://studio:8080", "brought")), "round", "mirror"]


def test_a_job_that_dies_after_its_round_runs_no_second_one(finished_round, monkeypatch):
    CredentialFile(credentials_path(Settings())).put(ProjectRef("ls-12", 12), BROUGHT)
    queue = JobQueue(jobs_path(Settings()))
    job = queue.submit("ls-12", "round")

    def killed(context, progress):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(round_job, "_mirror", killed)
        with pytest.raises(KeyboardInterrupt):
            round_job.work(job, silent)
    round_job.work(job, silent)
    assert [each for each in finished_round if isinstance(each, str)] == ["round", "mirror"]

    queue.begin(job.id)
    queue.end(job.id, State.DONE)
    round_job.work(queue.submit("ls-12", "round"), silent)
    assert [each for each in finished_round if isinstance(each, str)] == [
        "round",
        "mirror",
        "round",
        "mirror",
    ]


def test_a_trial_of_domain_adaptation_is_a_job_of_its_own_that_needs_no_lock(finished_round, monkeypatch):
    due, tried = [True], []
    trial = AdaptationTrial("bert", False, 100, 600, 1.0, problem="no head")
    monkeypatch.setattr(ProjectContext, "adaptation_is_due", lambda self: due[0])
    monkeypatch.setattr(
        ProjectContext, "try_adaptation", lambda self, progress: tried.append(self.key) or trial
    )
    monkeypatch.setattr(round_job, "give_way", lambda *niceness: tried.append(niceness))
    CredentialFile(credentials_path(Settings())).put(ProjectRef("ls-12", 12), BROUGHT)
    queue = JobQueue(jobs_path(Settings()))
    round_job.work(queue.submit("ls-12", "round"), silent)

    offered = queue.list("ls-12")[0]
    assert (offered.kind, offered.state, tried) == (ADAPTATION, State.QUEUED, [])
    with ProjectContext(Settings(), "ls-12").lock():
        round_job.work(offered, silent)
    assert tried == [(19, 19), "ls-12"]
    trainings = QueuedTrainings(queue, None, Settings())
    assert {each.id for each in trainings.jobs()} == {"1"}  # nobody waits for it

    queue.begin(offered.id)
    queue.end(offered.id, State.FAILED, "killed three times")
    round_job.work(queue.submit("ls-12", "round", "again"), silent)
    assert [each.state for each in queue.list("ls-12")] == [State.FAILED, State.QUEUED]


def test_a_project_that_label_studio_does_not_have_leaves_no_files(monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "half.token")
    job = JobQueue(jobs_path(Settings())).submit("ls-99", "round")
    with pytest.raises(LabelStudioError):
        round_job.work(job, silent)
    assert not ProjectContext(Settings(), "ls-99").directory.exists()


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="the sessions have no niceness")
@pytest.mark.parametrize(("own_session", "change"), [(True, 5), (False, 0)])
def test_a_training_gives_way_with_its_session_but_never_with_another_ones(own_session, change):
    # The file is empty for a process that has no session of its own, as in some containers.
    program = (
        "import os; from pathlib import Path; from wapaganda.ml_backend.training.round_job import give_way\n"
        "def session(): return int((Path('/proc/self/autogroup').read_text().split() or ['0'])[-1])\n"
        "def now(): return session(), os.nice(0)\n"
        "print(now()); give_way(); print(now())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], start_new_session=own_session, capture_output=True, check=True
    )
    (before, nice_before), (after, nice_after) = map(ast.literal_eval, ended.stdout.decode().splitlines())
    assert (after - before, nice_after) == (change, min(19, nice_before + 10))


def test_a_job_of_no_label_studio_project_says_so(finished_round):
    job = JobQueue(jobs_path(Settings())).submit("files", "round")
    with pytest.raises(ValueError, match="Label Studio"):
        round_job.work(job, silent)


class TestComposition:
    def test_an_empty_place_serves_untrained(self):
        services = compose(Settings())
        assert services.models.version("ls-12") == "untrained"
        assert services.effects.repository.projects() == []

    @pytest.mark.parametrize(
        ("measure", "used"),
        [("mnlp", "mnlp"), ("auto", "boundary")],
    )
    def test_the_confidence_of_a_text_goes_by_the_measure_that_is_set(self, measure, used, monkeypatch):
        monkeypatch.setenv("MEASURE", measure)
        rng = np.random.default_rng(1)
        texts = [np.log(rng.dirichlet(np.ones(3), size=n)) for n in (4, 6)]
        found = compose(Settings()).effects.measure(texts)
        assert found.tolist() == score(texts, used).tolist()

    def test_spans_are_shown_as_the_ledger_and_the_settings_say(self, monkeypatch):
        showings, context = LedgerShowings(Settings()), ProjectContext(Settings(), "ls-12")
        assert showings("ls-12") == Showing(floor=proposal_floor(CORRECTING))
        assert not context.directory.exists()
        mapping = LabelMapping(labels={"PER": "PERSON"})
        context.directory.mkdir(parents=True)
        context.set_label_mapping(mapping)
        remember_prices(context.ledger(), Prices(1.0, 4.0, 1.0, 3.0))
        assert showings("ls-12") == Showing(mapping, 0.5)
        monkeypatch.setenv("PROPOSAL_FLOOR", "0.2")
        assert LedgerShowings(Settings())("ls-12") == Showing(mapping, 0.2)
        (context.directory / "ledger.sqlite").write_bytes(b"no ledger" * 1000)
        assert showings("ls-12") == Showing()

    def test_a_ledger_that_has_not_changed_is_not_opened_again(self, monkeypatch):
        settings = Settings()
        showings, context = LedgerShowings(settings), ProjectContext(settings, "ls-12")
        context.directory.mkdir(parents=True)
        mapping = LabelMapping(labels={"PER": "PERSON"})
        context.set_label_mapping(mapping)
        opened = []
        read = ProjectContext.label_mapping
        monkeypatch.setattr(ProjectContext, "label_mapping", lambda own: opened.append(1) or read(own))
        for _ in range(3):  # it was written just now
            assert showings("ls-12").mapping == mapping
        assert len(opened) == 3
        hour_ago = time.time() - 3600
        os.utime(context.ledger_path, (hour_ago, hour_ago))
        for _ in range(3):
            assert showings("ls-12").mapping == mapping
        assert len(opened) == 4
        other = LabelMapping(labels={"PER": "HUMAN"})
        context.set_label_mapping(other)
        assert showings("ls-12").mapping == other

    def test_trainings_join_the_queued_one(self, tmp_path):
        queue = JobQueue(tmp_path / "jobs.sqlite")

        class Sleeper:
            woken = 0

            def wake(self):
                self.woken += 1

        trainings = QueuedTrainings(queue, Sleeper(), Settings(data_dir=tmp_path))
        first = trainings.submit("ls-12", "round", "a", 30.0)
        assert trainings.submit("ls-12", "round", "b", 0.0) == first
        (job,) = trainings.jobs()
        assert (job.id, job.project, job.state, job.error) == (first, "ls-12", "queued", None)
        assert queue.get(int(first)).reason == "b"
        states = [trainings.state(*each) for each in (("ls-12", first), ("ls-13", first), ("ls-12", "99"))]
        assert states == ["queued", None, None]
        queue.begin(int(first))
        waiting = queue.fail(int(first), TimeoutError("slow"))
        assert trainings.jobs()[0].next_attempt == waiting.not_before
        trainings.retry_now("ls-12")
        assert [each.id for each in queue.due()] == [int(first)]
        queue.begin(int(first))
        queue.end(int(first), State.FAILED, "No token.")
        assert trainings.jobs()[0].error == "No token."

    def publish(self, store: ModelStore, source: Path, digit: str) -> str:
        return store.publish(source, Manifest(("PER",), "tiny", digit * 8, 1)).name

    def test_the_shelf_shows_what_is_live(self, tmp_path):
        source = tmp_path / "trained"
        source.mkdir()
        store = ModelStore(tmp_path / "models" / "ls-1")
        first = self.publish(store, source, "1")
        repository = StoredModels(tmp_path / "models", "cpu")
        assert repository.projects() == []
        store.promote(first)
        second = self.publish(store, source, "2")
        assert repository.projects() == ["ls-1"]
        assert repository.current("ls-1") == first
        assert repository.versions("ls-1") == [first, second]
        damaged = store.path(second) / "manifest.json"
        damaged.chmod(0o644)
        damaged.write_text("{")
        assert repository.versions("ls-1") == [first]
        assert str(damaged) in repository.damage("ls-1")[0]

    def test_changed_weights_are_not_loaded_and_the_version_before_is_live(self, tmp_path):
        source = tmp_path / "trained"
        source.mkdir()
        (source / "model.safetensors").write_bytes(b"w" * 100)
        for name in ("config.json", "labels.json", "tokenizer.json"):
            (source / name).write_text("{}")
        store = ModelStore(tmp_path / "models" / "ls-1")
        first, second = (self.publish(store, source, digit) for digit in "12")
        for name in (first, second):
            store.promote(name)
        weights = store.path(second) / "model.safetensors"
        weights.chmod(0o644)
        weights.write_bytes(b"w" * 99 + b"v")
        repository = StoredModels(tmp_path / "models", "cpu")
        assert repository.current("ls-1") == second
        with pytest.raises(ModelStoreError, match="changed since it was published"):
            repository.load("ls-1", second)
        assert repository.current("ls-1") == first
        assert str(weights) in repository.damage("ls-1")[0]
