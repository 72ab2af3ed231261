"""One rule for every query string of the API: a parameter that is not known, or is given twice, is refused."""

from __future__ import annotations

from flask import Flask

from intendly.domain.errors import InvalidRequest
from web.current import request
from web.openapi.document import API
from web.openapi.operations import OPERATIONS


def register(app: Flask) -> None:
    """Look at each request that has a query string. Its values are the view's to check."""
    app.before_request(_look)


def _look() -> None:
    asked = request()
    endpoint = asked.endpoint or ""
    if not asked.query_string or not endpoint.startswith(API) or asked.method == "OPTIONS":
        return
    model = OPERATIONS[endpoint.removeprefix(API)].query
    known = model.model_fields if model else {}
    for name, values in asked.args.lists():
        if name not in known:
            raise InvalidRequest("no parameter of this name is known here: remove it, or correct it", field=name[:60])
        if len(values) > 1:
            raise InvalidRequest(f"{name}: expected once, got {len(values)} times", field=name)
