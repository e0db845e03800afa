"""The FastAPI application of the ML backend."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from wapaganda.ml_backend.api import routers
from wapaganda.ml_backend.middleware.auth import BasicAuth
from wapaganda.ml_backend.middleware.body_limit import BodyLimit
from wapaganda.ml_backend.middleware.request_id import RequestId
from wapaganda.ml_backend.middleware.telemetry import MetricsMiddleware
from wapaganda.ml_backend.page.pages import Pages
from wapaganda.ml_backend.responses import AsciiJson
from wapaganda.ml_backend.services import Services

logger = logging.getLogger(__name__)


def create_app(services: Services) -> FastAPI:
    """The application; its lifespan starts and stops the services."""

    pages = Pages(services)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        services.start()
        try:
            yield
        finally:
            pages.stop()
            services.stop()

    app = FastAPI(
        title="wapaganda ML backend",
        description="Pre-annotates texts for Label Studio and trains on what annotators answer.",
        lifespan=lifespan,
        default_response_class=AsciiJson,
        docs_url=None,  # FastAPI's own pages load scripts from the internet
        redoc_url=None,
        redirect_slashes=False,  # the address would be made of the Host header
    )
    app.state.services = services
    app.state.pages = pages
    endpoints = routers()
    for router in endpoints:
        app.include_router(router)
    app.add_exception_handler(RequestValidationError, _unprocessable)
    app.add_exception_handler(HTTPException, _refused)
    app.add_middleware(BodyLimit, max_bytes=services.options.max_body_bytes)
    app.add_middleware(
        BasicAuth, credentials=services.options.basic_auth, on_refusal=_refusal_counter(services)
    )
    paths = frozenset(
        route.path for router in endpoints for route in router.routes if isinstance(route, APIRoute)
    )
    app.add_middleware(MetricsMiddleware, telemetry=services.telemetry, paths=paths)
    app.add_middleware(RequestId)
    return app


def _refusal_counter(services: Services) -> Callable[[str], None]:
    def count(path: str) -> None:
        services.telemetry.refusal(path)
        if path == "/webhook":
            logger.warning(
                "Refused a webhook without user and password: Label Studio makes its webhook without them. "
                "`selfish connect` adds them."
            )

    return count


async def _unprocessable(_: Request, error: Exception) -> Response:
    found: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else ()
    return AsciiJson({"error": " ".join(_sentence(each) for each in found[:5])}, 422)


def _sentence(problem: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}."


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return AsciiJson({"error": str(error.detail)}, error.status_code, headers=error.headers)
