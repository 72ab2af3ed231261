"""The API answers as its document says, whatever is sent (schemathesis, every check, links from answer to request)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.openapi.trader import Trader, World
from tests.integration.web.conftest import ROOT, Relayer
from web.openapi import server_sent

pytestmark = pytest.mark.integration
HERE = Path(__file__).parent
SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))


@pytest.mark.timeout(SECONDS + 300)
def test_nothing_that_is_sent_gets_an_answer_outside_the_document(
    relayer: Relayer, world: World, tmp_path: Path
) -> None:
    _open_an_auction(relayer, world)
    (tmp_path / "world.json").write_text(world.model_dump_json())
    events = tmp_path / "events.ndjson"
    command: list[str | Path] = [
        *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
        *("--no-color", "--config-file", HERE / "schemathesis.toml", "run", f"{relayer.url}/api/openapi.json"),
        *("--exclude-operation-id", server_sent.NAME),  # of another server, and without an end
        *("--max-time", str(SECONDS)),
        *("--report", "ndjson", "--report-ndjson-path", events),
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": "tests.integration.openapi.hooks",
        "OPENAPI_TEST_WORLD": str(tmp_path / "world.json"),
    }
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
    # Far enough in that the answers that matter were among them.
    answered = _answered(relayer)
    assert {
        ("POST", "/api/v1/intents", "202"),
        ("POST", "/api/v1/intents/batch", "200"),
        ("POST", "/api/v1/intents/<intent_hash>/cancel", "200"),
        ("GET", "/api/v1/intents/<intent_hash>/status", "200"),
        ("GET", "/api/v1/auctions/<auction_id>", "200"),
        ("POST", "/api/v1/bids", "202"),
        ("POST", "/api/v1/quotes", "200"),
    } <= answered


def _open_an_auction(relayer: Relayer, world: World) -> None:
    """One that bids can be placed in from the beginning."""
    trader = Trader(world)
    example = relayer.http.get(f"{relayer.url}/api/openapi.json").json()["paths"]["/api/v1/intents"]["post"]
    body = example["requestBody"]["content"]["application/json"]["examples"]["one"]["value"]
    answer = relayer.post("/intents", json.dumps(trader.signed_intent(body)))
    assert answer.status_code == 202, answer.text
    trader.opens(answer.json()["intent_hash"], answer.json()["auction_id"])


def _answered(relayer: Relayer) -> set[tuple[str, str, str]]:
    """Method, route and status of every answer, as the relayer counted them."""
    families = text_string_to_metric_families(relayer.http.get(f"{relayer.url}/metrics").text)
    labels = [sample.labels for family in families if family.name == "http_requests" for sample in family.samples]
    return {(one["method"], one["endpoint"], one["status"]) for one in labels}
