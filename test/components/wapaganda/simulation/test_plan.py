"""What a user may write down as an arm and as a plan."""

import json
from dataclasses import replace

import pytest

from wapaganda.simulation import Arm, Plan


def plan(**changes) -> Plan:
    return Plan(**{"strategies": (Arm.parse("random", "mnlp"),), "encoder": "any", **changes})


def test_an_arm_without_a_measure_has_the_common_one():
    assert Arm.parse("hybrid", "mnlp") == Arm("hybrid", "hybrid", "mnlp")
    assert Arm.parse("hybrid:boundary", "mnlp") == Arm("hybrid:boundary", "hybrid", "boundary")


def test_an_arm_may_change_what_the_plan_says_for_itself_alone():
    arm = Arm.parse("hybrid:boundary:cost_exponent=0.5+prices=correcting+shortlist=3+threshold=0.1", "mnlp")
    config = arm.config(plan(threshold=0.9).config())
    assert (config.strategy, config.measure) == ("hybrid", "boundary")
    assert (config.cost_exponent, config.prices, config.threshold) == (0.5, "correcting", 0.1)
    assert config.options.shortlist == 3


@pytest.mark.parametrize(
    ("text", "told"),
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
def test_a_wrong_arm_is_told(text, told):
    with pytest.raises(ValueError, match=told):
        Arm.parse(text, "mnlp")


@pytest.mark.parametrize(
    ("changes", "told"),
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
def test_a_wrong_plan_is_told(changes, told):
    with pytest.raises(ValueError, match=told):
        plan(**changes)


def test_batches_grow_as_asked():
    by_lot, own = Arm.parse("random", "mnlp"), Arm.parse("hybrid:mnlp:growth=1", "mnlp")
    growing = plan(strategies=(by_lot, own), seed_size=100, batch=50, growth=1.5)
    assert [growing.batch_size(by_lot, number) for number in (1, 2, 3)] == [50, 75, 112]
    assert [growing.texts_at(by_lot, number) for number in (0, 1, 2)] == [100, 150, 225]
    assert [growing.texts_at(own, number) for number in (0, 1, 2)] == [100, 150, 200]


def test_a_plan_comes_back_from_json_as_it_was():
    made = plan(strategies=(Arm.parse("hybrid:mnlp:threshold=0.2", "mnlp"),), seeds=(4, 2), layers=3)
    assert Plan.from_dict(json.loads(json.dumps(made.to_dict() | {"corpus": {}}))) == made


def test_only_arms_seeds_and_horizon_may_differ_in_one_folder():
    one = plan()
    assert one.common() == replace(one, seeds=(7,), rounds=20, full=False).common()
    assert one.common() != replace(one, batch=20).common()
