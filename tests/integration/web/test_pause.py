"""A pause: what goes on and what does not, in every process, until it is lifted."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from intendly_sdk.messages import Cancel
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import cancel_digest

from tests.integration.web.conftest import Relayer
from tests.integration.web.test_problems import assert_problem
from tests.integration.web.world import DEPLOYMENT, signed_bid, signed_intent

pytestmark = pytest.mark.integration


@contextmanager
def paused(relayer: Relayer, reason: str) -> Iterator[None]:
    """Until every worker knows: each looks once a second."""
    relayer.rows.run("INSERT INTO pause (reason) VALUES (%s)", reason)
    _until(relayer, lambda status: status == 503)
    yield
    relayer.rows.run("DELETE FROM pause")
    _until(relayer, lambda status: status != 503)


def _until(relayer: Relayer, holds: Callable[[int], bool]) -> None:
    ends, in_a_row = time.monotonic() + 15, 0
    while in_a_row < 20:
        assert time.monotonic() < ends
        answer = relayer.post("/intents", b"{", connection="close")  # to any worker
        in_a_row = in_a_row + 1 if holds(answer.status_code) else 0


def test_writes_are_refused_with_the_reason_and_reads_and_cancels_go_on(
    relayer: Relayer, swapper: Signer, solver: Signer
) -> None:
    signed = signed_intent(swapper)
    assert relayer.post("/intents", signed.model_dump_json()).status_code == 202
    auction = relayer.rows.open_auction(signed.intent.hash, [solver])
    bid = signed_bid(solver, auction, signed.intent.hash, relayer.rows.closes_at_ms(auction))
    cancelled = signed_intent(Signer(b"\x61" * 32))
    assert relayer.post("/intents", cancelled.model_dump_json()).status_code == 202

    with paused(relayer, "a new version is put in"):
        refused: list[httpx.Response] = [
            relayer.post("/intents", signed_intent(Signer(os.urandom(32))).model_dump_json()),
            relayer.post("/intents/batch", '{"intents": []}'),
            relayer.post("/bids", bid.model_dump_json()),
            relayer.post("/quotes", "{}"),
        ]
        for one in refused:
            problem = assert_problem(one, 503, "paused")
            assert problem.detail == "a new version is put in; reads and cancels go on, try again later"
        assert relayer.rows.one("SELECT count(*) FROM bids WHERE auction_id = %s", bytes(auction)) == 0
        assert relayer.get("/config").json()["paused"] == "a new version is put in"
        health = relayer.http.get(relayer.url + "/health").json()
        assert (health["status"], health["parts"]["pause"]["reason"]) == ("ok", "a new version is put in")
        assert relayer.get(f"/intents/{signed.intent.hash}").status_code == 200
        digest = cancel_digest(cancelled.intent.hash, DEPLOYMENT.domain)
        word = Cancel(signature=Signer(b"\x61" * 32).sign(digest)).model_dump_json()
        done = relayer.post(f"/intents/{cancelled.intent.hash}/cancel", word)
        assert done.status_code == 200, done.text

    assert relayer.post("/bids", bid.model_dump_json()).status_code == 202
    assert relayer.get("/config").json()["paused"] is None
    said = [json.loads(line) for line in relayer.logged('"paused"')]
    assert said
    assert {line["level"] for line in said} == {"info"}, "an operator's own word is no failure"
