"""The settings of a user: environment variables and ``.env``, checked once and passed on by the bases."""

from wapaganda.settings.describe import SettingDoc, describe
from wapaganda.settings.registered import measure_names, strategy_names
from wapaganda.settings.settings import Settings, SettingsError

__all__ = [
    "SettingDoc",
    "Settings",
    "SettingsError",
    "describe",
    "measure_names",
    "strategy_names",
]
