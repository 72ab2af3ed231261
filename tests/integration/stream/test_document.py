"""What websocket-server answers over HTTP is what the API's document says of it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS31Validator

from tests.integration.stream.conftest import SWAPPER, Stream
from tools import openapi
from web.openapi import server_sent

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

DOCUMENT = openapi.generated()
OPERATION = DOCUMENT["paths"][server_sent.PATH]["get"]
HEARD = {"swappers": str(SWAPPER)}


@pytest.mark.parametrize(
    ("query", "sent", "status"),
    [
        pytest.param(HEARD, {}, 200, id="heard"),
        pytest.param({"intents": ",".join(f"0x{n:064x}" for n in range(30)), "auctions": "true"}, {}, 200, id="lists"),
        pytest.param({}, {}, 422, id="nothing"),
        pytest.param({"intents": ",".join(f"0x{n:064x}" for n in range(31))}, {}, 422, id="too many"),
        pytest.param(HEARD | {"solvers": "true"}, {}, 422, id="unknown"),
        pytest.param(HEARD, {"Last-Event-ID": "yesterday"}, 422, id="no cursor"),
        pytest.param(HEARD | {"after": "999999-1"}, {}, 410, id="another life"),
        pytest.param(HEARD, {"Last-Event-ID": "999999-1"}, 410, id="another life by its header"),
        pytest.param(HEARD | {"more": "x" * 5_000}, {}, 414, id="too long"),
        pytest.param(HEARD, {"more": "x" * 9_000}, 431, id="too long a header"),
    ],
)
def test_an_answer_is_the_documents(running: Stream, query: dict[str, str], sent: dict[str, str], status: int) -> None:
    url = running.url.replace("ws://", "http://").removesuffix("/api/v1/stream") + server_sent.PATH
    with httpx.Client(trust_env=False) as client, client.stream("GET", url, params=query, headers=sent) as answer:
        assert answer.status_code == status
        told = OPERATION["responses"][str(status)]
        for name, header in told["headers"].items():
            part = DOCUMENT["components"]["headers"][header["$ref"].rpartition("/")[2]]
            assert name in answer.headers or not part.get("required"), name
        (media,) = told["content"]
        assert answer.headers["content-type"] == media
        if status == 200:
            assert "event: hello" in next(answer.iter_text())
        else:
            _is_valid(answer.read(), told["content"][media]["schema"])


def test_a_server_that_is_full_says_so(stream: Stream) -> None:
    stream.serve(WS_MAX_CONNECTIONS="1")
    with stream.client():
        url = stream.url.replace("ws://", "http://") + "/events"
        answer = httpx.get(url, params=HEARD, trust_env=False)
        assert answer.json()["code"] == "stream_full"
        _is_valid(answer.content, OPERATION["responses"]["503"]["content"]["application/problem+json"]["schema"])


def _is_valid(body: bytes, schema: dict[str, Any]) -> None:
    OAS31Validator(schema | {"components": DOCUMENT["components"]}).validate(json.loads(body))
