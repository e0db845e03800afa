"""HTTP Basic authentication for everything but /health."""

import base64
import binascii
import hmac
from collections.abc import Callable
from typing import Final

from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase
from starlette.types import ASGIApp, Receive, Scope, Send

from wapaganda.ml_backend.responses import refuse

OPEN_PATHS: Final = frozenset({"/health"})


class DocumentedBasic(SecurityBase):
    """Declares in OpenAPI that a route is guarded; the middleware checks it."""

    def __init__(self) -> None:
        self.model = HTTPBase(scheme="basic")
        self.scheme_name = "HTTPBasic"

    async def __call__(self) -> None:
        """Nothing to check here."""


class BasicAuth:
    """ASGI middleware: 401 unless user and password match; no check when ``credentials`` is None."""

    def __init__(
        self, app: ASGIApp, credentials: tuple[str, str] | None, on_refusal: Callable[[str], None]
    ) -> None:
        self._app = app
        self._expected = None if credentials is None else _encodings(":".join(credentials))
        self._on_refusal = on_refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through or refuse it."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS or self._is_known(scope):
            await self._app(scope, receive, send)
            return
        self._on_refusal(scope["path"])
        await refuse(
            send,
            401,
            "Expected HTTP Basic authentication with BASIC_AUTH_USER and BASIC_AUTH_PASS.",
            {"WWW-Authenticate": 'Basic realm="ml-backend", charset="UTF-8"'},
        )

    def _is_known(self, scope: Scope) -> bool:
        if self._expected is None:
            return True
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        scheme, _, token = given.partition(b" ")
        try:
            pair = base64.b64decode(token.strip(), validate=True)
        except binascii.Error:
            return False
        matches = [hmac.compare_digest(pair, expected) for expected in self._expected]
        return scheme.lower() == b"basic" and any(matches)


def _encodings(pair: str) -> tuple[bytes, ...]:
    """Browsers send UTF-8, Label Studio's `requests` sends Latin-1 where that is possible."""
    return (pair.encode(), pair.encode("latin-1" if max(pair) < "\u0100" else "utf-8"))
