"""What status and update say about going on."""

from wapaganda.selfish_cli.ui.assessment import assessment_facts

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
