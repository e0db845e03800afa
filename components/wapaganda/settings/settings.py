"""The settings, one field per environment variable."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from wapaganda.errors import InputError
from wapaganda.settings.access_token import check_token
from wapaganda.settings.locations import (
    home_path,
    http_url,
    optional_path,
    optional_url,
    tracking_uri,
)
from wapaganda.settings.numbers import auto_or_share
from wapaganda.settings.registered import measure_name, strategy_name
from wapaganda.settings.removed import removed_settings
from wapaganda.settings.secret_files import read_secret_files


class SettingsError(InputError):
    """One or more settings are wrong; the message has one line for each."""


class Settings(BaseSettings):
    """Everything that a user can set: from the environment, else from ``.env`` in the current directory.

    An empty variable counts as not set. Secrets may come from a file (``NAME_FILE``). To add a setting, add a
    field here and run ``make docs``.

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
        description="Encoder that every training starts from: a name on the model hub or a local folder.",
    )
    learning_rate: float = Field(
        3e-5,
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="Peak learning rate of the encoder, obeyed as it is when you set it. Not set: this "
        "default is not used. The rate depends on the encoder, and a search corrects it (docs/training.md).",
    )
    train_steps: int | None = Field(
        None,
        ge=1,
        description="Optimiser steps of a training. Not set: the number of texts decides (docs/training.md).",
    )
    recipe_search: bool = Field(
        True,
        description="Search the learning rate when an encoder is new to a project, and again with three "
        "times the texts, unless `LEARNING_RATE` is set. It takes at most as long as two trainings.",
    )
    adapt: Literal["auto", "off"] = Field(
        "auto",
        description="`auto`: once there are 100 labelled texts, try in the background whether an encoder "
        "that is adapted to the texts is better, and use it if it surely is. `off`: never, and use none.",
    )
    warm_start: bool = Field(
        False,
        description="Start a training half-way between the live model and the pretrained encoder, with half "
        "the steps. This halves the time of a training when `FOLDS` is 0. Cross-fitting never uses it.",
    )
    distillation: bool = Field(
        True,
        description="After the cross-fitting, train a student: the model that goes live also learns what all "
        "models of the training say about up to 1,000 unlabelled texts. Not with `FOLDS=0` or "
        "`TRAIN_STEPS`, or with fewer than 100 unlabelled texts.",
    )
    seed: int = Field(13, ge=0, lt=2**32, description="Random seed of everything.")
    sources: Annotated[Path | None, AfterValidator(optional_path)] = Field(
        None,
        description="File (TOML) that names sources: gazetteers, other models, an LLM, … They propose spans "
        "before there is a model (docs/sources.md). Not set: none.",
    )
    sources_api_key: SecretStr = Field(
        SecretStr(""), description="Key for the sources of the kind `llm`, if their address asks for one."
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
        description="Device of the model: `auto`, `cpu`, `mps`, `cuda` or `cuda:N`.",
    )
    scoring_precision: Literal["auto", "fp32"] = Field(
        "auto",
        description="Number format in which a model reads unlabelled texts. `auto`: half precision where the "
        "hardware is faster at it (bfloat16 on CUDA devices and on CPUs that are faster in it, else "
        "float16 on CUDA devices); those texts that a batch can come from are read again in float32, so that "
        "the batch stays the same. `fp32`: float32 only.",
    )
    threads: int | None = Field(
        None,
        ge=1,
        description="CPU threads of the model. Not set: all cores. As many folds are trained at a time if "
        "there is memory for them; they share these threads.",
    )
    model_dir: Annotated[Path, AfterValidator(home_path)] = Field(
        Path("models"), description="Folder of the model versions, one sub-folder for each project."
    )
    keep_versions: int = Field(
        5,
        ge=0,
        description="Number of the newest model versions that stay. The live one, the one before it, and "
        "those that an open round, a completion or an export needs stay as well. 0: nothing is deleted "
        "(docs/architecture.md#what-is-deleted).",
    )
    data_dir: Annotated[Path, AfterValidator(home_path)] = Field(
        Path("data"), description="Folder of the ledger, the run logs and the job table."
    )
    holdout_fraction: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Share of the labelled texts that is held out from training to compare models. Not set: "
        "0, since cross-fitting compares them; 0.2 when `FOLDS` is 0 or 1.",
    )
    promotion_margin: float = Field(
        0.02,
        ge=0,
        le=1,
        description="A new model goes live when its F1 is at most this much below that of the live model.",
    )
    folds: int = Field(
        4,
        ge=0,
        le=20,
        description="Folds of the cross-fitting after every training. It calibrates the model, estimates its "
        "F1 and finds likely label errors. 0 or 1: none, and a training takes a fifth of the time.",
    )
    uncertainty_threshold: float = Field(
        0.7,
        ge=0,
        le=1,
        description="Texts with at least this uncertainty, 0 to 1, are candidates for annotation.",
    )
    samples_per_iteration: int = Field(500, ge=1, description="Number of texts in the batch of a round.")
    strategy: Annotated[str, AfterValidator(strategy_name)] = Field(
        "hybrid", description="How a batch is selected: {strategies} (docs/registries.md)."
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
        description="Exponent of the annotation cost in the ranking: 0 ignores the cost, 1 ranks by gain per "
        "second.",
    )
    purpose: Literal["auto", "model", "dataset"] = Field(
        "auto",
        description="What the batches of a project are for: to train a better `model`, or to review the "
        "model's labels until the `dataset` is good. `auto` changes from the first to the second when two "
        "rounds in a row forecast less than 0.5 F1 from the next 100 labels (docs/data-set.md).",
    )
    target_f1: float = Field(
        0.95,
        gt=0,
        le=1,
        description="F1, 0 to 1, that the whole file should reach, with the labels of people and a model's "
        "for the rest. The hours left are for this target.",
    )
    people_f1: float = Field(
        0.98,
        gt=0,
        le=1,
        description="F1, 0 to 1, that the labels of people have against the truth, since people err, too. "
        "The bound of `selfish complete` takes it into account. If two annotators agree with F1 a "
        "(`selfish agree`), take the square root of a.",
    )
    prices: Literal["scratch", "correcting"] = Field(
        "scratch",
        description="Price list of the annotation cost: `scratch` (annotators mark every entity) or "
        "`correcting` (annotators confirm and correct the model's proposals).",
    )
    read_columns: str = Field(
        "",
        description="Columns of CoNLL files, such as `word=0,tag=3`, counted from 0. Not set: recognised.",
    )
    read_scheme: str = Field(
        "auto",
        description="Tag scheme of CoNLL files and of tags in JSON: `auto`, `iob2`, `iob1`, `iobes`, `bare` "
        "(types without prefix) or `plain` (B, I and O without type).",
    )
    lenient: bool = Field(
        False,
        description="Go on when more than a tenth of the labelled texts, or all spans of a label, could not "
        "be read (docs/data.md). Not set: the command or training refuses.",
    )
    text_field: str = Field(
        "",
        description="The column of CSV files, or the field of Label Studio's tasks, with the text, such as "
        "`body`. Not set: in CSV `text`, `data`, `sentence` or `content`; in tasks there must be only one.",
    )
    label_tag: str = Field(
        "",
        description="Label Studio: the name of the one `<Labels>` whose regions are read, when a project has "
        "several over its text. Not set: all, as one set of labels.",
    )
    answers: Literal["newest", "majority", "adjudicated"] = Field(
        "newest",
        description="What is learnt from a text that several annotators have labelled: the `newest` answer "
        "(a ground truth first), the spans of the `majority`, or only what was `adjudicated` "
        "(docs/data.md).",
    )
    reviewers: str = Field(
        "",
        description="With `ANSWERS=adjudicated`: the users of Label Studio whose answers decide, by number "
        "or email address, with commas between.",
    )
    proposal_floor: Annotated[float | Literal["auto"], BeforeValidator(auto_or_share)] = Field(
        "auto",
        description="Annotators are not shown spans of a lower confidence, 0 to 1. `auto`: spans that would "
        "cost more time than they save (docs/training.md#doubtful-proposals). 0: all spans are shown.",
    )
    train_after_labels: int = Field(
        50, ge=0, description="Number of new labels after which the ML backend starts a training. 0: never."
    )
    train_debounce_seconds: float = Field(
        30.0,
        ge=0,
        le=86_400,
        description="Seconds without new labels before such a training starts.",
    )
    mlflow_tracking_uri: Annotated[str, AfterValidator(tracking_uri)] = Field(
        "sqlite:///mlruns.db",
        description="MLflow store or server. A relative SQLite path is relative to the current directory.",
    )
    mlflow_public_url: Annotated[str, AfterValidator(optional_url)] = Field(
        "",
        description="Address of MLflow in the browsers of people, for the link on the ML backend's page. Not "
        "set: `MLFLOW_TRACKING_URI`, if it is an address.",
    )
    mlflow_tracking_username: str = Field(
        "", description="User name of the MLflow server, if it asks for one."
    )
    mlflow_tracking_password: SecretStr = Field(SecretStr(""), description="Password of the MLflow server.")
    label_studio_url: Annotated[str, AfterValidator(http_url)] = Field(
        "http://localhost:8080", description="Address of Label Studio."
    )
    label_studio_public_url: Annotated[str, AfterValidator(optional_url)] = Field(
        "",
        description="Address of Label Studio in the browsers of people, for links on the ML backend's "
        "page and in messages. Not set: `LABEL_STUDIO_URL`.",
    )
    label_studio_api_key: SecretStr = Field(
        SecretStr(""), description="Access token of Label Studio, personal or legacy."
    )
    label_studio_token_kind: Literal["any", "legacy"] = Field(
        "any",
        description="Kind that the access token must have: `any`, or `legacy` for 40 hexadecimal digits. "
        "docker-compose.yml asks for the second.",
    )
    ml_backend_url: Annotated[str, AfterValidator(optional_url)] = Field(
        "",
        description="Address of the ML backend from this machine and from browsers, for `selfish` and the "
        "links in Label Studio. Not set: the one that `selfish connect` was given.",
    )
    basic_auth_user: str = Field(
        "", description="User name of the ML backend. Not set: the backend needs no log-in."
    )
    basic_auth_pass: SecretStr = Field(
        SecretStr(""), description="Password of the ML backend, set together with `BASIC_AUTH_USER`."
    )
    max_body_mb: float = Field(
        100.0, gt=0, description="Largest request body of the ML backend, in megabytes."
    )
    predict_timeout_seconds: float = Field(
        90.0,
        gt=0,
        description="Seconds after which the backend answers with the predictions made so far. Label Studio "
        "waits 100 seconds.",
    )

    log_format: Literal["auto", "text", "json"] = Field(
        "auto",
        description="Form of the ML backend's log: `text`, or `json`, one object a line. `auto`: text on a "
        "terminal, else JSON.",
    )

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - pydantic's own signature
        secrets, problems = read_secret_files(type(self))
        problems += removed_settings(type(self))
        try:
            super().__init__(**{**secrets, **values})
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

    @model_validator(mode="after")
    def _the_token_has_the_form_of_one(self) -> Self:
        check_token(self.label_studio_api_key.get_secret_value().strip(), self.label_studio_token_kind)
        return self

    @property
    def explicit_learning_rate(self) -> float | None:
        """The learning rate that the user has set; None: the encoder's own default."""
        return self.learning_rate if "learning_rate" in self.model_fields_set else None

    @property
    def for_libraries(self) -> dict[str, str]:
        """What libraries read from the environment alone."""
        values = {
            "MLFLOW_TRACKING_USERNAME": self.mlflow_tracking_username,
            "MLFLOW_TRACKING_PASSWORD": self.mlflow_tracking_password.get_secret_value(),
        }
        return {name: value for name, value in values.items() if value}

    @property
    def basic_auth(self) -> tuple[str, str] | None:
        """User name and password of the ML backend; None when it needs no log-in."""
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
