"""Two real actors on this machine: what they do, what they listen on, what is left of them."""

import importlib
import pickle
from pathlib import Path

import psutil
import pytest

from wapaganda.errors import InputError
from wapaganda.ray_engine import EngineError, RayEngine
from wapaganda.ray_engine.engine import _Actor

# Ray meets its own deprecations.
pytestmark = pytest.mark.filterwarnings(r"ignore:::ray\..*")


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> type:
    """What the actors do, in a module that they can import."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return importlib.import_module("actor_work").Work


@pytest.fixture
def engine() -> RayEngine:
    return RayEngine(2, device="cpu")


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("wapaganda.ray_engine.engine.find_spec", lambda name: None)
    with pytest.raises(InputError) as error:
        RayEngine()
    assert "[ray]" in error.value.hint


@pytest.mark.real
@pytest.mark.slow
def test_two_actors_do_the_work_and_nobody_else_reaches_them(engine, work, capfd):
    before = set(Path("/tmp").glob("ray-*"))
    answers = list(engine(work, range(10, 16)))
    assert sorted(each["item"] for each in answers) == list(range(10, 16))
    assert len({each["pid"] for each in answers}) == 2
    assert {each["threads"] for each in answers} == {"1"}
    places = {place for each in answers for place in each["places"]}
    assert places
    assert {place.removeprefix("::ffff:") for place in places} == {"127.0.0.1"}
    assert not any(psutil.pid_exists(each["pid"]) for each in answers)
    assert set(Path("/tmp").glob("ray-*")) <= before
    assert capfd.readouterr() == ("", "")


@pytest.mark.real
@pytest.mark.slow
def test_a_dead_actor_is_one_sentence(engine, work):
    with pytest.raises(EngineError, match="actor died"):
        list(engine(work, [4]))


def test_wrong_input_is_an_answer_that_can_be_raised(work):
    row = _Actor(pickle.dumps(work))({"item": pickle.dumps(3)})
    error = pickle.loads(row["answer"])
    assert isinstance(error, InputError)
    assert error.hint == "Take 5."
