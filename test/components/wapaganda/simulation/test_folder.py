"""A folder continues only with the plan that it was started with."""

import json
from dataclasses import replace

import pytest

from wapaganda.pipeline import LoopConfig
from wapaganda.simulation import Arm, Plan
from wapaganda.simulation.folder import settle_plan


@pytest.fixture
def plan(tiny_encoder):
    return Plan((Arm.parse("random", "boundary"),), LoopConfig(tiny_encoder), seed_size=5)


def test_arms_seeds_and_horizon_may_change(plan, toy_documents, tmp_path):
    settle_plan(plan, "toy", toy_documents[:20], toy_documents[20:], tmp_path)

    more = replace(plan, strategies=(Arm.parse("hybrid", "boundary"),), seeds=(7,), rounds=2, full=False)
    settle_plan(more, "toy", toy_documents[:20], toy_documents[20:], tmp_path)

    assert json.loads((tmp_path / "plan.json").read_text("utf-8"))["seeds"] == [7]


@pytest.mark.parametrize(("part", "key"), [("recipe", "steps"), ("options", "shortlist")])
def test_a_product_that_trains_or_samples_differently_by_now_is_refused(
    plan, toy_documents, tmp_path, part, key
):
    settle_plan(plan, "toy", toy_documents[:20], toy_documents[20:], tmp_path)
    path = tmp_path / "plan.json"
    stored = json.loads(path.read_text("utf-8"))
    stored[part][key] += 1
    path.write_text(json.dumps(stored), "utf-8")

    with pytest.raises(ValueError, match=f"was: another {part}; name another folder"):
        settle_plan(plan, "toy", toy_documents[:20], toy_documents[20:], tmp_path)


def test_other_texts_are_refused(plan, toy_documents, tmp_path):
    settle_plan(plan, "toy", toy_documents[:20], toy_documents[20:], tmp_path)

    with pytest.raises(ValueError, match="was: another texts"):
        settle_plan(plan, "toy", toy_documents[:21], toy_documents[21:], tmp_path)


def test_a_folder_of_an_earlier_version_is_continued(plan, toy_documents, tmp_path):
    settle_plan(plan, "toy", toy_documents[:20], toy_documents[20:], tmp_path)
    path = tmp_path / "plan.json"
    stored = json.loads(path.read_text("utf-8"))
    stored["options"]["type_floor"] = 0
    stored["strategies"][0]["changes"] = {"excerpt_words": 5.0}
    path.write_text(json.dumps(stored | {"excerpt_words": 0}), "utf-8")

    settle_plan(plan, "toy", toy_documents[:20], toy_documents[20:], tmp_path)

    assert "excerpt_words" not in json.loads(path.read_text("utf-8"))
