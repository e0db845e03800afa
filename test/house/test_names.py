"""Names that stand in two bricks which may not import each other."""

from typing import get_args

from wapaganda.sampler import DEFAULT_STRATEGY, STRATEGIES
from wapaganda.settings import Settings
from wapaganda.uncertainty import DEFAULT_MEASURE, MEASURE_NAMES


def test_the_settings_know_every_strategy_and_every_measure():
    assert set(get_args(Settings.model_fields["strategy"].annotation)) == set(STRATEGIES)
    assert set(get_args(Settings.model_fields["measure"].annotation)) == set(MEASURE_NAMES)


def test_the_defaults_agree():
    assert Settings.model_fields["strategy"].default == DEFAULT_STRATEGY
    assert Settings.model_fields["measure"].default == DEFAULT_MEASURE
