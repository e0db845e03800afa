"""What a simulation comes to, from records whose answers are known beforehand."""

import csv
import io
import json

import pytest

from wapaganda.simulation_report import summarise, write_results
from wapaganda.simulation_report.analysis import AXES

KEYS = {"strategy", "seeds", "rounds", "alc_seconds", "cost_ratio_to_random", "worst_round_delta_f1"}
ROUND_KEYS = {"texts", "words", "entities", "seconds", "f1_mean", "f1_std"}


def round_of(number, texts, f1, density=1.0):
    words, entities = round(10 * texts * density), round(texts * density)
    seconds = 0.39 * words + 4.2 * entities
    return {
        "round": number, "texts": texts, "words": words, "entities": entities, "seconds": seconds,
        "seconds_correcting": 0.5 * seconds, "f1": f1, "precision": f1, "recall": f1, "macro_f1": f1,
        "per_type": {"PER": {"f1": f1, "support": 500}}, "labelled_types": {"PER": entities},
        "estimated_f1": f1 + 0.04, "true_pool_f1": f1 + 0.01, "calibration": None, "near_duplicates": 0,
        "batch_ids": ["a", "b"], "train_seconds": 3.0, "score_seconds": 1.0, "model_seed": 1,
    }  # fmt: skip


def write(out, curves, *, full=0.8, plan=None):
    """``curves``: by (arm, seed) a list of (texts, F1), or of rounds, and whether the run is complete."""
    arms = list(dict.fromkeys(arm for arm, _ in curves))
    seeds = sorted({seed for _, seed in curves})
    (out / "runs").mkdir(parents=True)
    given = {"strategies": [{"name": arm} for arm in arms], "seeds": seeds, "full": full is not None}
    (out / "plan.json").write_text(json.dumps(given | (plan or {})), "utf-8")
    runs = {key: (points, True) if isinstance(points, list) else points for key, points in curves.items()}
    if full is not None:
        runs |= {("full", seed): ([(2000, full)], True) for seed in seeds}
    for (arm, seed), (points, complete) in runs.items():
        rounds = [
            each if isinstance(each, dict) else round_of(number, *each) for number, each in enumerate(points)
        ]
        strategy, _, measure = arm.partition(":")
        run = {"arm": {"name": arm, "strategy": strategy, "measure": measure}, "seed": seed}
        path = out / "runs" / f"{strategy}-{measure}-seed{seed}.json"
        path.write_text(json.dumps(run | {"complete": complete, "rounds": rounds}), "utf-8")
    return out


def arm_of(out, name):
    return next(arm for arm in summarise(out).strategies if arm.strategy == name)


SLOW = [(100, 0.4), (300, 0.6), (500, 0.8)]
FAST = [(100, 0.4), (200, 0.6), (300, 0.8)]


def test_a_strategy_twice_as_fast_needs_half(tmp_path):
    out = write(tmp_path / "o", {("random", 1): SLOW, ("quick", 1): FAST}, full=0.8)
    saving = arm_of(out, "quick").savings["0.95"]
    # 0.95 · 0.8 = 0.76 lies at 100 + 0.9 · 400 = 460 texts for random, and at 280 for the other.
    assert saving.cost["texts"] == pytest.approx(280)
    assert saving.random_cost["texts"] == pytest.approx(460)
    assert saving.ratio == {axis: pytest.approx(280 / 460) for axis in AXES}
    last = arm_of(out, "quick").savings["random_last"]
    assert last.ratio["seconds"] == pytest.approx(300 / 500)


def test_texts_full_of_entities_cost_more_seconds(tmp_path):
    dear = [round_of(number, texts, f1, 2.0 if number else 1.0) for number, (texts, f1) in enumerate(FAST)]
    out = write(tmp_path / "o", {("random", 1): SLOW, ("dear", 1): dear})
    ratio = arm_of(out, "dear").savings["0.99"].ratio
    assert ratio["texts"] < 0.7 < 1.0 < ratio["seconds"]


def test_the_paired_difference_does_not_see_how_seeds_differ(tmp_path):
    curves = {}
    for seed, level in ((1, 0.0), (2, 0.1), (3, -0.1)):
        curves["random", seed] = [(texts, f1 + level) for texts, f1 in SLOW]
        curves["better", seed] = [(texts, f1 + level + (0.02 if texts > 100 else 0)) for texts, f1 in SLOW]
    arm = arm_of(write(tmp_path / "o", curves), "better")
    difference = arm.areas["seconds"].difference
    # Up to the first batch the gain grows from 0 to 0.02: 0.01 over half the range, 0.02 over the other.
    assert difference.mean == pytest.approx(0.015)
    assert difference.std == pytest.approx(0.0, abs=1e-12)
    assert arm.areas["seconds"].value.std > 0.05
    assert arm.to_dict()["alc_seconds"] == pytest.approx(0.6 + 0.015)


def test_the_worst_round_is_found_at_equal_seconds_and_not_in_the_seed_set(tmp_path):
    dips = [(100, 0.4), (200, 0.47), (300, 0.62), (500, 0.9), (700, 0.1)]
    worst = arm_of(write(tmp_path / "o", {("random", 1): SLOW, ("dips", 1): dips}), "dips").worst
    assert (worst.round, worst.random_f1) == (1, pytest.approx(0.5))
    assert worst.delta_f1 == pytest.approx(-3.0)  # the last round lies beyond what random was paid


def test_a_level_that_random_never_reaches_gives_a_bound_and_a_reason(tmp_path):
    low = [(100, 0.4), (300, 0.6), (500, 0.7)]
    out = write(tmp_path / "o", {("random", 1): low, ("quick", 1): FAST, ("never", 1): low[:2]})
    quick, never = arm_of(out, "quick").savings["0.99"], arm_of(out, "never").savings["0.99"]
    assert quick.ratio["texts"] is None
    assert quick.at_most["texts"] == pytest.approx((100 + 200 * 0.98) / 500)
    assert quick.note == "Random did not get there with 500 texts (its level at the end: F1 70.0)."
    assert "It did not get there with 300 texts" in never.note
    assert never.at_most == never.at_least == {}
    known = arm_of(out, "never").savings["random_last"]
    assert known.ratio["texts"] is None
    assert known.at_least["texts"] == pytest.approx(300 / 500)
    notes = arm_of(out, "quick").to_dict()
    assert notes["cost_ratio_to_random"] == {"0.95": None, "0.97": None, "0.99": None}
    assert set(notes["ratio_notes"]) == {"0.95", "0.97", "0.99"}


def test_leaving_one_seed_out_shows_how_steady_a_ratio_is(tmp_path):
    curves = {("random", seed): SLOW for seed in (1, 2, 3)}
    curves |= {("quick", 1): FAST, ("quick", 2): FAST, ("quick", 3): SLOW}
    low, high = arm_of(write(tmp_path / "o", curves), "quick").savings["0.95"].spread["texts"]
    ratio = arm_of(tmp_path / "o", "quick").savings["0.95"].ratio["texts"]
    assert low == pytest.approx(280 / 460)
    assert low < ratio < high < 1


def test_the_file_has_what_the_issue_asks_for(synthetic):
    results = write_results(synthetic(rounds=14))
    written = json.loads(results.summary_json.read_text("utf-8"), parse_constant=pytest.fail)
    assert written["complete"] is True
    assert written["missing"] == []
    assert 0.7 < written["full_f1"] < 0.75
    assert written["strategies"][0]["strategy"] == "random"
    for arm in written["strategies"]:
        assert arm.keys() >= KEYS
        assert all(each.keys() >= ROUND_KEYS for each in arm["rounds"])
        assert arm["seeds"] == 3
        for key in ("cost", "text", "word", "entity", "correcting"):
            assert set(arm[f"{key}_ratio_to_random"]) == {"0.95", "0.97", "0.99"}
    random, _, hybrid = written["strategies"]
    assert random["cost_ratio_to_random"]["0.95"] == 1.0
    assert random["worst_round_delta_f1"] is None
    assert hybrid["cost_ratio_to_random"]["0.95"] < 1
    assert hybrid["alc_seconds"] > random["alc_seconds"]
    assert sorted(path.name for path in results.paths) == ["curves.csv", "report.html", "summary.json"]
    assert not list(results.summary_json.parent.glob("*.part"))


def test_the_spreadsheet_has_every_round_of_every_run(synthetic):
    out = synthetic(seeds=(1, 2), rounds=3)
    rows = list(csv.DictReader(io.StringIO(write_results(out).curves_csv.read_text("utf-8"))))
    assert len(rows) == 3 * 2 * 4 + 2
    (row,) = [
        row for row in rows if (row["strategy"], row["seed"], row["round"]) == ("uncertainty:mnlp", "2", "3")
    ]
    wanted = json.loads((out / "runs" / "uncertainty-mnlp-seed2.json").read_text("utf-8"))["rounds"][3]
    assert float(row["f1"]) == pytest.approx(wanted["f1"], abs=1e-6)
    assert float(row["seconds"]) == pytest.approx(wanted["seconds"])
    assert row["texts"] == "250"


def test_the_same_records_give_the_same_files(synthetic):
    out = synthetic()
    first = [path.read_bytes() for path in write_results(out).paths]
    assert [path.read_bytes() for path in write_results(out).paths] == first


class TestUnfinished:
    def test_it_says_what_is_missing(self, synthetic):
        out = synthetic(unfinished=[(("uncertainty:mnlp", 1), 2), (("uncertainty:mnlp", 3), -1)])
        (out / "runs" / "full-seed2.json").unlink()
        summary = summarise(out)
        assert not summary.complete
        assert summary.missing == (
            "uncertainty:mnlp: seed 1 has reached 150 texts, seed 3 is not started.",
            "The training on the whole pool: seed 2 is not started.",
        )
        arm = next(arm for arm in summary.strategies if arm.strategy == "uncertainty:mnlp")
        assert (arm.seeds, arm.complete, arm.finished) == ((2,), False, True)

    def test_a_run_that_has_started_does_not_narrow_the_comparison_of_the_others(self, synthetic):
        short = [(("uncertainty:mnlp", seed), 2) for seed in (1, 2, 3)]
        out = synthetic(unfinished=short)
        arms = {arm.strategy: arm for arm in summarise(out).strategies}
        width = arms["random"].areas["texts"]
        assert (width.low, width.high) == (100, 500)
        assert arms["uncertainty:mnlp"].areas == {}
        assert len(arms["uncertainty:mnlp"].rounds) == 2

    def test_runs_of_different_length_are_cut_to_the_shortest_until_one_is_complete(self, tmp_path):
        curves = {("random", 1): (SLOW, False), ("random", 2): (SLOW[:2], False)}
        out = write(tmp_path / "o", curves)
        assert [each.n_seeds for each in arm_of(out, "random").rounds] == [2, 2]

    @pytest.mark.parametrize("drawn", [0, 1])
    def test_nothing_or_only_the_seed_set_is_there(self, synthetic, drawn):
        arms = ("random", "hybrid:expected_errors")
        limits = [((arm, seed), drawn or -1) for arm in arms for seed in (1, 2, 3)]
        results = write_results(synthetic(arms=arms, unfinished=limits, full=False))
        assert len(results.summary.missing) == 2  # no full run: the plan wanted none
        assert all("Random was not" not in each for each in results.summary.remarks)
        assert all(not arm.areas and arm.worst is None for arm in results.summary.strategies)
        json.loads(results.summary_json.read_text("utf-8"), parse_constant=pytest.fail)

    def test_a_calibration_that_is_still_to_come_is_missing(self, tmp_path):
        plan = {"calibrate_at": 300}
        summary = summarise(write(tmp_path / "o", {("random", 1): SLOW, ("early", 1): SLOW[:1]}, plan=plan))
        assert summary.missing == ("random: seed 1 lacks its calibration.",)
        assert summary.random.finished

    def test_a_damaged_file_is_left_out_and_named(self, synthetic):
        out = synthetic()
        (out / "runs" / "random-seed1.json").write_text('{"arm": {"na', "utf-8")
        summary = summarise(out)
        assert summary.missing[0].startswith("Left out because it cannot be read: random-seed1.json (JSONDec")
        assert summary.random.seeds == (2, 3)

    def test_runs_that_the_plan_does_not_name_are_left_out(self, synthetic):
        out = synthetic(arms=("random", "diversity"))
        plan = json.loads((out / "plan.json").read_text("utf-8"))
        (out / "plan.json").write_text(json.dumps(plan | {"strategies": ["random"], "seeds": [2]}), "utf-8")
        (arm,) = summarise(out).strategies
        assert (arm.strategy, arm.seeds) == ("random", (2,))


class TestRemarks:
    def test_one_seed(self, synthetic):
        summary = summarise(synthetic(seeds=(1,)))
        assert any(each.startswith("One seed") for each in summary.remarks)
        assert summary.strategies[0].rounds[0].f1_low is None

    def test_no_random(self, synthetic):
        results = write_results(synthetic(arms=("diversity", "uncertainty:mnlp")))
        assert any("Random was not simulated" in each for each in results.summary.remarks)
        assert all(arm.savings == {} and arm.worst is None for arm in results.summary.strategies)

    def test_a_whole_pool_that_is_no_ceiling(self, tmp_path):
        remarks = summarise(write(tmp_path / "o", {("random", 1): SLOW}, full=0.77)).remarks
        (remark,) = [each for each in remarks if "need more training" in each]
        assert remark.startswith(
            "The model of the whole pool (77.0) is worse than one of a part of it (80.0)"
        )

    def test_few_test_entities(self, synthetic):
        summary = summarise(synthetic(types={"PER": 0.1}))
        assert summary.test_entities == 70
        (remark,) = [each for each in summary.remarks if "only 70 entities" in each]
        assert "roughly ±11 points" in remark

    def test_near_copies(self, tmp_path):
        rounds = [round_of(number, *each) | {"near_duplicates": 1} for number, each in enumerate(SLOW)]
        remarks = summarise(write(tmp_path / "o", {("random", 1): rounds})).remarks
        assert any("50.0% of the texts that it chose" in each for each in remarks)

    def test_nothing_to_remark(self, synthetic):
        assert summarise(synthetic()).remarks == ()


def test_calibrations_are_joined_over_seeds(synthetic):
    found = next(arm for arm in summarise(synthetic()).strategies if arm.is_random).quality
    assert found.calibration.n == 3
    assert found.calibration.texts == 200
    assert found.calibration.ece_before > 0.1 > found.calibration.ece_after
    assert sum(n for _, _, n in found.calibration.bins) == 3 * 7 * 40
    # Estimated are f1 + 0.07 and f1 + 0.012 where the truth is f1 + 0.01.
    assert found.calibration.error_before == pytest.approx(0.06)
    assert found.calibration.error_after == pytest.approx(0.002)


def test_the_estimate_is_judged_over_all_rounds(tmp_path):
    found = arm_of(write(tmp_path / "o", {("random", 1): SLOW}), "random").quality
    assert (found.estimate_error, found.estimate_worst) == (pytest.approx(0.03), pytest.approx(0.03))


def test_a_folder_without_a_plan_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="Expected the plan of a simulation"):
        summarise(tmp_path)
    (tmp_path / "plan.json").write_text("[]", "utf-8")
    with pytest.raises(ValueError, match="Expected a JSON object"):
        summarise(tmp_path)
