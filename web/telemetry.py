"""What every request carries and leaves behind: its id, one line of log, its count and its duration."""

from __future__ import annotations

import os
import re
import time
import uuid
from functools import lru_cache

import structlog
from flask import Flask, Response, g, request
from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_flask_exporter import PrometheusMetrics
from prometheus_flask_exporter.multiprocess import GunicornInternalPrometheusMetrics

log = structlog.get_logger(__name__)
HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_QUIET = ("health.", "prometheus_metrics")


@lru_cache(maxsize=1)
def _requests() -> Counter:
    return Counter("http_requests", "Requests answered, by route.", ("method", "endpoint", "status"))


@lru_cache(maxsize=1)
def _duration() -> Histogram:
    return Histogram(
        "http_request_duration_seconds", "From the first byte to the answer.", ("method", "endpoint"), buckets=_BUCKETS
    )


def register(app: Flask) -> None:
    """Give every request of `app` an id, count it, and serve GET /metrics (the sum over a server's forks)."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        GunicornInternalPrometheusMetrics(app, path="/metrics", export_defaults=False)
    else:
        PrometheusMetrics(app, path="/metrics", export_defaults=False, registry=REGISTRY)
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.began = time.perf_counter()
    offered = request.headers.get(HEADER, "")
    g.request_id = offered if _WELL_FORMED.fullmatch(offered) else uuid.uuid4().hex
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    now = time.perf_counter()
    seconds = now - g.get("began", now)
    endpoint = request.url_rule.rule if request.url_rule is not None else "unmatched"
    method = request.method if request.url_rule is not None else "any"
    _requests().labels(method, endpoint, str(response.status_code)).inc()
    _duration().labels(method, endpoint).observe(seconds)
    say = log.debug if (request.endpoint or "").startswith(_QUIET) else log.info
    say(
        "request_answered",
        method=request.method,
        endpoint=endpoint,
        status=response.status_code,
        took_ms=round(seconds * 1000, 1),
    )
    response.headers[HEADER] = g.get("request_id", "")
    return response
