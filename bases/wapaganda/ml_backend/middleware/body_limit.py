"""A limit on request bodies that also holds for chunked transfer."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wapaganda.ml_backend.responses import refuse


class BodyLimit:
    """ASGI middleware: 413 for bodies over ``max_bytes``, by the announced length or by the received bytes.

    It reads the whole body before the application runs: every route reads its body anyway, and an
    application that is already reading could turn the refusal into another error.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body and let it through, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _announced(scope) > self._max_bytes:
            await self._refuse(send)
            return
        chunks: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            more = message.get("more_body", False)
            if size > self._max_bytes:
                await self._refuse(send)
                return
        await self._app(scope, _replayed(b"".join(chunks), receive), send)

    async def _refuse(self, send: Send) -> None:
        megabytes = self._max_bytes / 1_000_000
        await refuse(
            send,
            413,
            f"Expected a body of at most {megabytes:g} MB (MAX_BODY_MB), was: more.",
            {"connection": "close"},
        )


def _announced(scope: Scope) -> int:
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(value) if value.isdigit() else 0


def _replayed(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again
