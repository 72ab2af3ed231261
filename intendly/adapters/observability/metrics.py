"""/health and /metrics of a process that serves nothing else, and the place where metrics are defined.

A process of several forks sets PROMETHEUS_MULTIPROC_DIR before prometheus_client is imported (web/gunicorn.conf.py);
its figures are then the sum over the forks.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import ValueClass

from intendly.adapters.observability.health import Check, is_alive, run_checks

log = structlog.get_logger(__name__)
Answer = tuple[str, str, bytes]
_JSON = "application/json"
_STATUS = {True: "200 OK", False: "503 Service Unavailable"}


def exposition() -> bytes:
    """Every metric of this process, or of all its forks, in Prometheus' text format."""
    if getattr(ValueClass, "_multiprocess", False):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest(REGISTRY)


def health_app(checks: Sequence[Check], *, process: str = "") -> Callable[..., Iterable[bytes]]:
    """A WSGI application: GET /health/live, /health/ready, /health and /metrics."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, kind, body = _answer(environ.get("PATH_INFO", ""), checks, process)
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return app


def _answer(path: str, checks: Sequence[Check], process: str) -> Answer:
    match path:
        case "/health/live":
            alive = is_alive(checks)
            return _STATUS[alive], _JSON, b'{"status":"ok"}' if alive else b'{"status":"hangs"}'
        case "/health" | "/health/ready":
            report = run_checks(checks)
            body = json.dumps({"process": process, **report.as_json()}).encode()
            return _STATUS[report.ready], _JSON, body
        case "/metrics":
            return "200 OK", CONTENT_TYPE_LATEST, exposition()
        case _:
            return "404 Not Found", _JSON, b'{"detail":"expected /health, /health/live, /health/ready or /metrics"}'


class HealthServer:
    """Serves `health_app` from a daemon thread until `close()`. `port` is the one that it got."""

    def __init__(self, server: WSGIServer) -> None:
        self._server = server
        self.port: int = server.server_port
        self._thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving and close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


def serve_health(port: int, checks: Sequence[Check], *, host: str = "127.0.0.1", process: str = "") -> HealthServer:
    """Serve /health and /metrics on `host:port` (0: any free one) from a thread of this process.

    Call it after the fork: a thread does not survive one. Raises `OSError` when the port is taken.
    """
    app = health_app(checks, process=process)
    server = HealthServer(make_server(host, port, app, server_class=_Server, handler_class=_QuietHandler))
    log.info("health_served", process=process, host=host, port=server.port)
    return server


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        log.debug("health_asked", request=format % args)
