"""/api/openapi.json, and /api/docs: a page that shows it, with everything that it needs served from here."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, current_app, request, send_from_directory
from werkzeug.exceptions import NotFound

from web.current import venue
from web.openapi.document import document

pages = Blueprint("openapi", __name__, url_prefix="/api")
_OURS: Final = Path(__file__).parent / "page"
_ASSETS: Final = {
    "start.js": _OURS,
    **dict.fromkeys(
        ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"), Path(str(files("flask_swagger_ui"))) / "dist"
    ),
}
_CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@pages.get("/openapi.json")
def openapi() -> Response:
    """This API as an OpenAPI 3.1 document."""
    response = Response(_document(), content_type="application/json")
    response.add_etag()
    response.make_conditional(request)
    return response


@pages.get("/docs")
def docs() -> Response:
    """The document as a page to read and try."""
    response = send_from_directory(_OURS, "index.html")
    response.headers["Content-Security-Policy"] = _CSP
    return response


@pages.get("/docs/<name>")
def asset(name: str) -> Response:
    """A file of the page."""
    if name not in _ASSETS:
        raise NotFound
    return send_from_directory(_ASSETS[name], name)


@cache
def _document() -> bytes:
    settings = venue().settings
    return json.dumps(document(current_app, settings.batch_max, settings.stream_url)).encode()
