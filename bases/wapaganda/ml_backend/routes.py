"""The endpoints that Label Studio, people and Prometheus call."""

import asyncio
from concurrent.futures import Future
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Response

from wapaganda.ml_backend.answers import AsciiJson, streamed_results
from wapaganda.ml_backend.auth import DocumentedBasic
from wapaganda.ml_backend.credentials import Credentials
from wapaganda.ml_backend.events import Intent, decide
from wapaganda.ml_backend.identity import project_ref
from wapaganda.ml_backend.protocol import (
    ErrorResponse,
    HealthResponse,
    PredictRequest,
    PredictResponse,
    SetupRequest,
    SetupResponse,
    StatusResponse,
    VersionsResponse,
    WebhookResponse,
)
from wapaganda.ml_backend.services import Services
from wapaganda.ml_backend.status import status_of

_GUARDED: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorResponse, "description": "User or password missing or wrong."},
}
_BODIED: dict[int | str, dict[str, Any]] = {
    **_GUARDED,
    400: {"model": ErrorResponse, "description": "The body is no JSON."},
    413: {"model": ErrorResponse, "description": "The body is too big."},
    422: {"model": ErrorResponse, "description": "The JSON is not what the endpoint expects."},
}
_JOB_SECONDS = 10.0
_NOTE_SECONDS = 0.3  # Label Studio waits one second and does not ask again


def routes(services: Services) -> APIRouter:
    """The router of one server."""
    router = APIRouter()
    guarded = APIRouter(dependencies=[Depends(DocumentedBasic())], responses=_GUARDED)
    _add_model_routes(guarded, services)
    _add_event_routes(guarded, services)
    _add_insight_routes(guarded, services)

    @router.get("/health")
    async def health() -> HealthResponse:
        """Answer from memory, whatever else is going on."""
        return HealthResponse()

    router.include_router(guarded)
    return router


def _add_model_routes(router: APIRouter, services: Services) -> None:
    @router.post("/setup", responses={**_BODIED, 200: {"model": SetupResponse}})
    async def setup(request: SetupRequest) -> Response:
        """Take note of a project and tell the version that predictions will carry; answers from memory."""
        project = project_ref(request.project)
        if project is None:
            return AsciiJson({"error": "Expected a project such as 12.1795335716, was: something else."}, 422)
        services.models.want(project.key)
        record = services.book.record(project.key)
        if (
            record is None
            or project.created != record.ref.created
            or request.label_schema not in (None, record.label_config)
        ):
            services.intake.intent(Intent("Set up.", project, label_config=request.label_schema))
        credentials = Credentials(request.hostname or "", request.access_token or "")
        if credentials not in (Credentials(), services.credentials.get(project)):
            services.intake.set_up(project, credentials)
        return AsciiJson({"model_version": services.models.version(project.key)})

    @router.post("/predict", responses={**_BODIED, 200: {"model": PredictResponse}})
    def predict(request: PredictRequest) -> Response:
        """Pre-annotate tasks: always one result for each, empty with a reason where there can be none."""
        answers = services.predictor.predict(request)
        services.telemetry.answers(answers)
        return streamed_results(each.to_json() for each in answers)

    @router.get("/versions")
    async def versions(project: str | None = None) -> VersionsResponse:
        """The model versions, from memory: of one project, or of all (Label Studio does not say which it
        means).
        """
        asked = project_ref(project) if project is not None else None
        wanted = None if project is None else [asked.key] if asked else []
        return VersionsResponse(versions=list(services.models.versions(wanted)))


def _add_event_routes(router: APIRouter, services: Services) -> None:
    @router.post(
        "/webhook",
        responses={
            **_BODIED,
            200: {"model": WebhookResponse},
            202: {"model": WebhookResponse},
            503: {"model": ErrorResponse, "description": "The training could not be queued."},
        },
    )
    async def webhook(payload: Annotated[dict[str, Any], Body()]) -> Response:
        """Take an event of Label Studio; answers when it is noted, or after a third of a second."""
        intent = decide(payload)
        if intent.is_ignored:
            services.telemetry.event("ignored")
            return AsciiJson({"status": "ignored", "reason": intent.reason})
        services.telemetry.event("training" if intent.train_now else "noted")
        taken = services.intake.intent(intent)
        if not intent.train_now:
            await _written(taken, _NOTE_SECONDS)
            return AsciiJson({"status": "noted", "reason": intent.reason}, 202)
        if not await _written(taken, _JOB_SECONDS):
            return AsciiJson({"status": "noted", "reason": "The training will be queued in a moment."}, 202)
        if error := taken.exception():
            return AsciiJson({"error": f"The training could not be queued: {error}"}, 503)
        return AsciiJson({"status": "queued", "reason": intent.reason, "job": taken.result()})


async def _written(taken: "Future[str | None]", seconds: float) -> bool:
    """Wait for an event to be on the disk, as long as the one who sent it waits for an answer."""
    waiting = asyncio.wrap_future(taken)
    waiting.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    done, _ = await asyncio.wait([waiting], timeout=seconds)
    return bool(done)


def _add_insight_routes(router: APIRouter, services: Services) -> None:
    @router.get("/status")
    def status() -> StatusResponse:
        """Projects, models and trainings at a glance."""
        return status_of(services)

    @router.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """Prometheus' text format."""
        states = [job.state for job in services.effects.trainings.jobs()]
        body = services.telemetry.render(services.models.states(), states)
        return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")
