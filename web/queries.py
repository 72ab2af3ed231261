"""Every query string of the API is looked at, whatever its view reads of it (web/parameters.py)."""

from __future__ import annotations

from flask import Flask

from web.current import request
from web.openapi.document import API
from web.openapi.operations import OPERATIONS
from web.parameters import refuse_unknown


def register(app: Flask) -> None:
    """Look at each request that has a query string. Its values are the view's to check."""
    app.before_request(_look)


def _look() -> None:
    asked = request()
    endpoint = asked.endpoint or ""
    if not asked.query_string or not endpoint.startswith(API) or asked.method == "OPTIONS":
        return
    model = OPERATIONS[endpoint.removeprefix(API)].query
    refuse_unknown(asked.args, model.model_fields if model else {})
