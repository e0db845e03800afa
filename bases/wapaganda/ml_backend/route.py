"""What the endpoints share: routers that declare the refusals of the middleware, and the services."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request

from wapaganda.ml_backend.middleware.auth import DocumentedBasic
from wapaganda.ml_backend.schemas import ErrorResponse
from wapaganda.ml_backend.services import Services

Responses = dict[int | str, dict[str, Any]]

_GUARDED: Final[Responses] = {
    401: {"model": ErrorResponse, "description": "User or password missing or wrong."},
    429: {"model": ErrorResponse, "description": "Too many wrong passwords."},
}
BODY_REFUSALS: Final[Responses] = {
    **_GUARDED,
    400: {"model": ErrorResponse, "description": "The body is no JSON."},
    408: {"model": ErrorResponse, "description": "The body takes too long."},
    413: {"model": ErrorResponse, "description": "The body is too big."},
    422: {"model": ErrorResponse, "description": "The JSON is not what the endpoint expects."},
}
"""The responses of an endpoint that reads a JSON body, for OpenAPI."""


def guarded_router() -> APIRouter:
    """A router for endpoints that need user and password; only `/health` does without them."""
    return APIRouter(dependencies=[Depends(DocumentedBasic())], responses=_GUARDED)


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(_services)]
"""The type of an endpoint's parameter that gets the services of the running server."""
