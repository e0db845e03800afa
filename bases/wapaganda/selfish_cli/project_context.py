"""The project context of a command: settings and options read, folders checked."""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import wapaganda.project_context
from wapaganda.selfish_cli.problems import UsageError

if TYPE_CHECKING:
    from wapaganda.label_studio import LabelStudio
    from wapaganda.settings import Settings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class ProjectContext(wapaganda.project_context.ProjectContext):
    """The project context of a command."""

    def studio(self) -> "LabelStudio":
        """Label Studio, as the settings name it.

        Raises:
            UsageError: there is no token.
        """
        from wapaganda.label_studio import LabelStudio

        key = self.settings.label_studio_api_key.get_secret_value()
        if not key:
            raise UsageError(
                "Expected an access token of Label Studio, was: none.",
                "Copy one in Label Studio from Account & Settings and set LABEL_STUDIO_API_KEY or --api-key.",
            )
        return LabelStudio(self.settings.label_studio_url, key)


def open_context(
    project: int | None = None, name: str = "default", overrides: Mapping[str, Any] | None = None
) -> ProjectContext:
    """The context of a Label Studio project or of a named project; ``overrides`` win over the settings.

    Raises:
        SettingsError: a setting or an option has a wrong value.
        UsageError: the name cannot be that of a folder.
    """
    settings = read_settings(overrides)
    if project is not None:
        return ProjectContext(settings, f"ls-{project}")
    if not _NAME.fullmatch(name) or re.fullmatch(r"ls-\d+", name):
        raise UsageError(
            f"Expected a name of letters, digits, '_' and '-' that is none of Label Studio's, was: {name!r}",
            "Choose another --name, or name a project of Label Studio by --project ID.",
        )
    return ProjectContext(settings, name)


def check_folders(settings: "Settings") -> None:
    """Check that models and data can be kept, before hours of work are done for nothing.

    Raises:
        UsageError: they cannot.
    """
    for name, folder in (("MODEL_DIR", settings.model_dir), ("DATA_DIR", settings.data_dir)):
        reason = why_not_writable(folder)
        if reason:
            raise UsageError(
                f"Expected a folder that can be written, was: {folder} ({reason}).",
                f"Name another by {name}.",
            )


def why_not_writable(folder: Path) -> str:
    """Why ``folder``, or the nearest one above that exists, cannot be written; empty when it can."""
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        return f"{existing} is no folder"
    try:
        with tempfile.TemporaryFile(dir=existing):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def read_settings(overrides: Mapping[str, Any] | None = None) -> "Settings":
    """The settings, those of ``overrides`` that are not ``None`` in place of the environment's.

    Raises:
        SettingsError: a value is wrong.
    """
    from wapaganda.settings import Settings

    settings = Settings(**{name: value for name, value in (overrides or {}).items() if value is not None})
    wapaganda.project_context.prepare_environment(settings.threads)
    return settings
