"""Settings of earlier versions: setting one is an error with a clear message."""

from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource

REMOVED = {
    "EXCERPT_WORDS": "EXCERPT_WORDS was removed in 0.2: it gained nothing (docs/experiments.md). Delete it.",
}
"""The name of each removed setting, and the sentence: when, why, what to do."""


def removed_settings(settings: type[BaseSettings]) -> list[str]:
    """The sentences of the removed settings that the environment or ``.env`` still sets to any value."""
    sources = (EnvSettingsSource(settings), DotEnvSettingsSource(settings))
    given = {name.upper() for source in sources for name in source.env_vars}
    return [sentence for name, sentence in REMOVED.items() if name in given]
