"""The headers of every answer, what a page of another site may do, and how deep a body may go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from intendly_sdk.signatures import Signer

from tests.external import RedisServer
from tests.integration.web.conftest import Relayer, running_relayer
from tests.integration.web.test_problems import assert_problem
from tests.integration.web.world import Rows, signed_intent

pytestmark = pytest.mark.integration

APP = "https://app.example"


@pytest.fixture(scope="module")
def open_relayer(
    module_database_url: str, valkey: RedisServer, tmp_path_factory: pytest.TempPathFactory, relayer: Relayer
) -> Iterator[Relayer]:
    """Behind a trusted proxy, for the pages of two sites."""
    settings = {
        "WEB_WORKERS": "1",
        "CORS_ORIGINS": f"{APP},http://localhost:5173",
        "TRUSTED_PROXIES": "127.0.0.0/8",
        "LIMIT_ADDRESS_WRITES": "1/hour",
    }
    rows = Rows(module_database_url)
    with running_relayer(rows, valkey.url_of(11), tmp_path_factory.mktemp("open"), **settings) as one:
        yield one


@pytest.mark.parametrize("path", ["/api/v1/config", "/api/v1/nothing", "/health", "/metrics"])
def test_every_answer_has_the_security_headers(relayer: Relayer, path: str) -> None:
    headers = relayer.http.get(relayer.url + path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_https_is_insisted_on_only_behind_it(relayer: Relayer, open_relayer: Relayer) -> None:
    by_https = {"x-forwarded-proto": "https"}
    assert "strict-transport-security" not in relayer.http.get(relayer.api + "/config", headers=by_https).headers
    assert "strict-transport-security" not in open_relayer.get("/config").headers
    trusted = open_relayer.http.get(open_relayer.api + "/config", headers=by_https)
    assert trusted.headers["strict-transport-security"].startswith("max-age=")


def test_no_page_of_another_site_may_call_by_default(relayer: Relayer) -> None:
    asked = {"origin": APP, "access-control-request-method": "POST"}
    for answer in (
        relayer.http.options(relayer.api + "/intents", headers=asked),
        relayer.http.get(relayer.api + "/config", headers={"origin": APP}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("origin", [APP, "http://localhost:5173"])
def test_a_page_of_a_named_site_may_call(open_relayer: Relayer, origin: str) -> None:
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type, x-api-key",
    }
    before = open_relayer.http.options(open_relayer.api + "/intents", headers=asked)
    assert before.status_code == 200
    assert before.headers["access-control-allow-origin"] == origin
    assert set(before.headers["access-control-allow-methods"].split(", ")) == {"GET", "POST"}
    assert before.headers["access-control-allow-headers"].lower() == "content-type, x-api-key"
    assert int(before.headers["access-control-max-age"]) > 0
    assert "access-control-allow-credentials" not in before.headers
    for body in (b"{", b"{}"):
        refused = open_relayer.post("/intents", body, origin=origin)
        assert refused.headers["access-control-allow-origin"] == origin, "a page may read why it was refused"
        assert "Origin" in refused.headers["vary"]
        readable = set(refused.headers["access-control-expose-headers"].split(", "))
        assert readable == {"RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"}


def test_a_page_may_send_our_own_headers_and_no_others(open_relayer: Relayer) -> None:
    asked = {"origin": APP, "access-control-request-method": "POST"}
    sent = {"access-control-request-headers": "authorization, content-type, x-api-key, x-request-id"}
    before = open_relayer.http.options(open_relayer.api + "/intents", headers=asked | sent)
    assert before.headers["access-control-allow-headers"].lower() == "content-type, x-api-key, x-request-id"


def test_only_the_api_is_for_pages_of_other_sites(open_relayer: Relayer) -> None:
    for path in ("/health", "/metrics"):
        assert (
            "access-control-allow-origin"
            not in open_relayer.http.get(open_relayer.url + path, headers={"origin": APP}).headers
        )


def test_a_star_lets_every_page_call_without_cookies(
    module_database_url: str, valkey: RedisServer, tmp_path: Path, relayer: Relayer
) -> None:
    rows = Rows(module_database_url)
    with running_relayer(rows, valkey.url_of(11), tmp_path, WEB_WORKERS="1", CORS_ORIGINS="*") as public:
        headers = public.http.get(public.api + "/config", headers={"origin": "https://any.example"}).headers
    assert headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize(
    "origin", ["https://app.example.evil", "https://evil-app.example", "http://app.example", "null"]
)
def test_a_page_of_any_other_site_may_not(open_relayer: Relayer, origin: str) -> None:
    asked = {"origin": origin, "access-control-request-method": "POST"}
    before = open_relayer.http.options(open_relayer.api + "/intents", headers=asked)
    assert "access-control-allow-origin" not in before.headers
    assert (
        "access-control-allow-origin" not in open_relayer.http.get(open_relayer.api + "/config", headers=asked).headers
    )


@pytest.mark.parametrize("path", ["/intents", "/intents/batch", "/bids"])
@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"intents":', "}")])
@pytest.mark.parametrize("depth", [190, 250, 1_000, 4_000])
def test_a_body_of_any_depth_is_answered(relayer: Relayer, path: str, opens: str, closes: str, depth: int) -> None:
    answer = relayer.post(path, opens * depth + "1" + closes * depth)
    if depth > 200:
        assert_problem(answer, 400, "malformed_json")
    else:  # a list of bids, one of which is none, has an outcome for it
        assert answer.status_code in {200, 422}
        assert "invalid_request" in answer.text


def test_a_deep_field_that_nobody_knows(relayer: Relayer, swapper: Signer) -> None:
    good = signed_intent(swapper).model_dump_json()
    deep = "[" * 3_000 + "]" * 3_000
    assert_problem(relayer.post("/intents", good[:-1] + f', "more": {deep}}}'), 400, "malformed_json")
    batch = f'{{"intents": [{good}, {{"intent": {deep}, "signature": "0x"}}]}}'
    assert_problem(relayer.post("/intents/batch", batch), 400, "malformed_json")
