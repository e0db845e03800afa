"""The settings, one field per environment variable."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from wapaganda.settings.locations import home_path, http_url, tracking_uri
from wapaganda.settings.registered import measure_name
from wapaganda.settings.removed import removed_settings


class SettingsError(ValueError):
    """One or more settings are wrong; the message has one line for each: what was expected, what came."""


class Settings(BaseSettings):
    """Everything a user can set, read from the environment, then from ``.env`` in the current directory.

    An empty variable counts as one that is not set.

    Raises:
        SettingsError: a value is of the wrong kind or out of its range, or a setting was removed.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_default=True,
        protected_namespaces=(),
    )

    baseline_model_name: str = Field(
        "bert-base-cased",
        min_length=1,
        description="Encoder that every training starts from: a model hub name or a local folder.",
    )
    learning_rate: float = Field(
        3e-5,
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="Peak learning rate of the encoder. Not set: the recipe of the encoder decides.",
    )
    train_steps: int | None = Field(
        None,
        ge=1,
        description="Optimiser steps of a training. Not set: the recipe decides by the number of texts.",
    )
    warm_start: bool = Field(
        False,
        description="Begin a training half-way between the live model and the pretrained encoder, with half "
        "the steps. It halves a training where `FOLDS` is 0; cross-fitting always begins anew.",
    )
    self_training: bool = Field(
        False,
        description="Train twice, the second time with the unlabelled texts of which the first model is "
        "surest. A training takes about three times as long.",
    )
    seed: int = Field(13, ge=0, lt=2**32, description="Seed of everything that is drawn at random.")
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
        description="Where the model computes: `auto`, `cpu`, `mps`, `cuda` or `cuda:N`.",
    )
    threads: int | None = Field(None, ge=1, description="CPU threads of the model. Not set: all cores.")
    model_dir: Annotated[Path, AfterValidator(home_path)] = Field(
        Path("models"), description="Folder of the model versions, one sub-folder for each project."
    )
    data_dir: Annotated[Path, AfterValidator(home_path)] = Field(
        Path("data"), description="Folder of the ledger, the run logs and the job table."
    )
    holdout_fraction: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Share of the labelled texts that is never trained on, so that models can be compared. "
        "Not set: none, cross-fitting compares them; 0.2 where `FOLDS` is 0 or 1.",
    )
    promotion_margin: float = Field(
        0.02,
        ge=0,
        le=1,
        description="How much F1 a new model may lose against the live one and still go live.",
    )
    folds: int = Field(
        4,
        ge=0,
        le=20,
        description="Models of the cross-fitting that follows every training: calibration, F1 on labels "
        "not learnt, likely label errors. 0 or 1: none, and a training takes a fifth of the time.",
    )
    uncertainty_threshold: float = Field(
        0.7,
        ge=0,
        le=1,
        description="Texts at or above this uncertainty, 0 (sure) to 1, are candidates for annotation.",
    )
    samples_per_iteration: int = Field(
        500, ge=1, description="Texts offered to the annotators in each round."
    )
    strategy: Literal[
        "random",
        "uncertainty",
        "diversity",
        "k_center",
        "representative",
        "facility_location",
        "hybrid",
    ] = Field(
        "hybrid",
        description="How a batch is chosen: `random`, `uncertainty`, `diversity`, `k_center`, "
        "`representative`, `facility_location` or `hybrid`.",
    )
    measure: Annotated[str, AfterValidator(measure_name)] = Field(
        "auto",
        description="How uncertainty is measured, which finds and ranks candidates: {measures}. `auto` finds "
        "candidates by `boundary` and ranks them by expected errors for their price.",
    )
    cost_exponent: float = Field(
        0.5,
        ge=0,
        le=2,
        description="How much the price of a text counts against what it teaches: 0 not at all, 1 in full.",
    )
    prices: Literal["scratch", "correcting"] = Field(
        "scratch",
        description="By which list a text is priced: `scratch` (every entity is marked) or `correcting` "
        "(the model's proposals are confirmed and mended).",
    )
    train_after_labels: int = Field(
        50, ge=0, description="New labels after which a training starts by itself; 0 switches that off."
    )
    train_debounce_seconds: float = Field(
        30.0,
        ge=0,
        le=86_400,
        description="Seconds of quiet that such a training waits for, so that a burst of labels starts one.",
    )
    mlflow_tracking_uri: Annotated[str, AfterValidator(tracking_uri)] = Field(
        "sqlite:///mlruns.db",
        description="MLflow store or server. A relative SQLite path starts at the current directory.",
    )
    label_studio_url: Annotated[str, AfterValidator(http_url)] = Field(
        "http://localhost:8080", description="Address of Label Studio."
    )
    label_studio_api_key: SecretStr = Field(
        SecretStr(""), description="Access token of Label Studio, personal or legacy."
    )
    basic_auth_user: str = Field(
        "", description="User name that the ML backend asks for. Not set: it asks for none."
    )
    basic_auth_pass: SecretStr = Field(SecretStr(""), description="Password that the ML backend asks for.")
    max_body_mb: float = Field(
        100.0, gt=0, description="Largest request body of the ML backend, in megabytes."
    )
    predict_timeout_seconds: float = Field(
        90.0,
        gt=0,
        description="Seconds after which a prediction answers with what it has; Label Studio waits 100.",
    )

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - pydantic's own signature
        problems = removed_settings(type(self))
        try:
            super().__init__(**values)
        except ValidationError as error:
            problems += [_sentence(each) for each in error.errors()]
        if problems:
            raise SettingsError("\n".join(problems))

    @model_validator(mode="after")
    def _user_and_password_belong_together(self) -> Self:
        if bool(self.basic_auth_user) != bool(self.basic_auth_pass.get_secret_value()):
            given = "BASIC_AUTH_USER" if self.basic_auth_user else "BASIC_AUTH_PASS"
            raise ValueError(
                f"Expected both BASIC_AUTH_USER and BASIC_AUTH_PASS or neither, was: {given} alone"
            )
        return self

    @property
    def explicit_learning_rate(self) -> float | None:
        """The learning rate that the user has set; None when it is the encoder's recipe that decides."""
        return self.learning_rate if "learning_rate" in self.model_fields_set else None

    @property
    def basic_auth(self) -> tuple[str, str] | None:
        """User name and password of the ML backend; None when it asks for none."""
        return (
            (self.basic_auth_user, self.basic_auth_pass.get_secret_value()) if self.basic_auth_user else None
        )


def _sentence(error: ErrorDetails) -> str:
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return message
    if ", was: " in message:
        return f"{str(error['loc'][0]).upper()}: {message}"
    expected = message.removeprefix("Input should be ").removeprefix("Expected ")
    return f"{str(error['loc'][0]).upper()}: Expected {expected}, was: {_shown(error['input'])}"


def _shown(value: object) -> str:
    if not isinstance(value, str):
        return repr(value)
    parts = urlsplit(value)
    return repr(value.replace(f":{parts.password}@", ":***@") if parts.password else value)
