"""/health at the root of a process that serves a Flask application."""

from __future__ import annotations

import json
from collections.abc import Sequence

from flask import Blueprint, Response

from intendly.adapters.observability.health import Check, run_checks


def health_blueprint(process: str, checks: Sequence[Check]) -> Blueprint:
    """GET /health/live says that the process runs; /health/ready and /health that it can work, part by part."""
    health = Blueprint("health", __name__, url_prefix="/health")

    @health.get("/live")
    def live() -> Response:
        return _answer(200, {"status": "ok", "process": process})

    @health.get("")
    @health.get("/ready")
    def ready() -> Response:
        report = run_checks(checks)
        return _answer(200 if report.ready else 503, {"process": process, **report.as_json()})

    return health


def _answer(status: int, body: dict[str, object]) -> Response:
    return Response(json.dumps(body), status=status, content_type="application/json")
