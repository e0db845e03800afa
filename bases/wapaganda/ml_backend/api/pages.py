"""The live page for people: all projects, one project, its changes, and what may be done there."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from wapaganda.errors import WapagandaError, tell
from wapaganda.ml_backend.page.pages import HOME, Pages, TooManyWatchersError
from wapaganda.ml_backend.project_id import project_ref
from wapaganda.ml_backend.responses import AsciiJson
from wapaganda.ml_backend.route import guarded_router
from wapaganda.ml_backend.services import Services
from wapaganda.ml_backend.training.webhook_event import WebhookEvent

_JOB_SECONDS: Final = 10.0

router = guarded_router()


async def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


PagesOf = Annotated[Pages, Depends(_pages)]


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def home(pages: PagesOf) -> Response:
    """All projects at a glance; the only one is shown at once."""
    keys = await pages.keys()
    if len(keys) == 1:
        return RedirectResponse(f"projects/{keys[0]}", 303, headers={"Cache-Control": "no-store"})
    return HTMLResponse(await pages.home(), headers=pages.renderer.headers)


@router.get("/projects/{key}", response_class=HTMLResponse, include_in_schema=False)
async def project(key: str, pages: PagesOf) -> Response:
    """One project."""
    page = await pages.project(key)
    if page is None:
        return _message(pages, 404, "No such project", "This server knows no project of that name.", "../")
    return HTMLResponse(page, headers=pages.renderer.headers)


@router.get("/events", include_in_schema=False)
async def all_events(request: Request, pages: PagesOf, state: str = "") -> Response:
    """The changes of the page of all projects."""
    return _stream(request, pages, HOME, state)


@router.get("/projects/{key}/events", include_in_schema=False)
async def project_events(key: str, request: Request, pages: PagesOf, state: str = "") -> Response:
    """The changes of the page of one project."""
    if key not in await pages.keys():
        return AsciiJson({"error": "Expected a known project, was: another."}, 404)
    return _stream(request, pages, key, state)


def _stream(request: Request, pages: Pages, key: str, state: str) -> Response:
    try:
        events = pages.events(key, request.headers.get("last-event-id", state))
    except TooManyWatchersError:
        reason = "Too many browsers get changes pushed; ask for the page every few seconds."
        return AsciiJson({"error": reason}, 503, headers={"Retry-After": "10"})
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


@router.post("/projects/{key}/{action}", include_in_schema=False)
async def act(key: str, action: str, request: Request, pages: PagesOf) -> Response:
    """Do what a form of the page asks for, and show the page again."""
    services: Services = request.app.state.services
    values = _form(await request.body())
    if action not in _ACTIONS or key not in await pages.keys():
        return _message(pages, 404, "Not found", "This server knows no such project or action.", "../../")
    if refusal := pages.forms.refusal(key, values.get("token", ""), request.headers):
        return _message(pages, 403, "Nothing was changed", refusal, f"../{key}")
    try:
        await _ACTIONS[action](key, values, services, pages)
    except (WapagandaError, OSError) as error:
        return _message(pages, 409, "Nothing was changed", str(tell(error)), f"../{key}")
    return RedirectResponse(f"../{key}", 303)


def _form(body: bytes) -> dict[str, str]:
    try:
        found = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20)
    except ValueError:  # too many fields
        return {}
    return {name: values[0] for name, values in found.items()}


async def _train(key: str, values: Mapping[str, str], services: Services, pages: Pages) -> None:
    event = WebhookEvent("It was asked for on the page.", project_ref(key), train_now=True)
    done, _ = await asyncio.wait([asyncio.wrap_future(services.events.put(event))], timeout=_JOB_SECONDS)
    for each in done:
        each.result()


async def _cancel(key: str, values: Mapping[str, str], services: Services, pages: Pages) -> None:
    await pages.run(lambda: services.effects.trainings.cancel(key, values.get("job", "")))


async def _promote(key: str, values: Mapping[str, str], services: Services, pages: Pages) -> None:
    await pages.run(lambda: services.effects.desk.promote(key, values.get("version", "")))


async def _roll_back(key: str, values: Mapping[str, str], services: Services, pages: Pages) -> None:
    await pages.run(lambda: services.effects.desk.roll_back(key, values.get("live", "")))


_Action = Callable[[str, Mapping[str, str], Services, Pages], Awaitable[None]]
_ACTIONS: Final[Mapping[str, _Action]] = {
    "train": _train,
    "cancel": _cancel,
    "promote": _promote,
    "rollback": _roll_back,
}


def _message(pages: Pages, status: int, title: str, sentence: str, back: str) -> Response:
    page = pages.renderer.message(title, sentence, back)
    return HTMLResponse(page, status, headers=pages.renderer.headers)
