"""Serves a solver over HTTP: the venue POSTs a `BidRequest` with every open auction, and gets a `BidResponse`."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import ValidationError

from intendly_sdk.messages import BidRequest, BidResponse
from intendly_sdk.solver import Solver

log = logging.getLogger("intendly_sdk.solver")
BODY_MAX_BYTES = 4 << 20
IDLE_SECONDS = 30.0


class HttpSolver:
    """`POST /bids` answers a BidRequest, `GET /health` says that it is up. `run()` until `stop()`.

    Listens from its construction on; port 0 takes a free one (`port`). Prices up to `workers` auctions at a time.
    """

    def __init__(self, solver: Solver, *, host: str = "127.0.0.1", port: int = 0, workers: int = 4) -> None:
        self._solver = solver
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="price")
        self._stopped = threading.Event()
        self._server = _Server((host, port), self.respond)
        self.port = int(self._server.server_address[1])

    def run(self) -> None:
        """Serve, then close the port."""
        log.info("http.listening solver=%s port=%d", self._solver.solver, self.port)
        with self._server, self._pool:
            if not self._stopped.is_set():
                self._server.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """Make `run` return within a second. Safe in a signal handler."""
        self._stopped.set()
        threading.Thread(target=self._server.shutdown, daemon=True).start()

    def respond(self, request: BidRequest) -> BidResponse:
        """Answer every auction and quote; an auction that is declined has no bid in the answer."""
        answers = self._pool.map(self._solver.answer, request.auctions)
        quotes = self._pool.map(self._solver.answer_quote, request.quotes)
        return BidResponse(bids=tuple(bid for bid in answers if bid is not None), quotes=tuple(quotes))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], respond: Callable[[BidRequest], BidResponse]) -> None:
        super().__init__(address, _Handler)
        self.respond = respond

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        log.warning("http.connection_failed client=%s", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "intendly-solver"
    sys_version = ""
    timeout = IDLE_SECONDS
    # Without it a small answer waits for the client's delayed acknowledgement, 40 ms.
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        if self.path in ("/health", "/health/live"):
            self._send(200, b'{"status":"ok"}')
        else:
            self._refuse(404, "expected GET /health or POST /bids")

    def do_POST(self) -> None:
        if self.path != "/bids":
            self._refuse(404, "expected GET /health or POST /bids")
            return
        length = self.headers.get("content-length", "")
        if not length.isdecimal():
            self._refuse(411, "expected a content-length")
        elif int(length) > BODY_MAX_BYTES:
            self._refuse(413, f"expected at most {BODY_MAX_BYTES} bytes")
        else:
            self._answer(self.rfile.read(int(length)))

    def _answer(self, body: bytes) -> None:
        try:
            request = BidRequest.model_validate_json(body)
        except ValidationError as error:
            self._refuse(400, str(error.errors(include_input=False, include_url=False)[0]["msg"]))
            return
        self._send(200, self.server.respond(request).model_dump_json().encode())

    def _refuse(self, status: int, detail: str) -> None:
        # What was not read would be taken for the next request.
        self.close_connection = True
        self._send(status, json.dumps({"detail": detail}).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        log.debug("http.request %s", format % args)
