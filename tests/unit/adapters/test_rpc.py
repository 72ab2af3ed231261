"""Fail-over between endpoints, each a real socket that answers as the test says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import structlog.testing

from intendly.adapters.chain.rpc import BATCH_MAX, STALE_BLOCKS, Rpc, RpcError
from intendly.domain.errors import ChainUnavailable

Answer = Callable[[dict[str, Any]], dict[str, Any]]


def says(result: object) -> Answer:
    return lambda _: {"result": result}


def refuses(code: int, message: str) -> Answer:
    return lambda _: {"error": {"code": code, "message": message}}


class Endpoint:
    """One endpoint. `status` other than 200 is answered without a body; `pause_s` comes between two bytes."""

    def __init__(self, answer: Answer, *, status: int = 200, pause_s: float = 0, garbage: bytes = b"") -> None:
        self.answer, self.status, self.pause_s, self.garbage = answer, status, pause_s, garbage
        self.requests: list[Any] = []

    def body(self, request: Any) -> bytes:
        if self.garbage:
            return self.garbage
        if isinstance(request, list):
            return json.dumps([self._one(each) for each in reversed(request)]).encode()
        return json.dumps(self._one(request)).encode()

    def _one(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": request["id"], **self.answer(request)}


@contextmanager
def served(*endpoints: Endpoint) -> Iterator[Rpc]:
    with ExitStack() as running:
        urls = [running.enter_context(_listening(endpoint)) for endpoint in endpoints]
        yield running.enter_context(closing(Rpc(urls, timeout_s=0.5)))


@contextmanager
def _listening(endpoint: Endpoint) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            endpoint.requests.append(request)
            body = endpoint.body(request)
            self.send_response(endpoint.status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            try:
                for byte in body:
                    self.wfile.write(bytes((byte,)))
                    if endpoint.pause_s:
                        time.sleep(endpoint.pause_s)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/secret-key"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    "broken",
    [
        Endpoint(says("0x1"), status=500),
        Endpoint(says("0x1"), status=429),
        Endpoint(says("0x1"), garbage=b"<html>"),
        Endpoint(says("0x1"), garbage=b"[]"),
        Endpoint(says("0x1"), garbage=b'{"id": 99, "result": "0x1"}'),
        Endpoint(lambda _: {}),
        Endpoint(refuses(-32005, "limit exceeded")),
        Endpoint(refuses(-32603, "internal error")),
        Endpoint(says("0x1" + "0" * 40), pause_s=0.05),
    ],
)
def test_the_next_endpoint_answers_when_one_fails(broken: Endpoint) -> None:
    with served(broken, Endpoint(says("0x2"))) as rpc:
        began = time.monotonic()
        assert rpc.call("eth_chainId") == "0x2"
        assert time.monotonic() - began < 2
        assert rpc.call("eth_chainId") == "0x2"
    assert len(broken.requests) == 1  # it is left alone for a while


def test_the_chains_own_refusal_is_an_answer() -> None:
    first, second = Endpoint(refuses(3, "execution reverted")), Endpoint(says("0x2"))
    with served(first, second) as rpc:
        with pytest.raises(RpcError, match="eth_call: execution reverted") as caught:
            rpc.call("eth_call", {}, "latest")
        assert caught.value.code == 3
    assert second.requests == []


def test_all_of_them_away() -> None:
    with (
        served(Endpoint(says(""), status=503), Endpoint(says(""), status=502)) as rpc,
        structlog.testing.capture_logs() as logs,
        pytest.raises(ChainUnavailable, match="none of 2") as caught,
    ):
        rpc.call("eth_chainId")
    assert "secret-key" not in str(caught.value) + str(logs)
    assert [line["endpoint"] for line in logs] == [0, 1]


def test_answers_are_put_into_the_order_of_the_calls_and_refusals_stand_in_their_place() -> None:
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        number = request["params"][0]
        return {"error": {"code": -32000, "message": "no"}} if number == 1 else {"result": number}

    with served(Endpoint(answer)) as rpc:
        first, second, third = rpc.batch([("echo", [number]) for number in range(3)])
        assert (first, third) == (0, 2)
        assert isinstance(second, RpcError)
        with pytest.raises(RpcError, match="no"):
            rpc.results([("echo", [0]), ("echo", [1])])


def test_many_calls_go_in_several_requests() -> None:
    endpoint = Endpoint(lambda request: {"result": request["params"][0]})
    with served(endpoint) as rpc:
        assert rpc.batch([("echo", [number]) for number in range(BATCH_MAX + 1)]) == list(range(BATCH_MAX + 1))
    assert [len(each) if isinstance(each, list) else 1 for each in endpoint.requests] == [BATCH_MAX, 1]


def test_no_calls_no_request() -> None:
    with served(Endpoint(says(1))) as rpc:
        assert rpc.batch([]) == []


def test_an_endpoint_that_fell_behind_is_passed_over_until_all_are() -> None:
    ahead, behind = Endpoint(says(hex(1_000))), Endpoint(says(hex(1_000 - STALE_BLOCKS - 1)))
    with served(ahead, behind) as rpc:
        assert rpc.call("eth_blockNumber") == hex(1_000)
        ahead.status = 500
        with pytest.raises(ChainUnavailable, match="17 blocks behind"):
            rpc.call("eth_blockNumber")
        assert rpc.call("eth_blockNumber") == hex(983)
