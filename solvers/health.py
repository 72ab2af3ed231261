"""GET /health and /health/live beside a runner that has no HTTP server of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

from intendly_sdk.errors import ListenError


class _Runner(Protocol):
    def run(self) -> None: ...

    def stop(self) -> None: ...


class _WithHealth:
    def __init__(self, runner: _Runner, server: ThreadingHTTPServer) -> None:
        self._runner = runner
        self._server = server

    def run(self) -> None:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        with self._server:
            self._runner.run()
            self._server.shutdown()

    def stop(self) -> None:
        self._runner.stop()


def with_health(runner: _Runner, is_ready: Callable[[], bool], host: str, port: int) -> _WithHealth:
    """The runner with `GET /health`: 200 while `is_ready`, 503 otherwise, and `GET /health/live`: 200 while it runs.

    Raises `ListenError` if the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = 5.0

        def do_GET(self) -> None:
            ready = is_ready() or self.path == "/health/live"
            status = 404 if self.path not in ("/health", "/health/live") else 200 if ready else 503
            body = b'{"status":"ok"}' if ready else b'{"status":"connecting"}'
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise ListenError.of(host, port, error) from None
    return _WithHealth(runner, server)
