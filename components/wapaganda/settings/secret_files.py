"""Secrets from files: ``NAME_FILE`` is the path of a file with the value of ``NAME``."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource

_ALSO = ("mlflow_tracking_uri",)
"""Settings that are no secrets but may hold one."""


def has_file(name: str, annotation: object) -> bool:
    """Whether the setting ``name`` may come from a file."""
    return annotation is SecretStr or name in _ALSO


def read_secret_files(settings: type[BaseSettings]) -> tuple[dict[str, str], list[str]]:
    """The values of the settings that come from files, and what is wrong, one sentence each."""
    sources = (DotEnvSettingsSource(settings), EnvSettingsSource(settings))
    given = {name.lower(): value for source in sources for name, value in source.env_vars.items()}
    values: dict[str, str] = {}
    problems: list[str] = []
    for name, field in settings.model_fields.items():
        path = given.get(f"{name}_file")
        if not path or not has_file(name, field.annotation):
            continue
        try:
            value = Path(path).expanduser().read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            problems.append(f"{name.upper()}_FILE: Expected a file that can be read, was: {path} ({reason})")
            continue
        if not value:
            problems.append(f"{name.upper()}_FILE: Expected a file with a value, was: {path}, which is empty")
        elif given.get(name) not in (None, "", value):
            problems.append(f"Expected {name.upper()} or {name.upper()}_FILE, was: both, with other values")
        else:
            values[name] = value
    return values, problems
