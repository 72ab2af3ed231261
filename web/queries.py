"""One rule for every query string of the API: a parameter that is not known, or is given twice, is refused."""

from __future__ import annotations

from flask import Flask, request

from intendly.domain.errors import InvalidRequest
from web.openapi.document import API
from web.openapi.operations import OPERATIONS


def register(app: Flask) -> None:
    """Look at each request that has a query string. Its values are the view's to check."""
    app.before_request(_look)


def _look() -> None:
    endpoint = request.endpoint or ""
    if not request.query_string or not endpoint.startswith(API) or request.method == "OPTIONS":
        return
    model = OPERATIONS[endpoint.removeprefix(API)].query
    known = model.model_fields if model else {}
    for name, values in request.args.lists():
        if name not in known:
            raise InvalidRequest("no parameter of this name is known here: remove it, or correct it", field=name[:60])
        if len(values) > 1:
            raise InvalidRequest(f"{name}: expected once, got {len(values)} times", field=name)
