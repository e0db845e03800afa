"""/docs and /redoc: the calls of the server for programmers, without the internet."""

from pathlib import Path
from typing import Final

from fastapi.responses import FileResponse, HTMLResponse, Response

from wapaganda.ml_backend.responses import AsciiJson
from wapaganda.ml_backend.route import guarded_router

_FILES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "redoc.standalone.js": "text/javascript",
}
"""What the package fastapi-offline ships of Swagger UI and ReDoc."""
_START: Final = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui"});'
_SWAGGER: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"/><title>wapaganda ML backend</title>
<link rel="icon" href="data:,"/><link rel="stylesheet" href="docs/swagger-ui.css"/></head>
<body><div id="swagger-ui"></div><script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script></body></html>
"""
_REDOC: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"/><title>wapaganda ML backend</title>
<link rel="icon" href="data:,"/></head>
<body><redoc spec-url="openapi.json"></redoc><script src="docs/redoc.standalone.js"></script></body></html>
"""
# Both write styles into the page, and ReDoc searches in a worker that it makes itself.
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src data:; connect-src 'self'; worker-src blob:; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}

router = guarded_router()


@router.get("/docs", include_in_schema=False)
async def swagger() -> Response:
    """Swagger UI."""
    return HTMLResponse(_SWAGGER, headers=_HEADERS)


@router.get("/redoc", include_in_schema=False)
async def redoc() -> Response:
    """ReDoc."""
    return HTMLResponse(_REDOC, headers=_HEADERS)


@router.get("/docs/{name}", include_in_schema=False)
def file(name: str) -> Response:
    """A file of Swagger UI or ReDoc."""
    if name == "start.js":
        return Response(_START, media_type="text/javascript", headers=_HEADERS)
    if name not in _FILES:
        return AsciiJson({"error": "Not Found"}, 404)
    import fastapi_offline

    folder = Path(fastapi_offline.__file__).parent / "static"
    return FileResponse(folder / name, media_type=_FILES[name], headers=_HEADERS)
