"""What the venue refuses for now: the error says the code and when to come again, and repeats wait for that."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from intendly_sdk.client import VenueClient
from intendly_sdk.errors import ApiError, NetworkError, UnavailableError

Answer = tuple[int, dict[str, str], object]


@contextmanager
def venue(answer: Callable[[int], Answer]) -> Iterator[tuple[str, list[str]]]:
    """Its n-th answer has status, headers and body; yields the address and what was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers, body = answer(len(asked))
            sent = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"content-length": str(len(sent)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join(5)


def problem(status: int, code: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, named, {"type": "about:blank", "title": code, "status": status, "code": code, "detail": "why"}


@pytest.mark.parametrize("status", [429, 503])
def test_what_may_pass_is_asked_again_as_late_as_retry_after_says(status: int) -> None:
    answers = [problem(status, "rate_limited", retry_after="1"), (200, {}, [])]
    began = time.monotonic()
    with venue(lambda n: answers[n - 1]) as (url, asked), VenueClient(url) as client:
        assert client.tokens() == ()
    assert time.monotonic() - began >= 1
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("answer", "times", "retry_after", "is_unavailable"),
    [
        (problem(429, "rate_limited", retry_after="900"), 1, 900.0, False),
        (problem(429, "too_many_open_intents"), 1, None, False),
        (problem(503, "paused"), 3, None, True),
        (problem(503, "unavailable", retry_after="soon"), 3, None, True),
        (problem(422, "nonce_spent", retry_after="1"), 1, 1.0, False),
    ],
)
def test_the_error_says_what_and_when_to_come_again(
    answer: Answer, times: int, retry_after: float | None, is_unavailable: bool
) -> None:
    with venue(lambda _: answer) as (url, asked), VenueClient(url, tries=3) as client:
        with pytest.raises(ApiError) as refused:
            client.tokens()
        assert len(asked) == times
    body = answer[2]
    assert isinstance(body, dict)
    assert (refused.value.code, refused.value.retry_after) == (body["code"], retry_after)
    assert isinstance(refused.value, UnavailableError) == is_unavailable
    assert isinstance(refused.value, NetworkError) == is_unavailable, "who waits for the network waits for this too"


def test_a_gateways_page_is_a_network_error_and_an_answer_may_have_more_fields() -> None:
    with venue(lambda _: (502, {}, b"<html>")) as (url, asked), VenueClient(url, tries=2) as client:
        with pytest.raises(NetworkError, match="502"):
            client.tokens()
        assert len(asked) == 2
    token = {"address": "0x" + "01" * 20, "symbol": "WETH", "name": "Wrapped", "decimals": 18, "logo": "x"}
    with venue(lambda _: (200, {}, [token])) as (url, _), VenueClient(url) as client:
        assert client.tokens()[0].symbol == "WETH"
