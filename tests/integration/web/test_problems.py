"""Whatever is wrong with a request, the answer is a problem with a code, never a traceback or a page."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest
from intendly_sdk.messages import Problem
from intendly_sdk.signatures import Signer

from tests.integration.web.conftest import Relayer
from tests.integration.web.world import signed_intent

pytestmark = pytest.mark.integration
_A, _B, _C = ("0x" + digits * 20 for digits in ("11", "22", "33"))
QUOTE = f'{{"swapper":"{_A}","token_in":"{_B}","token_out":"{_C}","amount_in":"1"}}'


def assert_problem(answer: httpx.Response, status: int, code: str) -> Problem:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = Problem.model_validate_json(answer.content)
    assert (answer.status_code, problem.status, problem.code) == (status, status, code)
    assert problem.type == f"urn:intendly:problem:{code}"
    assert problem.request_id == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    return problem


@pytest.mark.parametrize("body", [b"", b"{", b"not json", b"\xff\xfe", b'{"intent": 1e999999', b"[" * 5_000])
def test_a_body_that_is_not_json(relayer: Relayer, body: bytes) -> None:
    assert_problem(relayer.post("/intents", body), 400, "malformed_json")


@pytest.mark.parametrize(
    "body", ["[]", "null", "5", '"x"', "{}", '{"intent": {}, "signature": "0x"}', '{"intent": []}']
)
def test_a_body_of_another_shape(relayer: Relayer, body: str) -> None:
    problem = assert_problem(relayer.post("/intents", body), 422, "invalid_request")
    assert problem.errors


def test_a_body_over_the_limit(relayer: Relayer, swapper: Signer) -> None:
    body = signed_intent(swapper).model_dump_json() + " " * 70_000
    assert_problem(relayer.post("/intents", body), 413, "body_too_large")
    assert relayer.rows.one("SELECT count(*) FROM intents WHERE swapper = %s", bytes(swapper.address)) == 0


def test_a_chunked_body_over_the_limit(relayer: Relayer, swapper: Signer) -> None:
    start = signed_intent(swapper).model_dump_json().encode()
    answer = relayer.http.post(
        relayer.api + "/intents",
        content=(part for part in (start, *[b" " * 10_000] * 50)),
        headers={"content-type": "application/json"},
    )
    assert_problem(answer, 413, "body_too_large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_of_another_type(relayer: Relayer, swapper: Signer, kind: str) -> None:
    body = signed_intent(swapper).model_dump_json().encode()
    answer = relayer.http.post(relayer.api + "/intents", content=body, headers={"content-type": kind})
    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(("charset", "status"), [("utf-16", 415), ("latin-1", 415), ("UTF-8", 202), ('"utf-8"', 202)])
def test_a_body_is_utf_8(relayer: Relayer, swapper: Signer, charset: str, status: int) -> None:
    body = signed_intent(swapper).model_dump_json()
    said = {"content-type": f"application/json; charset={charset}"}
    answer = relayer.http.post(relayer.api + "/intents", content=body.encode(), headers=said)
    if status == 202:
        assert answer.status_code == 202
    else:
        assert_problem(answer, 415, "unsupported_media_type")


def test_a_field_that_is_given_twice(relayer: Relayer, swapper: Signer) -> None:
    good = signed_intent(swapper).model_dump_json()
    twice = good.replace('"amount_in":', '"amount_in":"7","amount_in":')
    for path, body in (
        ("/intents", twice),
        ("/intents", good[:-1] + ',"signature":"0x"}'),
        ("/intents/batch", f'{{"intents":[{good},{twice}]}}'),
        ("/intents/batch", f'{{"intents":[{good}],"intents":[{good}]}}'),
        ("/intents/batch", f'{{"intents":[{good}, {{"a": NaN, "a": {"9" * 500}}}]}}'),
        ("/bids", '[{"bid": 1, "bid": 2}]'),
        ("/quotes", QUOTE[:-1] + ',"amount_in":"5"}'),
        (f"/intents/0x{'77' * 32}/cancel", '{"signature":"0x11","signature":"0x12"}'),
    ):
        problem = assert_problem(relayer.post(path, body), 422, "invalid_request")
        assert problem.detail.endswith("expected once in its object, got twice"), path
        assert problem.errors[0]["field"] in {"amount_in", "signature", "intents", "a", "bid"}
    assert relayer.rows.one("SELECT count(*) FROM intents WHERE swapper = %s", bytes(swapper.address)) == 0


@pytest.mark.parametrize(
    "path", ["/config", "/tokens", "/solvers", f"/intents/0x{'77' * 32}", f"/auctions/0x{'77' * 32}"]
)
def test_a_parameter_that_is_not_known(relayer: Relayer, path: str) -> None:
    problem = assert_problem(relayer.get(path, cache="1"), 422, "invalid_request")
    assert problem.errors[0]["field"] == "cache"


@pytest.mark.parametrize("path", ["/solvers?limit=1&limit=2", "/intents?swapper=0x11&swapper=0x12"])
def test_a_parameter_that_is_given_twice(relayer: Relayer, path: str) -> None:
    problem = assert_problem(relayer.http.get(relayer.api + path), 422, "invalid_request")
    assert "expected once" in problem.detail


def test_options_has_no_body_and_says_no_type(relayer: Relayer) -> None:
    answer = relayer.http.options(relayer.api + "/intents")
    assert (answer.status_code, answer.content) == (200, b"")
    assert "content-type" not in answer.headers
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/", "/api/v2/intents", "/api/v1/intents/", "/api/v1//config"])
def test_no_such_page(relayer: Relayer, path: str) -> None:
    assert_problem(relayer.http.get(relayer.url + path), 404, "not_found")


def test_another_method(relayer: Relayer) -> None:
    answer = relayer.http.delete(relayer.api + "/intents")
    assert_problem(answer, 405, "method_not_allowed")
    assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize("path", ["/intents/0x12", "/intents/zz/status", "/auctions/0x", "/auctions/%00"])
def test_a_malformed_hash_in_the_path(relayer: Relayer, path: str) -> None:
    problem = assert_problem(relayer.get(path), 422, "invalid_request")
    assert problem.errors[0]["field"] in {"intent_hash", "auction_id"}


@pytest.mark.parametrize("path", ["/intents/{}", "/intents/{}/status", "/auctions/{}"])
def test_an_unknown_hash(relayer: Relayer, path: str) -> None:
    assert_problem(relayer.get(path.format("0x" + "77" * 32)), 404, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"swapper": "0x1"},
        {"swapper": "0x" + "11" * 20, "limit": "0"},
        {"swapper": "0x" + "11" * 20, "limit": "101"},
        {"swapper": "0x" + "11" * 20, "limit": "x"},
        {"swapper": "0x" + "11" * 20, "page": "2"},
    ],
)
def test_a_bad_query(relayer: Relayer, query: dict[str, str]) -> None:
    assert_problem(relayer.get("/intents", **query), 422, "invalid_request")


@pytest.mark.parametrize("after", ["x", "5", "-", "5-00", "99999999999999999999-" + "11" * 32, "²-" + "11" * 32])
def test_a_bad_cursor(relayer: Relayer, after: str) -> None:
    problem = assert_problem(relayer.get("/intents", swapper="0x" + "11" * 20, after=after), 422, "invalid_request")
    assert problem.errors[0]["field"] == "after"


def test_nothing_that_was_sent_comes_back(relayer: Relayer) -> None:
    secret = "0x" + "5ec7e7" * 5
    answer = relayer.post("/intents", f'{{"intent": "{secret}", "signature": "{secret}zz"}}')
    assert secret not in answer.text


def test_an_error_that_nobody_foresaw_shows_no_traceback(relayer: Relayer, swapper: Signer) -> None:
    relayer.rows.run("ALTER TABLE tokens RENAME COLUMN symbol TO hidden")
    try:
        problem = assert_problem(relayer.get("/tokens"), 500, "internal")
        assert "hidden" not in problem.detail
        assert "symbol" not in problem.detail
    finally:
        relayer.rows.run("ALTER TABLE tokens RENAME COLUMN hidden TO symbol")
    log = Path(relayer.log).read_text()
    line = next(line for line in log.splitlines() if "request_failed" in line)
    assert "UndefinedColumn" in line
    assert problem.request_id in line


def test_a_request_id_is_kept_or_made(relayer: Relayer) -> None:
    given = relayer.http.get(relayer.url + "/health/live", headers={"x-request-id": "trace-1.a_B"})
    assert given.headers["x-request-id"] == "trace-1.a_B"
    for bad in ("", "x" * 65, "a b", "<script>"):
        made = relayer.http.get(relayer.url + "/health/live", headers={"x-request-id": bad}).headers["x-request-id"]
        assert made != bad
        assert len(made) == 32


def test_a_body_that_never_comes_holds_nobody_up(relayer: Relayer) -> None:
    host, port = relayer.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(
            b"POST /api/v1/intents HTTP/1.1\r\nhost: x\r\n"
            b"content-type: application/json\r\ncontent-length: 500\r\n\r\n{"
        )
        assert relayer.get("/config").status_code == 200


def test_a_chunk_that_is_none_is_the_clients_mistake(relayer: Relayer) -> None:
    host, port = relayer.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as broken:
        broken.sendall(
            b"POST /api/v1/intents HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"transfer-encoding: chunked\r\nconnection: close\r\n\r\nZZ\r\n"
        )
        answer = b"".join(iter(lambda: broken.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code":"bad_request"' in answer
