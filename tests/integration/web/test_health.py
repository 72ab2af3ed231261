"""Health says which part is down and whether work goes on; metrics add up over the workers."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest
from intendly_sdk.client import TraderClient
from intendly_sdk.signatures import Signer

from intendly.adapters.embedded.ports import free_port
from tests.integration.web.conftest import Relayer, running_relayer
from tests.integration.web.world import BLOCK_TIME, USDC, WETH, Rows, signed_intent

pytestmark = pytest.mark.integration


def test_every_part_is_told(relayer: Relayer) -> None:
    answer = relayer.http.get(relayer.url + "/health")
    body = answer.json()
    assert (answer.status_code, body["ready"], body["process"]) == (200, True, "backend-relayer")
    assert set(body["parts"]) == {"database", "redis", "chain", "limits", "pause"}
    assert body["parts"]["pause"]["reason"] is None
    assert body["parts"]["chain"]["block_number"] == 10


def test_without_redis_it_is_ready_accepts_and_says_so(database_url: str, tmp_path: Path, swapper: Signer) -> None:
    rows = Rows(database_url)
    rows.seed()
    with running_relayer(rows, f"redis://127.0.0.1:{free_port()}/0", tmp_path, WEB_WORKERS="1") as relayer:
        health = relayer.http.get(relayer.url + "/health/ready")
        assert (health.status_code, health.json()["status"]) == (200, "degraded")
        assert health.json()["parts"]["redis"]["ok"] is False
        took = []
        for _ in range(5):
            began = time.monotonic()
            assert relayer.post("/intents", signed_intent(swapper).model_dump_json()).status_code == 202
            took.append(time.monotonic() - began)
        assert sorted(took)[2] < 0.5
        assert rows.count("intents") == 5


def test_without_the_database_it_is_alive_not_ready_and_says_so(
    database_url: str, tmp_path: Path, swapper: Signer
) -> None:
    rows = Rows(database_url)
    elsewhere = Rows(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    rows.seed()
    with running_relayer(elsewhere, "redis://127.0.0.1:1/0", tmp_path, WEB_WORKERS="1") as relayer:
        assert relayer.http.get(relayer.url + "/health/live").status_code == 200
        ready = relayer.http.get(relayer.url + "/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "down")
        refused = relayer.post("/intents", signed_intent(swapper).model_dump_json())
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert "nobody" not in refused.text


def test_metrics_add_up_over_the_workers_by_route(relayer: Relayer, swapper: Signer) -> None:
    def count(endpoint: str, status: str, method: str) -> float:
        text = relayer.http.get(relayer.url + "/metrics").text
        line = rf'http_requests_total{{endpoint="{re.escape(endpoint)}",method="{method}",status="{status}"}} (\S+)'
        found = re.search(line, text)
        return float(found[1]) if found else 0.0

    route = "/api/v1/intents/<intent_hash>"
    before = count(route, "404", "GET")
    for number in range(30):
        answer = relayer.http.get(f"{relayer.api}/intents/0x{number:064x}", headers={"connection": "close"})
        assert answer.status_code == 404
    assert count(route, "404", "GET") == before + 30
    text = relayer.http.get(relayer.url + "/metrics").text
    assert f'http_request_duration_seconds_count{{endpoint="{route}",method="GET"}}' in text
    assert "0x00" not in text
    assert count("unmatched", "404", "any") >= 0


def test_a_line_of_log_has_the_request_and_the_intent(relayer: Relayer, swapper: Signer) -> None:
    signed = signed_intent(swapper)
    relayer.post("/intents", signed.model_dump_json(), **{"x-request-id": "find-me-1"})
    (line,) = relayer.logged("find-me-1")
    assert "request_answered" in line
    assert str(signed.intent.hash) in line
    assert signed.signature.hex() not in relayer.log.read_text()


def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(database_url: str, tmp_path: Path) -> None:
    rows = Rows(database_url)
    rows.seed()
    with running_relayer(rows, "redis://127.0.0.1:1/0", tmp_path, WEB_WORKERS="2") as relayer:
        children = (Path("/proc") / str(relayer.pid) / "task" / str(relayer.pid) / "children").read_text().split()
        assert len(children) == 2
        os.kill(int(children[0]), signal.SIGKILL)
        for _ in range(20):
            with TraderClient(relayer.url, Signer(os.urandom(32))) as client:
                intent = client.build_intent(WETH, 10**18, USDC, 3_000 * 10**6, deadline=BLOCK_TIME + 60)
                receipt = client.submit(client.sign(intent))
                assert receipt.intent_hash == intent.hash
        assert rows.count("intents") == rows.count("outbox") == 20
        assert relayer.http.get(relayer.url + "/metrics").status_code == 200
