"""Two real actors on this machine: what they do, what they listen on, what is left of them."""

import importlib
import os
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
    here = str(Path(__file__).parent)
    monkeypatch.syspath_prepend(here)
    monkeypatch.setenv("PYTHONPATH", here, prepend=os.pathsep)
    return importlib.import_module("actor_work").Work


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("wapaganda.ray_engine.engine.find_spec", lambda name: None)
    with pytest.raises(InputError) as error:
        RayEngine()
    assert "[ray]" in error.value.hint


@pytest.mark.real
@pytest.mark.slow
def test_two_actors_that_nobody_else_reaches_do_the_work_until_one_dies(work, tmp_path):
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    before = set(Path("/tmp").glob("ray-*"))
    answers: list[dict] = []
    with pytest.raises(EngineError, match="actor died"):
        answers.extend(RayEngine(2, device="cpu")(work, [str(meeting), str(meeting), "die"]))
    pids = {int(each.name) for each in meeting.iterdir()}
    assert len(pids) == 2
    assert {each["threads"] for each in answers} == {"1"}
    places = {place for each in answers for place in each["places"]}
    assert {place.removeprefix("::ffff:") for place in places} == {"127.0.0.1"}
    assert not any(map(psutil.pid_exists, pids))
    assert set(Path("/tmp").glob("ray-*")) <= before


def test_wrong_input_is_an_answer_that_can_be_raised(work):
    row = _Actor(pickle.dumps(work))({"item": pickle.dumps("3")})
    error = pickle.loads(row["answer"])
    assert isinstance(error, InputError)
    assert error.hint == "Take 5."
