"""What status and update say about going on."""

from wapaganda.project_context import assessment_facts

REPORT = {
    "estimated_f1": 0.713,
    "cross_validated_f1": 0.698,
    "cross_validated_interval": [0.652, 0.739],
    "ece": 0.029,
    "temperature": 1.84,
    "agreement": 0.934,
    "forecast": "The next 100 labels gain about +1.3 F1.",
    "advice": "Go on. The next 100 labels gain about +1.3 F1.",
    "should_stop": False,
    "stop_reason": "",
}


def test_all_that_was_measured_is_shown_in_percent():
    facts = dict(assessment_facts(REPORT))
    assert facts["F1 of the pool"] == "71.3, estimated without labels"
    assert "F1 69.8 (65.2 to 73.9)" in facts["Cross-fitted"]
    assert "off by 2.9 points at temperature 1.84" in facts["Cross-fitted"]
    assert "κ 0.934" in facts["Agreement"]
    assert facts["Advice"] == REPORT["advice"]


def test_the_forecast_is_not_shown_twice():
    assert "More labels" not in dict(assessment_facts(REPORT))
    stopping = dict(assessment_facts({**REPORT, "advice": "Consider stopping."}))
    assert stopping["More labels"] == REPORT["forecast"]


def test_a_report_of_an_earlier_version_tells_its_reason_to_stop():
    assert assessment_facts({"should_stop": True, "stop_reason": "none is new"}) == [
        ("Advice", "none is new")
    ]
    assert assessment_facts({}) == []


FILE = {
    "purpose": "dataset",
    "file_f1": 0.931,
    "file_interval": [0.912, 0.948],
    "people_share": 0.253,
    "hours_spent": 3.21,
    "hours_left": 1.44,
    "texts_left": 1212,
    "target_f1": 0.95,
    "texts_unscored": 3,
}


def test_the_data_set_as_it_stands_is_shown_with_its_hours():
    facts = dict(assessment_facts(FILE))
    assert facts["Data set"] == (
        "F1 93.1 (91.2 to 94.8) as it stands, without 3 texts that the model has not read: "
        "25.3% of the texts by people, the rest by the model"
    )
    assert facts["Hours"] == "3.2 spent; 1.4 left, 1,212 texts of review, to F1 95.0"
    assert facts["Purpose"].startswith("dataset")


def test_without_a_model_only_the_hours_spent_are_known():
    assert assessment_facts({"purpose": "model", "hours_spent": 0.5, "file_f1": None}) == [
        ("Hours", "0.5 spent")
    ]
