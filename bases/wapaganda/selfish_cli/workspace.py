"""Where the models, the ledger and the run logs of one project lie, and the settings that apply to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wapaganda.selfish_cli.environment import prepare_threads
from wapaganda.selfish_cli.problems import UsageError

if TYPE_CHECKING:
    from wapaganda.label_studio import LabelStudio
    from wapaganda.ledger import Ledger
    from wapaganda.model_store import ModelStore
    from wapaganda.pipeline import LoopConfig
    from wapaganda.settings import Settings
    from wapaganda.tracking import RunLog

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Workspace:
    """The places of one project; ``key`` is ``ls-<id>`` for a Label Studio project, as in the ML backend."""

    settings: "Settings"
    key: str

    @property
    def directory(self) -> Path:
        """The folder of the ledger, the run logs and what the rounds write."""
        return self.settings.data_dir / self.key

    @property
    def runs_directory(self) -> Path:
        """The folder of the run logs."""
        return self.directory / "runs"

    def ledger(self) -> "Ledger":
        """The ledger, made when it is missing."""
        from wapaganda.ledger import Ledger

        return Ledger(self.directory / "ledger.sqlite")

    def store(self) -> "ModelStore":
        """The model versions."""
        from wapaganda.model_store import ModelStore

        return ModelStore(self.settings.model_dir / self.key)

    def runs(self) -> "RunLog":
        """The run logs."""
        from wapaganda.tracking import RunLog

        return RunLog(self.runs_directory)

    def config(self) -> "LoopConfig":
        """The loop's own settings out of the user's."""
        from wapaganda.pipeline import LoopConfig

        chosen = self.settings
        return LoopConfig(
            encoder=chosen.baseline_model_name,
            learning_rate=chosen.explicit_learning_rate,
            train_steps=chosen.train_steps,
            threshold=chosen.uncertainty_threshold,
            batch_size=chosen.samples_per_iteration,
            strategy=chosen.strategy,
            measure=chosen.measure,
            seed=chosen.seed,
            holdout_fraction=chosen.holdout_fraction,
            promotion_margin=chosen.promotion_margin,
            device=chosen.device,
        )

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


def open_workspace(
    project: int | None = None, name: str = "default", overrides: Mapping[str, Any] | None = None
) -> Workspace:
    """The workspace of a Label Studio project, or of a name; what ``overrides`` holds goes before settings.

    Raises:
        SettingsError: a setting or an option has a wrong value.
        UsageError: the name cannot be that of a folder.
    """
    settings = read_settings(overrides)
    if project is not None:
        return Workspace(settings, f"ls-{project}")
    if not _NAME.fullmatch(name) or re.fullmatch(r"ls-\d+", name):
        raise UsageError(
            f"Expected a name of letters, digits, '_' and '-' that is none of Label Studio's, was: {name!r}",
            "Choose another --name, or name a project of Label Studio by --project ID.",
        )
    return Workspace(settings, name)


def read_settings(overrides: Mapping[str, Any] | None = None) -> "Settings":
    """The settings, those of ``overrides`` that are not ``None`` in place of the environment's.

    Raises:
        SettingsError: a value is wrong.
    """
    from wapaganda.settings import Settings

    settings = Settings(**{name: value for name, value in (overrides or {}).items() if value is not None})
    prepare_threads(settings.threads)
    return settings
