"""Limits of size and time on request bodies that also hold for chunked transfer."""

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wapaganda.ml_backend.responses import CLOSE, refuse

BODY_SECONDS: Final = 60.0


class BodyLimit:
    """ASGI middleware: 413 for bodies over ``max_bytes``, by the announced length or by the received bytes;
    408 for those that take longer than ``seconds``; 400 for those with two lengths, of which a proxy in front
    may believe the other one (RFC 9112, 6.3).

    It reads the whole body before the application runs: every route reads its body anyway, and an
    application that is already reading could turn the refusal into another error.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body and let it through, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if b"content-length" in headers and b"transfer-encoding" in headers:
            problem = "Expected Content-Length or Transfer-Encoding, was: both."
            await refuse(send, 400, problem, CLOSE)
            return
        if _announced(headers) > self._max_bytes:
            await self._refuse_size(send)
            return
        try:
            async with asyncio.timeout(self._seconds):
                body = await self._read(receive)
        except TimeoutError:
            problem = f"Expected the whole body within {self._seconds:g} s, was: a part of it."
            await refuse(send, 408, problem, CLOSE)
            return
        except _TooBigError:
            await self._refuse_size(send)
            return
        if body is not None:
            await self._app(scope, _replayed(body, receive), send)

    async def _read(self, receive: Receive) -> bytes | None:
        """The body; None when the client has gone."""
        chunks: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return None
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            more = message.get("more_body", False)
            if size > self._max_bytes:
                raise _TooBigError
        return b"".join(chunks)

    async def _refuse_size(self, send: Send) -> None:
        megabytes = self._max_bytes / 1_000_000
        problem = f"Expected a body of at most {megabytes:g} MB (MAX_BODY_MB), was: more."
        await refuse(send, 413, problem, CLOSE)


class _TooBigError(Exception):
    pass


def _announced(headers: Mapping[bytes, bytes]) -> int:
    value = headers.get(b"content-length", b"")
    return int(value) if value.isdigit() else 0


def _replayed(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again
