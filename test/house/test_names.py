"""Names that stand in two bricks which may not import each other."""

from wapaganda.pipeline import LoopConfig
from wapaganda.sampler import DEFAULT_STRATEGY, STRATEGIES
from wapaganda.settings import Settings
from wapaganda.uncertainty import AUTO, MEASURES


def test_the_settings_take_every_strategy():
    for name in STRATEGIES:
        assert Settings(strategy=name).strategy == name


def test_the_settings_take_every_measure():
    for name in (AUTO, *MEASURES):
        assert Settings(measure=name).measure == name


def test_the_defaults_agree():
    assert Settings.model_fields["strategy"].default == DEFAULT_STRATEGY
    assert Settings.model_fields["measure"].default == LoopConfig("").measure == AUTO
