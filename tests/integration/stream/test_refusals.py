"""What a client of the stream is told whose request is not understood."""

from __future__ import annotations

import json

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.integration.stream.conftest import Stream

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def test_a_field_that_is_given_twice_is_refused(running: Stream) -> None:
    client = running.client()
    for twice, field in (
        ('{"type": "ping", "id": 1, "id": 2}', "id"),
        ('{"type": "subscribe", "id": 2, "auctions": true, "swappers": [], "auctions": false}', "auctions"),
    ):
        client.socket.send(twice)
        problem = json.loads(client.socket.recv(timeout=5))["problem"]
        assert (problem["status"], [one["field"] for one in problem["errors"]]) == (422, [field])
    assert client.ask("ping")["ok"]


def test_a_cursor_that_is_none_is_told_what_one_is(running: Stream) -> None:
    problem = running.client().subscribe(auctions=True, after="yesterday")["problem"]
    assert problem["errors"] == [
        {"field": "subscribe.after", "expected": "expected the cursor of an event, epoch-number as in 1-4711"}
    ]


@pytest.mark.parametrize("query", ["after=7", "after=1-1&after=1-2", "before=1-1"])
def test_an_address_that_is_not_understood_opens_no_connection(running: Stream, query: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        running.client(f"{running.url}?{query}")
    assert refused.value.response.status_code == 422


def test_without_an_upgrade_it_says_what_it_expects(running: Stream) -> None:
    answer = httpx.get(running.url.replace("ws://", "http://"), trust_env=False)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid_request")
    assert problem["detail"] == "expected a WebSocket; /api/v1/stream/events tells the same over HTTP"
