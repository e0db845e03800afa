import pytest

from wapaganda.pipeline.training.promotion import decide_promotion


@pytest.mark.parametrize(
    ("new", "old", "promote"),
    [
        (0.80, 0.80, True),
        (0.785, 0.80, True),
        (0.78, 0.80, True),
        (0.77, 0.80, False),
        (0.0, 0.5, False),
        (0.9, 0.1, True),
    ],
)
def test_a_new_model_goes_live_unless_it_is_worse_by_more_than_the_margin(new, old, promote):
    decision = decide_promotion(new, old, 0.02, "v0001-aaaaaaaa")
    assert decision.promote is promote
    assert "v0001-aaaaaaaa" in decision.reason


def test_the_first_model_goes_live_whatever_its_score():
    assert decide_promotion(0.0, None, 0.02, None).promote


@pytest.mark.parametrize(("new", "old"), [(None, 0.8), (0.8, None), (None, None)])
def test_without_held_out_labels_the_newer_model_goes_live_and_that_is_said(new, old):
    decision = decide_promotion(new, old, 0.02, "v0001-aaaaaaaa")
    assert decision.promote
    assert "no held-out labels" in decision.reason
