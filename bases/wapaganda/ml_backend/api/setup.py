"""POST /setup: Label Studio introduces itself and a project."""

from typing import Any

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from wapaganda.ml_backend.project_id import project_ref
from wapaganda.ml_backend.responses import AsciiJson
from wapaganda.ml_backend.route import BODY_REFUSALS, ServicesOf, guarded_router
from wapaganda.ml_backend.schemas import ProjectId, RequestBody
from wapaganda.ml_backend.training.credentials import Credentials
from wapaganda.ml_backend.training.webhook_event import WebhookEvent

router = guarded_router()


class SetupRequest(RequestBody):
    """A project and its Label Studio, sent before each prediction and when a task is opened."""

    project: ProjectId
    label_schema: str | None = Field(
        None, alias="schema", description="The project's labelling config (XML)."
    )
    hostname: str | None = None
    access_token: str | None = None
    extra_params: Any = None


class SetupResponse(BaseModel):
    """The version that predictions will carry."""

    model_config = ConfigDict(protected_namespaces=())
    model_version: str


@router.post("/setup", responses={**BODY_REFUSALS, 200: {"model": SetupResponse}})
async def setup(request: SetupRequest, services: ServicesOf) -> Response:
    """Remember a project and answer with the version that predictions will carry; answers from memory."""
    project = project_ref(request.project)
    if project is None:
        return AsciiJson({"error": "Expected a project such as 12.1795335716, was: something else."}, 422)
    services.models.request_load(project.key)
    record = services.projects.record(project.key)
    if (
        record is None
        or project.created != record.ref.created
        or request.label_schema not in (None, record.label_config)
    ):
        services.events.put(WebhookEvent("Set up.", project, label_config=request.label_schema))
    credentials = Credentials(request.hostname or "", request.access_token or "")
    if credentials not in (Credentials(), services.credentials.get(project)):
        services.events.store_credentials(project, credentials)
    return AsciiJson({"model_version": services.models.version(project.key)})
