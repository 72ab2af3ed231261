"""POST /intents/{hash}/cancel: signed, free, answered with a receipt; refused while an award lives."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest
from intendly_sdk.calls import spend_nonce
from intendly_sdk.messages import CancelReceipt
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer, recover
from intendly_sdk.typed_data import cancel_digest

from tests.integration.web.conftest import Relayer
from tests.integration.web.test_problems import assert_problem
from tests.integration.web.world import BLOCK_TIME, DEPLOYMENT, signed_intent

pytestmark = pytest.mark.integration


def accepted(relayer: Relayer, swapper: Signer, **changes: int) -> Hash32:
    signed = signed_intent(swapper, **changes)
    assert relayer.post("/intents", signed.model_dump_json()).status_code == 202
    return signed.intent.hash


def body(swapper: Signer, intent_hash: Hash32) -> str:
    return json.dumps({"signature": str(swapper.sign(cancel_digest(intent_hash, DEPLOYMENT.domain)))})


def award(relayer: Relayer, intent_hash: Hash32, solver: Signer, state: str, until: int) -> None:
    """The intent's auction was won, by an award in `state`."""
    rows, auction, bid = relayer.rows, relayer.rows.open_auction(intent_hash, [solver]), os.urandom(32)
    rows.run("UPDATE auctions SET state = 'closed', winner = %s WHERE id = %s", bid, bytes(auction))
    rows.run(
        "INSERT INTO bids (hash, auction_id, solver, executor, valid_until, data, call_data_hash, gas_limit, penalty,"
        " signature) VALUES (%s, %s, %s, %s, %s, '', %s, 21000, 0, %s)",
        bid,
        bytes(auction),
        bytes(solver.address),
        bytes(solver.address),
        until,
        bytes(32),
        bytes(65),
    )
    rows.run("INSERT INTO bid_legs VALUES (%s, %s, 0, 1, 1)", bid, bytes(intent_hash))
    rows.run(
        "INSERT INTO awards (bid_hash, auction_id, transcript_root, exclusive_until, state)"
        " VALUES (%s, %s, %s, %s, %s)",
        bid,
        bytes(auction),
        bytes(32),
        until,
        state,
    )


def test_an_open_intent_is_cancelled_for_good(relayer: Relayer, swapper: Signer) -> None:
    signed = signed_intent(swapper)
    intent_hash = signed.intent.hash
    relayer.post("/intents", signed.model_dump_json())
    answer = relayer.post(f"/intents/{intent_hash}/cancel", body(swapper, intent_hash))
    assert answer.status_code == 200, answer.text
    receipt = CancelReceipt.model_validate_json(answer.content)
    assert (receipt.state, receipt.not_after) == ("cancelled", BLOCK_TIME)
    assert recover(receipt.digest(DEPLOYMENT.domain), receipt.signature) == Address(
        relayer.get("/config").json()["receipt_signer"]
    )
    assert "without an award nobody can fill it" in receipt.exposure
    assert receipt.spend_nonce == spend_nonce(31_337, signed.intent.nonce)
    status = relayer.get(f"/intents/{intent_hash}/status").json()
    assert (status["state"], status["reason"], status["next_auction_at"]) == ("cancelled", "cancelled", None)
    told = relayer.rows.run("SELECT data FROM outbox WHERE kind = 'intent.cancelled' AND swapper = %s", swapper.address)
    assert [data["not_after"] for (data,) in told] == [BLOCK_TIME]
    # Neither of them changes it: the same cancel again, the same intent again.
    assert relayer.post(f"/intents/{intent_hash}/cancel", body(swapper, intent_hash)).json() == answer.json()
    assert relayer.post("/intents", signed.model_dump_json()).json()["state"] == "cancelled"


def test_an_award_that_may_still_be_mined_is_told(relayer: Relayer, swapper: Signer, solver: Signer) -> None:
    intent_hash = accepted(relayer, swapper, open_after=BLOCK_TIME + 300)
    for until in (BLOCK_TIME + 8, BLOCK_TIME + 3):
        award(relayer, intent_hash, solver, "failed", until)
    receipt = relayer.post(f"/intents/{intent_hash}/cancel", body(swapper, intent_hash)).json()
    assert receipt["not_after"] == BLOCK_TIME + 8
    assert f"could still be mined until {BLOCK_TIME + 8}" in receipt["exposure"]
    assert f"from {BLOCK_TIME + 300} to {BLOCK_TIME + 600}" in receipt["exposure"]


@pytest.mark.parametrize("state", ["awarded", "submitted"])
def test_a_live_award_refuses_with_its_end(relayer: Relayer, swapper: Signer, solver: Signer, state: str) -> None:
    intent_hash = accepted(relayer, swapper)
    award(relayer, intent_hash, solver, "due", BLOCK_TIME + 8)
    relayer.rows.run("UPDATE intents SET state = %s WHERE hash = %s", state, bytes(intent_hash))
    answer = relayer.post(f"/intents/{intent_hash}/cancel", body(swapper, intent_hash))
    problem = assert_problem(answer, 409, "award_live")
    assert str(BLOCK_TIME + 8) in problem.detail
    assert relayer.rows.one("SELECT state FROM intents WHERE hash = %s", bytes(intent_hash)) == state


def test_a_cancel_waits_for_the_close_that_awards_the_intent_meanwhile(
    relayer: Relayer, swapper: Signer, solver: Signer
) -> None:
    intent_hash = accepted(relayer, swapper)
    award(relayer, intent_hash, solver, "due", BLOCK_TIME + 8)
    with closing(psycopg2.connect(relayer.rows.url)) as close, ThreadPoolExecutor(1) as pool:
        with close.cursor() as cursor:
            cursor.execute("UPDATE intents SET state = 'awarded' WHERE hash = %s", (bytes(intent_hash),))
        answer = pool.submit(relayer.post, f"/intents/{intent_hash}/cancel", body(swapper, intent_hash))
        ends = time.monotonic() + 10
        while not relayer.rows.one("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            assert time.monotonic() < ends, "nobody waits"
            time.sleep(0.01)
        close.commit()
        assert_problem(answer.result(), 409, "award_live")
    assert relayer.rows.one("SELECT state FROM intents WHERE hash = %s", bytes(intent_hash)) == "awarded"


@pytest.mark.parametrize("state", ["settled", "expired"])
def test_what_has_ended_is_not_cancelled(relayer: Relayer, swapper: Signer, state: str) -> None:
    intent_hash = accepted(relayer, swapper)
    relayer.rows.run("UPDATE intents SET state = %s WHERE hash = %s", state, bytes(intent_hash))
    answer = relayer.post(f"/intents/{intent_hash}/cancel", body(swapper, intent_hash))
    assert state in assert_problem(answer, 409, "intent_ended").detail


def test_nobody_else_cancels(relayer: Relayer, swapper: Signer) -> None:
    intent_hash, other = accepted(relayer, swapper), accepted(relayer, swapper)
    stranger = Signer(os.urandom(32))
    for wrong in (body(stranger, intent_hash), body(swapper, other)):
        assert_problem(relayer.post(f"/intents/{intent_hash}/cancel", wrong), 422, "signature_invalid")
    assert_problem(relayer.post(f"/intents/{intent_hash}/cancel", b"{}"), 422, "invalid_request")
    assert_problem(relayer.post("/intents/0x12/cancel", body(swapper, intent_hash)), 422, "invalid_request")
    unknown = Hash32(os.urandom(32))
    assert_problem(relayer.post(f"/intents/{unknown}/cancel", body(swapper, unknown)), 404, "not_found")
    assert relayer.rows.one("SELECT state FROM intents WHERE hash = %s", bytes(intent_hash)) == "open"


def test_a_malleated_cancel_counts_too(relayer: Relayer, swapper: Signer) -> None:
    """As Permit2 takes it: 64 bytes."""
    intent_hash = accepted(relayer, swapper)
    long = swapper.sign(cancel_digest(intent_hash, DEPLOYMENT.domain))
    top = long[32] | ((long[64] - 27) << 7)
    short = HexBytes(long[:32] + bytes([top]) + long[33:64])
    answer = relayer.post(f"/intents/{intent_hash}/cancel", json.dumps({"signature": str(short)}))
    assert answer.status_code == 200, answer.text
