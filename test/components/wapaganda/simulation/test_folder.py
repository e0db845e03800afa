"""A folder goes on with what it was begun with, and with nothing else."""

import json
from dataclasses import replace

import pytest

from wapaganda.simulation import Arm, Plan
from wapaganda.simulation.folder import settle


@pytest.fixture
def plan(tiny_encoder):
    return Plan((Arm.parse("random", "boundary"),), tiny_encoder, seed_size=5)


def test_arms_seeds_and_horizon_may_change(plan, toy_documents, tmp_path):
    settle(plan, "toy", toy_documents[:20], toy_documents[20:], tmp_path)

    more = replace(plan, strategies=(Arm.parse("hybrid", "boundary"),), seeds=(7,), rounds=2, full=False)
    settle(more, "toy", toy_documents[:20], toy_documents[20:], tmp_path)

    assert json.loads((tmp_path / "plan.json").read_text("utf-8"))["seeds"] == [7]


@pytest.mark.parametrize(("part", "key"), [("recipe", "steps"), ("options", "shortlist")])
def test_a_product_that_trains_or_samples_otherwise_by_now_is_refused(
    plan, toy_documents, tmp_path, part, key
):
    settle(plan, "toy", toy_documents[:20], toy_documents[20:], tmp_path)
    path = tmp_path / "plan.json"
    stored = json.loads(path.read_text("utf-8"))
    stored[part][key] += 1
    path.write_text(json.dumps(stored), "utf-8")

    with pytest.raises(ValueError, match=f"was: another {part}; name another folder"):
        settle(plan, "toy", toy_documents[:20], toy_documents[20:], tmp_path)


def test_other_texts_are_refused(plan, toy_documents, tmp_path):
    settle(plan, "toy", toy_documents[:20], toy_documents[20:], tmp_path)

    with pytest.raises(ValueError, match="was: another texts"):
        settle(plan, "toy", toy_documents[:21], toy_documents[21:], tmp_path)
