"""Serves a solver over HTTP: the venue POSTs a `BidRequest` with every open auction, and gets a `BidResponse`."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

from pydantic import ValidationError

from intendly_sdk.errors import ListenError
from intendly_sdk.loop_thread import LoopClosed, LoopThread
from intendly_sdk.messages import AuctionOpened, BidRequest, BidResponse, QuoteAnswer, SignedBid
from intendly_sdk.pricing import BACKLOG, WORKERS, Pricing, Shed, check_bounds
from intendly_sdk.solver import Solver
from intendly_sdk.solver_standing import tell_standing
from intendly_sdk.stopping import stopped_by_signals

Got = TypeVar("Got")

log = logging.getLogger("intendly_sdk.solver")
BODY_MAX_BYTES = 4 << 20
IDLE_SECONDS = 30.0
ANSWER_SECONDS = 1.0
"""A little less than the venue waits (SOLVER_TIMEOUT_MS, 1.2 seconds)."""


class HttpSolver:
    """`POST /bids` answers a BidRequest, `GET /health` says that it is up. `run()` until `stop()`.

    Listens from its construction on, or raises `ListenError`; port 0 takes a free one (`port`). Prices up to `workers`
    auctions at a time. Up to `backlog` more wait; beyond, the oldest are shed first: no bid in the answer, and counted
    in the log as `auction.shed`. Whatever is not priced within `answer_s` seconds is left out, as the venue takes no
    late answers. With `api_url`, the venue's, the log says whether it is registered there, and how to register it.
    """

    def __init__(
        self,
        solver: Solver,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        workers: int = WORKERS,
        backlog: int = BACKLOG,
        answer_s: float = ANSWER_SECONDS,
        api_url: str | None = None,
    ) -> None:
        check_bounds(workers, backlog)
        self._solver = solver
        self._pricing = Pricing(solver, workers, backlog)
        self._answer_s = answer_s
        self._api_url = api_url
        self._stopped = threading.Event()
        try:
            self._server = _Server((host, port), self.respond)
        except (OSError, OverflowError) as error:
            raise ListenError.of(host, port, error) from None
        self._thread = LoopThread("intendly solver")
        self.port = int(self._server.server_address[1])
        self._endpoint = f"http://{host}:{self.port}/bids"

    def run(self) -> None:
        """Serve, then close the port.

        In the main thread Ctrl-C and SIGTERM stop it, unless the program has handlers of its own for them.
        """
        self._say_that_it_is_up()
        try:
            with self._server, stopped_by_signals(self.stop):
                if not self._stopped.is_set():
                    self._server.serve_forever(poll_interval=0.1)
        finally:
            self._thread.run(self._pricing.close())
            self._thread.close()

    def _say_that_it_is_up(self) -> None:
        solver, told = self._solver, (self._endpoint, self._api_url or "-")
        ids = (solver.solver, solver.signer.address, solver.config.chain_id, solver.config.settlement)
        log.info("http.listening url=%s venue=%s solver=%s key=%s chain_id=%d settlement=%s", *told, *ids)
        if self._api_url is not None:
            arguments = (self._api_url, solver, self._endpoint, self._stopped)
            threading.Thread(target=tell_standing, args=arguments, daemon=True).start()

    def stop(self) -> None:
        """Make `run` return within a second, once the prices under way are done. Safe in a signal handler."""
        self._stopped.set()
        threading.Thread(target=self._server.shutdown, daemon=True).start()

    def respond(self, request: BidRequest) -> BidResponse:
        """Answer every auction and quote; one that is declined or shed has no bid in the answer.

        Raises `LoopClosed` once it is stopped.
        """
        if self._stopped.is_set():
            raise LoopClosed("this solver goes down")
        return self._thread.run(self._respond(request))

    async def _respond(self, request: BidRequest) -> BidResponse:
        came = time.monotonic()
        ends = came + self._answer_s
        # The oldest wait longest, so they are the first to be shed.
        oldest = sorted(request.auctions, key=lambda auction: auction.opened_at)
        bids = {auction.auction_id: asyncio.create_task(self._bid(auction, came, ends)) for auction in oldest}
        quotes = [asyncio.create_task(self._pricing.quote(ask, ends)) for ask in request.quotes]
        if bids or quotes:
            # Who is late goes on, as a thread can't be stopped, and keeps its turn until it is done.
            await asyncio.wait({*bids.values(), *quotes}, timeout=self._answer_s)
        made = [_now(bids[auction.auction_id]) for auction in request.auctions]
        return BidResponse(
            bids=tuple(bid for bid in made if bid is not None),
            quotes=tuple(_now(quote) or QuoteAnswer() for quote in quotes),
        )

    async def _bid(self, auction: AuctionOpened, came: float, ends: float) -> SignedBid | None:
        closes = came + auction.ms_left / 1000
        try:
            async with self._pricing.turn(min(ends, closes)):
                return await self._pricing.bid(auction, closes)
        except Shed:
            return None


def _now(answer: asyncio.Task[Got]) -> Got | None:
    return answer.result() if answer.done() else None


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
        try:
            response = self.server.respond(request)
        except LoopClosed:
            self._refuse(503, "this solver goes down")
            return
        self._send(200, response.model_dump_json().encode())

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
