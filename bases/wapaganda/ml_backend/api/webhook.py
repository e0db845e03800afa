"""POST /webhook: an event of Label Studio."""

import asyncio
from concurrent.futures import Future
from typing import Annotated, Any

from fastapi import Body, Response
from pydantic import BaseModel

from wapaganda.errors import tell
from wapaganda.ml_backend.responses import AsciiJson
from wapaganda.ml_backend.route import BODY_REFUSALS, ServicesOf, guarded_router
from wapaganda.ml_backend.schemas import ErrorResponse
from wapaganda.ml_backend.training.webhook_event import parse_webhook

_JOB_SECONDS = 10.0
_EVENT_SECONDS = 0.3  # Label Studio waits one second and does not retry

router = guarded_router()


class WebhookResponse(BaseModel):
    """The result of an event; ``job`` is the training that it requested."""

    status: str
    reason: str
    job: str | None = None


@router.post(
    "/webhook",
    responses={
        **BODY_REFUSALS,
        200: {"model": WebhookResponse},
        202: {"model": WebhookResponse},
        503: {"model": ErrorResponse, "description": "The training could not be queued."},
    },
)
async def webhook(payload: Annotated[dict[str, Any], Body()], services: ServicesOf) -> Response:
    """Take an event of Label Studio; answers when it is stored, or after a third of a second."""
    event = parse_webhook(payload)
    if event.is_ignored:
        services.telemetry.event("ignored")
        return AsciiJson({"status": "ignored", "reason": event.reason})
    services.telemetry.event("training" if event.train_now else "noted")
    stored = services.events.put(event)
    if not event.train_now:
        await _done(stored, _EVENT_SECONDS)
        return AsciiJson({"status": "noted", "reason": event.reason}, 202)
    if not await _done(stored, _JOB_SECONDS):
        return AsciiJson({"status": "noted", "reason": "The training will be queued in a moment."}, 202)
    if error := stored.exception():
        return AsciiJson({"error": f"The training could not be queued: {tell(error)}"}, 503)
    return AsciiJson({"status": "queued", "reason": event.reason, "job": stored.result()})


async def _done(stored: "Future[str | None]", seconds: float) -> bool:
    """Wait until an event is on the disk, at most ``seconds``; whether it is."""
    waiting = asyncio.wrap_future(stored)
    waiting.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    done, _ = await asyncio.wait([waiting], timeout=seconds)
    return bool(done)
