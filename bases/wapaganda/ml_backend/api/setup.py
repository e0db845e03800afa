"""POST /setup: Label Studio introduces itself and a project."""

import logging
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from wapaganda.ml_backend.project_id import project_ref
from wapaganda.ml_backend.responses import AsciiJson
from wapaganda.ml_backend.route import BODY_REFUSALS, ServicesOf, guarded_router
from wapaganda.ml_backend.schemas import ErrorResponse, ProjectId, RequestBody
from wapaganda.ml_backend.services import Services
from wapaganda.ml_backend.training.credentials import Credentials, OtherHostError, origin
from wapaganda.ml_backend.training.webhook_event import WebhookEvent, storable

logger = logging.getLogger(__name__)

_TOKEN: Final = r"^[\x21-\x7e]*$"

router = guarded_router()


class SetupRequest(RequestBody):
    """A project and its Label Studio, sent before each prediction and when a task is opened."""

    project: ProjectId
    label_schema: str | None = Field(
        None, alias="schema", description="The project's labelling config (XML)."
    )
    hostname: str | None = Field(None, max_length=2_000, description="Only scheme, host and port are used.")
    access_token: str | None = Field(None, max_length=4_000, pattern=_TOKEN)
    extra_params: Any = None


class SetupResponse(BaseModel):
    """The version that predictions will carry."""

    model_config = ConfigDict(protected_namespaces=())
    model_version: str


@router.post(
    "/setup",
    responses={
        **BODY_REFUSALS,
        200: {"model": SetupResponse},
        409: {"model": ErrorResponse, "description": "The project is set up from another Label Studio."},
    },
)
async def setup(request: SetupRequest, services: ServicesOf) -> Response:
    """Remember a project and answer with the version that predictions will carry; answers from memory."""
    project = project_ref(request.project)
    if project is None:
        return AsciiJson({"error": "Expected a project such as 12.1795335716, was: something else."}, 422)
    schema = None if request.label_schema is None else storable(request.label_schema)
    longest = services.options.limits.config_chars
    if schema is not None and len(schema) > longest:
        return AsciiJson({"error": f"Expected a schema of at most {longest} characters, was: more."}, 422)
    known = services.credentials.get(project)
    try:
        credentials = known.then(_sent(request, services))
    except OtherHostError as error:
        return AsciiJson({"error": str(error)}, 409)
    except ValueError as error:
        return AsciiJson({"error": str(error)}, 422)
    services.models.request_load(project.key)
    record = services.projects.record(project.key)
    if record is None or project.created != record.ref.created or schema not in (None, record.label_config):
        services.events.put(WebhookEvent("Set up.", project, label_config=schema))
    if credentials != known:
        services.events.store_credentials(project, credentials)
        _warn_of_a_path(request, services)
    return AsciiJson({"model_version": services.version(project.key)})


def _sent(request: SetupRequest, services: Services) -> Credentials:
    """What the request brings; its address counts only when the user has set none.

    Raises:
        ValueError: the address is none.
    """
    address = "" if services.options.studio_is_set else origin(request.hostname or "")
    return Credentials(address, request.access_token or "")


def _warn_of_a_path(request: SetupRequest, services: Services) -> None:
    if not services.options.studio_is_set and urlsplit(request.hostname or "").path.strip("/"):
        logger.warning(
            "Only scheme, host and port of the address in /setup are used. If Label Studio lies under a "
            "path, set LABEL_STUDIO_URL to its whole address."
        )
