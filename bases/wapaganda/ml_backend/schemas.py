"""Request and response bodies that more than one module uses; the others are defined next to their routes."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

ProjectId = str | int


class RequestBody(BaseModel):
    """The base of request bodies: unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", protected_namespaces=())


class PredictRequest(RequestBody):
    """Tasks to pre-annotate; ``params.context`` holds the regions drawn so far when an annotator asks
    interactively.
    """

    tasks: list[Any] = Field(description="Label Studio tasks; each is answered, whatever it holds.")
    project: ProjectId | None = Field(None, description="`<id>.<created>`, an id, or a project's name.")
    label_config: str | None = Field(None, description="The project's labelling config (XML).")
    params: Any = Field(None, description="`context` may hold `result`, a list of regions.")


class ErrorResponse(BaseModel):
    """Why a request was refused, in one sentence."""

    error: str
