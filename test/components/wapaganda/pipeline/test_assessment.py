"""How good the live model is and what more labels buy, in the report of a round."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from wapaganda.annotation_cost import CORRECTING, Prices
from wapaganda.calibration import Calibration, ConfidenceMap
from wapaganda.metrics import annotator_agreement
from wapaganda.ner import Document, Span
from wapaganda.pipeline import PoolScores, RoundReport
from wapaganda.pipeline.round.assessment import assess_progress
from wapaganda.pipeline.round.report import AnnotatorsPart
from wapaganda.pipeline.selection.prices import (
    fitted_prices,
    read_proposals,
    seconds_per_text,
    write_proposals,
)
from wapaganda.sampler import SelectedText, Selection
from wapaganda.uncertainty import Expectation

EXPECTED = Expectation(
    n_words=np.array([10, 20, 30]),
    predicted=np.array([2, 2, 0]),
    expected_correct=np.array([1.5, 1.5, 0.0]),
    entities=np.array([[2.0, 0.0], [1.0, 1.5], [0.0, 0.5]]),
)
SCORED = PoolScores(("a", "b", "c"), np.zeros(3), np.zeros((3, 1), np.float16), EXPECTED, ("PER",))


def chosen(*ids, should_stop=False):
    picks = tuple(SelectedText(0, each, 0.5, rank, "uncertain") for rank, each in enumerate(ids, 1))
    return Selection(picks, 3, 3, 0, 0, 0, "reason", should_stop)


def test_the_pool_f1_is_estimated_and_the_chosen_texts_are_priced():
    found = assess_progress([(100, 0.4), (150, 0.5)], 200, SCORED, chosen("b"), 0.8, CORRECTING)
    assert found.estimated_f1 == pytest.approx(2 * 3.0 / (4 + 5))
    seconds = 20 * 0.39 + 1.5 * 0.8 + 1.0 * 4.2 + 0.5 * 1.5  # read, confirm, mark, remove
    assert found.forecast.hours == pytest.approx(100 * seconds / 3600)
    assert found.forecast.gain > 0
    assert found.forecast.summary in found.advice.reason
    assert found.agreement == 0.8


def test_without_a_model_nothing_is_estimated_and_the_advice_is_to_go_on():
    found = assess_progress([], 0, None, chosen("a"), None, CORRECTING)
    assert (found.estimated_f1, found.forecast.gain, found.forecast.hours) == (None, None, None)
    assert not found.advice.stop


def test_the_estimate_is_corrected_by_what_cross_fitting_knows():
    known = Calibration(1.0, ConfidenceMap(), 0.5, (0.5, 0.5), 0.6, 0.1, 0.1, 200, folds=10**6)

    found = assess_progress([], 200, SCORED, chosen("b"), None, CORRECTING, known)

    assert found.estimated_f1 == pytest.approx(2 * 3.0 / (4 + 5) - 0.1)


def test_no_candidate_is_advice_to_stop():
    assert assess_progress([], 100, SCORED, chosen("a", should_stop=True), None, CORRECTING).advice.stop


def test_an_empty_pool_is_no_perfect_model():
    nothing = PoolScores((), np.zeros(0), np.zeros((0, 0), np.float16), Expectation.join([]), ("PER",))
    found = assess_progress([(100, 0.5)], 150, nothing, chosen(), None, CORRECTING)
    assert found.estimated_f1 is None
    assert seconds_per_text(nothing.expectation, CORRECTING) is None


def test_proposals_are_kept_by_round_and_the_last_counts(tmp_path, caplog):
    first = Document("1", "Ada and Bob", (Span(0, 3, "NAME", 0.5),))
    write_proposals(tmp_path / "001", [first, replace(first, id="2")])
    write_proposals(tmp_path / "002", [replace(first, spans=())])
    assert read_proposals(tmp_path) == {"1": (), "2": (Span(0, 3, "NAME"),)}
    assert read_proposals(tmp_path / "nowhere") == {}
    assert json.loads((tmp_path / "002" / "proposals.json").read_text()) == {"1": []}
    damaged = tmp_path / "002" / "proposals.json"
    damaged.write_text(damaged.read_text()[:-3])
    assert read_proposals(tmp_path).keys() == {"1", "2"}
    assert str(damaged) in caplog.text


def annotated(number, seconds, **meta):
    name = Span(0, 3, "NAME")
    return Document(str(number), f"Ada {'went ' * (number % 7)}", (name,), {"lead_time": seconds, **meta})


def test_lead_times_show_what_confirming_costs():
    rng = np.random.default_rng(3)
    proposals = {str(number): (Span(0, 3, "NAME"),) for number in range(200)}
    documents = [
        annotated(
            number,
            (1.2 * (1 + number % 7) + (2.0 if number < 200 else 9.0)) * rng.normal(1, 0.05),
            **({"parent_prediction": 7} if number < 200 else {}),
        )
        for number in range(400)
    ]
    found = fitted_prices(documents, proposals)
    assert found.n_used == 400
    assert found.prices.word == pytest.approx(1.2, rel=0.1)
    assert found.prices.confirmation == pytest.approx(2.0, rel=0.25)
    assert found.prices.entity == pytest.approx(9.0, rel=0.1)
    # A corrected text whose proposals nobody knows tells nothing; nor does one without a time.
    assert fitted_prices(documents[:200], {}).n_used == 0
    assert fitted_prices([replace(each, meta={}) for each in documents], proposals).prices == CORRECTING
    assert isinstance(found.prices, Prices)


def test_lead_times_of_chinese_texts_are_fitted_to_words_that_a_reader_reads():
    rng = np.random.default_rng(4)
    documents = [
        Document(str(n), "北京" * n, (), {"lead_time": 0.5 * math.ceil(2 * n / 1.6) * rng.normal(1, 0.05)})
        for n in range(1, 61)
    ]
    assert fitted_prices(documents, {}).prices.word == pytest.approx(0.5, rel=0.05)


def test_a_report_of_an_earlier_version_still_loads():
    new = {
        *("estimated_f1", "cross_validated_f1", "cross_validated_interval", "temperature", "ece"),
        *("agreement", "forecast", "forecast_gain", "forecast_hours", "pricing", "advice", "read"),
        *("train_f1", "loss_share", "undertrained"),
        *("n_labelled_twice", "annotator_f1", "annotator_interval"),
        *("proposal_floor", "spans_shown", "spans_hidden"),
        *("purpose", "file_f1", "file_interval", "people_share", "hours_spent", "hours_left"),
        *("texts_left", "target_f1", "texts_unscored", "doubted_empty"),
    }
    report = RoundReport.from_dict(EARLIER)
    assert report.assessment.estimated_f1 is None
    assert report.assessment.advice == ""
    assert {key: value for key, value in report.to_dict().items() if key not in new} == {
        **EARLIER,
        "notes": (),
    }
    later = replace(
        report,
        calibration=replace(report.calibration, cross_validated_interval=(0.1, 0.2)),
        assessment=replace(report.assessment, estimated_f1=0.5),
        file=replace(report.file, file_f1=0.9, file_interval=(0.8, 0.95)),
    )
    assert RoundReport.from_dict(json.loads(json.dumps(later.to_dict()))) == later


def test_keys_of_a_later_version_are_ignored_and_the_keys_on_disk_are_flat():
    report = RoundReport.from_dict({**EARLIER, "of_a_later_version": 1, "notes": ["a message"]})
    assert report.messages == ("a message",)
    assert (report.training.n_train, report.scores.f1, report.selection.summary) == (26, 0.5, "s")
    flat = report.to_dict()
    assert set(EARLIER) <= set(flat)
    assert len(flat) == 58
    assert not any(
        isinstance(value, dict)
        for key, value in flat.items()
        if key not in ("per_type_f1", "seconds", "read", "spans_shown", "spans_hidden", "doubted_empty")
    )


EARLIER = {
    **{"number": 1, "batch": "al-001", "version": "v0001-00000000", "live": "v0001-00000000"},
    **{"promoted": True, "reason": "It is the first model.", "n_labelled": 32, "n_train": 26},
    **{"n_holdout": 6, "f1": 0.5, "previous_f1": None, "precision": 0.5, "recall": 0.5, "macro_f1": 0.5},
    **{"per_type_f1": {"NAME": 0.5}, "n_pool": 10, "n_candidates": 3, "n_released": 3, "n_filled": 0},
    **{"n_duplicates": 0, "mean_uncertainty": 0.2, "selection": "s", "release": "r", "should_stop": False},
    **{"stop_reason": "", "seconds": {"fetch": 0.1}, "notes": []},
}


def test_the_report_carries_the_agreement_of_the_annotators():
    agreed = annotator_agreement([{"1": (Span(0, 4, "PER"),), "2": (Span(0, 4, "PER"),)}])
    report = replace(RoundReport.from_dict(EARLIER), annotators=AnnotatorsPart.of(agreed))
    flat = json.loads(json.dumps(report.to_dict()))
    assert (flat["n_labelled_twice"], flat["annotator_f1"]) == (1, 1.0)
    assert RoundReport.from_dict(flat) == report
