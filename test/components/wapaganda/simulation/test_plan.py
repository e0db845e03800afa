"""What a user may give as an arm and as a plan."""

import json
from dataclasses import replace

import pytest

from wapaganda.pipeline import LoopConfig
from wapaganda.simulation import Arm, Plan


def plan(**changes) -> Plan:
    loop = LoopConfig(
        "any", **{name: changes.pop(name) for name in ("threshold", "prices") if name in changes}
    )
    return Plan(**{"strategies": (Arm.parse("random", "mnlp"),), "loop": loop, **changes})


def test_an_arm_without_a_measure_has_the_common_one():
    assert Arm.parse("hybrid", "mnlp") == Arm("hybrid", "hybrid", "mnlp")
    assert Arm.parse("hybrid:boundary", "mnlp") == Arm("hybrid:boundary", "hybrid", "boundary")


def test_an_arm_may_change_what_the_plan_says_for_itself_alone():
    arm = Arm.parse("hybrid:boundary:cost_exponent=0.5+prices=correcting+shortlist=3+threshold=0.1", "mnlp")
    config = arm.config(plan(threshold=0.9).loop)
    assert (config.strategy, config.measure) == ("hybrid", "boundary")
    assert (config.cost_exponent, config.prices, config.threshold) == (0.5, "correcting", 0.1)
    assert config.options.shortlist == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("best", "Expected a strategy among"),
        ("hybrid:best", "Expected a measure among"),
        (
            "k_center",
            "'k_center', which was removed .docs/experiments.md says .*; use 'diversity'",
        ),
        ("hybrid:boundary:type_floor=3", "'type_floor', which was removed .*; use hybrid without it instead"),
        ("uncertainty:bald", "removed because no experiment showed a gain"),
        ("hybrid:mnlp:colour=red", "Expected a change of"),
        ("hybrid:mnlp:threshold=low", "Expected a number for threshold"),
    ],
)
def test_a_wrong_arm_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Arm.parse(text, "mnlp")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategies": ()}, "at least one strategy"),
        ({"strategies": (Arm.parse("random", "mnlp"),) * 2}, "each once"),
        ({"seeds": ()}, "at least one seed"),
        ({"seeds": (1, 1)}, "each once"),
        ({"batch": 0}, "batch above 0"),
        ({"rounds": -1}, "rounds of 0 or more"),
        ({"prices": "none"}, "prices among"),
        ({"strategies": (Arm.parse("hybrid:mnlp:random_share=2", "mnlp"),)}, "random share between 0 and 1"),
        ({"strategies": (Arm.parse("hybrid:mnlp:growth=0", "mnlp"),)}, "growth above 0, was: 0.0 in hybrid"),
    ],
)
def test_a_wrong_plan_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        plan(**changes)


def test_batches_grow_by_the_factor():
    random, own = Arm.parse("random", "mnlp"), Arm.parse("hybrid:mnlp:growth=1", "mnlp")
    growing = plan(strategies=(random, own), seed_size=100, batch=50, growth=1.5)
    assert [growing.batch_size(random, number) for number in (1, 2, 3)] == [50, 75, 112]
    assert [growing.texts_at(random, number) for number in (0, 1, 2)] == [100, 150, 225]
    assert [growing.texts_at(own, number) for number in (0, 1, 2)] == [100, 150, 200]


def test_a_plan_comes_back_from_json_as_it_was():
    made = plan(strategies=(Arm.parse("hybrid:mnlp:threshold=0.2", "mnlp"),), seeds=(4, 2), layers=3)
    assert Plan.from_dict(json.loads(json.dumps(made.to_dict() | {"corpus": {}}))) == made


def test_a_plan_of_an_earlier_version_is_read():
    values = {
        "strategies": [{"name": "random", "strategy": "random", "measure": "boundary"}],
        "encoder": "any", "seed_size": 100, "batch": 50, "growth": 1.4, "rounds": 8, "seeds": [1, 2],
        "pool_size": 2000, "layers": None, "learning_rate": 0.001, "train_steps": None,
        "self_training": False, "threshold": 0.7, "cost_exponent": 0.5, "prices": "scratch",
        "excerpt_words": 0, "full": True,
        "calibrate_at": 0, "device": "cpu", "corpus": {"name": "wikigold"}, "texts": {}, "recipe": {},
    }  # fmt: skip
    read = Plan.from_dict(values)
    assert read.loop == LoopConfig("any", learning_rate=0.001, device="cpu")
    assert (read.seeds, read.growth, read.strategies[0].changes) == ((1, 2), 1.4, {})
    assert read.to_dict() == {name: values[name] for name in read.to_dict() if name != "strategies"} | {
        "strategies": [values["strategies"][0] | {"changes": {}}]
    }
    values["strategies"][0]["changes"] = {"excerpt_words": 5.0}
    with pytest.raises(ValueError, match="excerpt_words in random"):
        Plan.from_dict(values)


def test_only_arms_seeds_and_horizon_may_differ_in_one_folder():
    one = plan()
    assert one.common() == replace(one, seeds=(7,), rounds=20, full=False).common()
    assert one.common() != replace(one, batch=20).common()
