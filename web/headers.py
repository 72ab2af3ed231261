"""The headers of every answer: what a browser may do with it, and whose pages may call the API (CORS_ORIGINS)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import Flask, Response
from flask_cors import CORS

from web.current import request

ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_HSTS: Final = "max-age=31536000"
_ASKED_WITH: Final = ["Content-Type", "X-Api-Key", "X-Request-ID"]
_READABLE: Final = ["RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"]


def register(app: Flask, origins: Sequence[str]) -> None:
    """Add them to every answer of `app`. Without `origins` no page of another site can read an answer."""
    app.after_request(_secure)
    if origins:
        CORS(
            app,
            resources={r"/api/v1/.*": {}},
            origins="*" if "*" in origins else list(origins),
            methods=["GET", "POST"],
            allow_headers=_ASKED_WITH,
            expose_headers=_READABLE,
            max_age=600,
            send_wildcard=True,
            vary_header=True,
        )


def _secure(response: Response) -> Response:
    asked = request()
    if asked.method == "OPTIONS" and response.status_code == 200:  # Flask's own answer, which has no body
        response.headers.pop("Content-Type", None)
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    if asked.is_secure:  # the client, or a trusted proxy for it, speaks https
        response.headers["Strict-Transport-Security"] = _HSTS
    return response
