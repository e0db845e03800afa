"""The settings for the documentation: name, default, meaning."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from wapaganda.settings.registered import measure_names, strategy_names
from wapaganda.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class SettingDoc:
    """One setting: the environment variable, its default as text (empty: not set), and what it means."""

    name: str
    default: str
    meaning: str


def describe() -> list[SettingDoc]:
    """Every setting, in the order of the class."""
    return [
        SettingDoc(name.upper(), _default(field), _meaning(field))
        for name, field in Settings.model_fields.items()
    ]


def _meaning(field: FieldInfo) -> str:
    meaning = field.description or ""
    for placeholder, names in (("{measures}", measure_names), ("{strategies}", strategy_names)):
        if placeholder in meaning:
            meaning = meaning.replace(placeholder, ", ".join(f"`{name}`" for name in names()))
    return meaning


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None or isinstance(value, SecretStr):
        return ""
    if isinstance(value, Path):
        return f"./{value.as_posix()}"
    return f"{value:g}".replace("e-0", "e-") if isinstance(value, float) else str(value)
