"""H1, H2 and H3 worked out by hand, and their part of the page."""

import json
from math import exp, log, sqrt

import pytest

from wapaganda.errors import InputError
from wapaganda.simulation import ModelPoint, WayRecord
from wapaganda.simulation_report import ratio_of, summarise, write_results
from wapaganda.simulation_report.analysis.data_set import model_hours


def way(*points: tuple[float, float]) -> WayRecord:
    models = tuple(ModelPoint(100 + number, hours, f1, 0.5) for number, (hours, f1) in enumerate(points))
    return WayRecord(models, (100,), (1.0,), (0.5,), {}, {})


def test_ratios_are_averaged_as_logarithms_with_a_jackknife():
    assert ratio_of([]) is None
    assert ratio_of([0.4]).low is None
    found = ratio_of([0.25, 1.0])
    assert found.mean == pytest.approx(0.5)
    # The jackknife of a mean is the usual standard error: |ln 0.25| / 2; t of one degree is 12.7.
    half = 12.7062 * abs(log(0.25)) / 2 / sqrt(1)
    assert found.low == pytest.approx(0.5 * exp(-half), rel=1e-3)
    assert found.high == pytest.approx(0.5 * exp(half), rel=1e-3)


def test_model_hours_compare_the_levels_that_both_reach():
    assert model_hours([(way((1, 0.5), (2, 0.7)), way((1, 0.5), (4, 0.7)))]).mean == pytest.approx(
        exp(-log(2) / 2)
    )  # at the first level equal, at the last half of the hours: the mean logarithm is the half of that
    ahead = model_hours([(way((1, 0.8), (2, 0.9)), way((1, 0.5), (4, 0.7)))])
    assert (ahead.mean, ahead.at_most) == (None, 0.25)
    assert model_hours([(way((1, 0.8)), way((1, 0.5), (4, 0.7)))]) is None
    assert model_hours([]) is None


def test_summary_of_two_seeds(synthetic_data_set):
    found = summarise(synthetic_data_set()).data_set
    assert found.seeds == (1, 2)
    ours, standard = (found.hours[name]["0.90"] for name in ("ours", "standard"))
    assert ours < standard
    assert found.h1["0.90"].mean < 1
    assert found.h1["0.90"].low < found.h1["0.90"].mean < found.h1["0.90"].high
    assert found.h2.mean < found.h3.mean < 1
    assert found.conditions["scratch prices"]["0.90"].mean == pytest.approx(0.75)
    assert found.conditions["scratch prices"]["0.95"] is None  # not reached
    assert found.review["0.90"].mean == pytest.approx(0.5)
    assert found.estimate_errors == pytest.approx((0.01, 0.01))  # only where the model was cross-fitted


def test_a_data_set_alone_and_beside_strategies(synthetic, synthetic_data_set):
    out = synthetic_data_set(ladder=False)
    page = write_results(out).report_html.read_text("utf-8")
    assert "The finished data set" in page
    assert "No round is finished yet" not in page
    assert "N = 1,187 texts" in page
    assert page.count("<figure") == 1
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    assert summary["strategies"] == []
    assert summary["missing"] == []
    assert summary["data_set"]["h3"] is None
    assert synthetic() == synthetic_data_set() == out
    both = write_results(out).report_html.read_text("utf-8")
    assert "The finished data set" in both
    assert "Learning curves" in both
    ids = [part.split('"')[0] for part in both.split(' id="')[1:]]
    assert len(ids) == len(set(ids))


def test_a_damaged_result_is_named(synthetic_data_set):
    out = synthetic_data_set()
    (out / "data_set" / "seed1.json").write_text("{}", "utf-8")
    with pytest.raises(InputError, match=r"seed1\.json"):
        summarise(out)
