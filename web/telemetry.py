"""What every request carries and leaves behind: its id, one line of log, its count and its duration."""

from __future__ import annotations

import os
import re
import time
import uuid
from functools import lru_cache

import structlog
from flask import Flask, Response, g
from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_flask_exporter import PrometheusMetrics
from prometheus_flask_exporter.multiprocess import GunicornInternalPrometheusMetrics

from web.current import request

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
    asked = request()
    offered = asked.environ.get("HTTP_X_REQUEST_ID", "")
    request_id = offered if _WELL_FORMED.fullmatch(offered) else uuid.uuid4().hex
    g.request_id, g.began = request_id, time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)


def _end(response: Response) -> Response:
    asked, now = request(), time.perf_counter()
    seconds = now - g.get("began", now)
    rule, method, status = asked.url_rule, asked.method, response.status_code
    endpoint, counted = ("unmatched", "any") if rule is None else (rule.rule, method)
    _requests().labels(counted, endpoint, str(status)).inc()
    _duration().labels(counted, endpoint).observe(seconds)
    say = log.debug if (asked.endpoint or "").startswith(_QUIET) else log.info
    say("request_answered", method=method, endpoint=endpoint, status=status, took_ms=round(seconds * 1000, 1))
    response.headers[HEADER] = g.get("request_id", "")
    return response
