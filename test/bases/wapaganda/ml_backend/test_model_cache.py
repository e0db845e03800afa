"""The model that answers: found, loaded behind everybody's back, swapped whole."""

import ctypes
import subprocess
import sys
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from wapaganda.ml_backend.prediction import model_cache
from wapaganda.ml_backend.prediction.model_cache import ModelCache
from wapaganda.ml_backend.prediction.model_repository import UNTRAINED


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def models(repository):
    made = []

    def start(**options):
        live = ModelCache(repository, poll_seconds=0.02, **{"retry_seconds": 0.05, **options})
        live.start()
        made.append(live)
        return live

    yield start
    for each in made:
        each.stop()


def test_the_memory_of_the_model_before_is_given_back(models, repository, new_tagger, monkeypatch):
    before, dead = new_tagger(), []
    alive = weakref.ref(before)
    repository.put("ls-1", "v1", before)
    live = models()
    assert live.get("ls-1", 20).version == "v1"
    monkeypatch.setattr(model_cache, "give_back", lambda: dead.append(alive() is None))
    repository.put("ls-1", "v2")
    del before, repository.models["ls-1"]["v1"]
    until(lambda: dead)
    assert dead == [True]


MANY_BLOCKS = """
import ctypes, psutil
from wapaganda.ml_backend.prediction.memory import give_back
libc, megabyte = ctypes.CDLL(None), 2**20
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
blocks = [libc.malloc(1000) for _ in range(100_000)]
for block in blocks:
    ctypes.memset(block, 1, 1000)
last = libc.malloc(1000)  # above them, and in use
for block in blocks:
    libc.free(block)
before = psutil.Process().memory_info().rss
give_back()
print((before - psutil.Process().memory_info().rss) // megabyte)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library than glibc")
def test_memory_below_a_block_in_use_goes_back_to_the_system():
    ended = subprocess.run([sys.executable, "-c", MANY_BLOCKS], capture_output=True, check=True)
    assert int(ended.stdout) > 80


def test_nothing_on_the_shelf(models):
    live = models()
    assert live.get("ls-1", 5) is None
    assert live.version("ls-1") == UNTRAINED
    assert live.versions() == ()


def test_a_model_is_there_after_the_start_without_being_asked_for(models, repository):
    repository.put("ls-1", "v1")
    live = models()
    until(lambda: live.state("ls-1").version == "v1")


def test_the_version_is_known_before_the_model_is_loaded(models, repository):
    repository.put("ls-1", "v1")
    repository.gate.clear()
    live = models()
    assert live.version("ls-1") == "v1"
    assert live.get("ls-1", 0.01) is None
    repository.gate.set()
    assert live.get("ls-1", 20).version == "v1"


def test_the_pointer_is_followed_forth_and_back(models, repository):
    repository.put("ls-1", "v1")
    live = models()
    live.get("ls-1", 20)
    repository.put("ls-1", "v2")
    until(lambda: live.version("ls-1") == "v2")
    repository.pointers["ls-1"] = "v1"
    until(lambda: live.version("ls-1") == "v1")
    assert live.get("ls-1", 0).tagger is repository.models["ls-1"]["v1"]


def test_the_old_model_answers_while_the_new_one_loads(models, repository):
    repository.put("ls-1", "v1")
    live = models()
    live.get("ls-1", 20)
    repository.gate.clear()
    repository.loading.clear()
    repository.put("ls-1", "v2")
    assert repository.loading.wait(20)
    assert live.version("ls-1") == "v1"
    assert live.get("ls-1", 5).version == "v1"
    repository.gate.set()
    until(lambda: live.version("ls-1") == "v2")


def test_a_model_that_does_not_load_leaves_the_old_one_and_is_tried_again(models, repository):
    repository.put("ls-1", "v1")
    live = models()
    live.get("ls-1", 20)
    repository.broken.add("v2")
    repository.put("ls-1", "v2")
    until(lambda: live.state("ls-1").error)
    assert "v2 could not be loaded: half a file" in live.state("ls-1").error
    assert live.get("ls-1", 5).version == "v1"
    repository.broken.clear()
    until(lambda: live.version("ls-1") == "v2")
    assert live.state("ls-1").error is None


def test_a_first_model_that_does_not_load_is_not_waited_for(models, repository):
    repository.put("ls-1", "v1")
    repository.broken.add("v1")
    live = models(retry_seconds=1000)
    assert live.get("ls-1", 1000) is None
    assert "half a file" in live.state("ls-1").error


def test_a_damaged_pointer_concerns_its_project_alone(models, repository):
    repository.put("ls-1", "v1")
    repository.put("ls-2", "w1")
    live = models()
    live.get("ls-1", 20)
    repository.pointers["ls-1"] = "damaged"
    until(lambda: live.state("ls-1").error)
    assert live.get("ls-1", 5).version == "v1"
    assert live.get("ls-2", 20).version == "w1"
    repository.pointers["ls-1"] = "v1"
    until(lambda: live.state("ls-1").error is None)


def test_damage_is_logged_once_and_shown(models, repository, caplog):
    repository.put("ls-1", "v1")
    repository.damages["ls-1"] = ("v2 is damaged.",)
    live = models(retry_seconds=0.01)
    until(lambda: live.state("ls-1").damage == ("v2 is damaged.",))
    repository.damages["ls-1"] = ("v2 is damaged.", "v3 is damaged.")
    until(lambda: len(live.state("ls-1").damage) == 2)
    assert caplog.text.count("v2 is damaged.") == 1


def test_the_least_recently_used_model_makes_room(models, repository):
    for number in (1, 2, 3):
        repository.put(f"ls-{number}", "v1")
    live = models(capacity=2)
    until(lambda: live.state("ls-1").version and live.state("ls-2").version)
    live.get("ls-1", 20)
    live.get("ls-3", 20)
    assert live.state("ls-2").version is None
    assert live.state("ls-1").version == "v1"
    assert live.version("ls-2") == "v1"
    assert live.get("ls-2", 20).version == "v1"
    assert live.state("ls-1").version is None


def test_a_project_whose_models_vanish_is_untrained_again(models, repository):
    repository.put("ls-1", "v1")
    live = models()
    live.get("ls-1", 20)
    del repository.pointers["ls-1"]
    until(lambda: live.version("ls-1") == UNTRAINED)


def test_swapping_under_load_never_mixes_or_fails_an_answer(serve, repository, new_tagger):
    """Each version finds another number of entities, so a mixed response would show."""
    repository.put("ls-12", "v0", new_tagger({}))
    server = serve()
    server.services.models._poll_seconds = 0.01
    names = ["Anna", "Bob", "Rome"]
    text = " ".join(names)
    tasks = [{"data": {"text": text}}] * 150

    def ask(_):
        response = server.predict(tasks)
        assert response.status_code == 200
        return {(item["model_version"], len(item["result"])) for item in response.json()["results"]}

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(ask, n) for n in range(60)]
        for number in (1, 2, 3, 1, 3):
            repository.put("ls-12", f"v{number}", new_tagger({name: "PER" for name in names[:number]}))
            server.services.models._wake.set()
            until(lambda number=number: server.services.models.version("ls-12") == f"v{number}")
        found = [each.result() for each in answers]
    assert all(len(kinds) == 1 for kinds in found)
    assert {int(version[1:]) - count for kinds in found for version, count in kinds} == {0}
