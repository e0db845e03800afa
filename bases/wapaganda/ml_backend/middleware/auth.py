"""HTTP Basic authentication for everything but /health."""

import base64
import binascii
import hashlib
import hmac
import math
from collections.abc import Callable
from typing import Final

from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase
from starlette.types import ASGIApp, Receive, Scope, Send

from wapaganda.ml_backend.middleware.wrong_logins import WrongLogins
from wapaganda.ml_backend.responses import CLOSE, refuse

OPEN_PATHS: Final = frozenset({"/health"})


class DocumentedBasic(SecurityBase):
    """Declares in OpenAPI that a route is guarded; the middleware checks it."""

    def __init__(self) -> None:
        self.model = HTTPBase(scheme="basic")
        self.scheme_name = "HTTPBasic"

    async def __call__(self) -> None:
        """Nothing to check here."""


class BasicAuth:
    """ASGI middleware: 401 unless user and password match; no check when ``credentials`` is None.

    429 for an address that has tried too many wrong ones; what it sends is not even looked at.
    """

    def __init__(
        self, app: ASGIApp, credentials: tuple[str, str] | None, on_refusal: Callable[[str], None]
    ) -> None:
        self._app = app
        self._expected = None if credentials is None else _encodings(":".join(credentials))
        self._on_refusal = on_refusal
        self._wrong = WrongLogins()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through or refuse it."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS or self._expected is None:
            await self._app(scope, receive, send)
            return
        address = (scope.get("client") or ("",))[0]
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if given and (seconds := math.ceil(self._wrong.wait(address))):
            reason = f"Too many wrong passwords from this address; try again in {seconds} s."
            await refuse(send, 429, reason, {"Retry-After": str(seconds), **CLOSE})
            return
        if self._is_known(given):
            await self._app(scope, receive, send)
            return
        if given:
            self._wrong.wrong(address, given)
        self._on_refusal(scope["path"])
        await refuse(
            send,
            401,
            "Expected HTTP Basic authentication with BASIC_AUTH_USER and BASIC_AUTH_PASS.",
            {"WWW-Authenticate": 'Basic realm="ml-backend", charset="UTF-8"', **CLOSE},
        )

    def _is_known(self, given: bytes) -> bool:
        scheme, _, token = given.partition(b" ")
        try:
            pair = base64.b64decode(token.strip(), validate=True)
        except binascii.Error:
            return False
        digest = hashlib.sha256(pair).digest()  # of one length, so that the time tells nothing about it
        matches = [hmac.compare_digest(digest, expected) for expected in self._expected or ()]
        return scheme.lower() == b"basic" and any(matches)


def _encodings(pair: str) -> tuple[bytes, ...]:
    """Digests of the pair: browsers send UTF-8, Label Studio's `requests` sends Latin-1 where it can."""
    spelled = (pair.encode(), pair.encode("latin-1" if max(pair) < "\u0100" else "utf-8"))
    return tuple(hashlib.sha256(each).digest() for each in spelled)
