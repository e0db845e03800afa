"""The bodies of Label Studio's ML-backend protocol; what it does not name here is left unread."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

ProjectId = str | int


class _Request(BaseModel):
    model_config = ConfigDict(extra="ignore", protected_namespaces=())


class PredictRequest(_Request):
    """Tasks to pre-annotate; ``params.context`` holds the regions drawn so far when an annotator asks
    interactively.
    """

    tasks: list[Any] = Field(description="Label Studio tasks; each is answered, whatever it holds.")
    project: ProjectId | None = Field(None, description="`<id>.<created>`, an id, or a project's name.")
    label_config: str | None = Field(None, description="The project's labelling config (XML).")
    params: Any = Field(None, description="`context` may hold `result`, a list of regions.")


class SetupRequest(_Request):
    """What Label Studio tells about itself and a project, before each prediction and when a task is
    opened.
    """

    project: ProjectId
    label_schema: str | None = Field(
        None, alias="schema", description="The project's labelling config (XML)."
    )
    hostname: str | None = None
    access_token: str | None = None
    extra_params: Any = None


class Prediction(BaseModel):
    """The answer for one task; ``score`` is the confidence in the whole text, 0 to 1; ``reason`` says why it
    is empty.
    """

    model_config = ConfigDict(protected_namespaces=())
    result: list[dict[str, Any]]
    score: float
    model_version: str
    reason: str | None = None


class PredictResponse(BaseModel):
    """One prediction for each task, in the order of the tasks."""

    results: list[Prediction]


class SetupResponse(BaseModel):
    """The version that predictions will carry."""

    model_config = ConfigDict(protected_namespaces=())
    model_version: str


class HealthResponse(BaseModel):
    """Alive."""

    model_config = ConfigDict(protected_namespaces=())
    status: str = "UP"
    model_class: str = "wapaganda"


class VersionsResponse(BaseModel):
    """The model versions on disk."""

    versions: list[str]


class WebhookResponse(BaseModel):
    """What became of an event; ``job`` is the training that it asked for."""

    status: str
    reason: str
    job: str | None = None


class ProjectStatus(BaseModel):
    """One project: ``target`` is the version that shall answer once it is loaded."""

    model_config = ConfigDict(protected_namespaces=())
    project: str
    model_version: str
    target: str | None
    new_labels: int
    error: str | None


class JobStatus(BaseModel):
    """One training."""

    id: str
    project: str
    state: str
    progress: str
    fraction: float | None
    error: str | None


class StatusResponse(BaseModel):
    """The backend at a glance."""

    projects: list[ProjectStatus]
    jobs: list[JobStatus]
    last_error: str | None
    refused_webhooks: int


class ErrorResponse(BaseModel):
    """Why a request was refused, in one sentence."""

    error: str
