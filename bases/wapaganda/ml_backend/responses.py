"""Responses as bytes: ASCII JSON, so that no text of a user can make one fail."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.responses import JSONResponse, Response
from starlette.types import Send

CLOSE: Final = {"connection": "close"}
"""The header for a request whose body was not read: the rest of it must not be taken for a request."""


class AsciiJson(JSONResponse):
    """JSON with every non-ASCII character escaped, so that lone surrogates can be sent."""

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - Starlette's own signature
        """The body."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def streamed_results(items: Iterable[Mapping[str, Any]]) -> Response:
    """``{"results": [...]}``, encoded item by item, so that a large answer does not block other threads."""
    body = ",".join(json.dumps(item, allow_nan=False, separators=(",", ":")) for item in items)
    return Response(f'{{"results":[{body}]}}'.encode("ascii"), media_type="application/json")


async def refuse(send: Send, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
    """Answer an ASGI request with an error in one sentence."""
    body = json.dumps({"error": reason}).encode("ascii")
    names = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (name.lower().encode("ascii"), value.encode("ascii")) for name, value in names.items()
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
