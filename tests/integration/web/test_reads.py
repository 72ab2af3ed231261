"""GET: intents by hash and page, their status in words, the configuration and the tokens, as the SDK reads them."""

from __future__ import annotations

import os

import pytest
from intendly_sdk.client import TraderClient
from intendly_sdk.errors import ApiError
from intendly_sdk.messages import IntentPage
from intendly_sdk.primitives import Hash32
from intendly_sdk.signatures import Signer

from tests.integration.web.conftest import Relayer
from tests.integration.web.world import BLOCK_TIME, DEPLOYMENT, GAS_FEE_USDC, USDC, WETH, signed_intent

pytestmark = pytest.mark.integration


def test_the_sdk_signs_submits_and_reads(relayer: Relayer, swapper: Signer) -> None:
    with TraderClient(relayer.url, swapper) as client:
        assert client.config().settlement == DEPLOYMENT.settlement
        assert {token.symbol: token.gas_fee for token in client.tokens()}["USDC"] == GAS_FEE_USDC
        intent = client.build_intent(WETH, 10**18, USDC, 3_000 * 10**6, deadline=BLOCK_TIME + 60)
        receipt = client.submit(client.sign(intent))
        assert receipt.created
        assert client.get(receipt.intent_hash).intent == intent
        assert client.status(receipt.intent_hash).reason == "accepted"
        assert [view.intent for view in client.list(swapper.address).intents] == [intent]
        with pytest.raises(ApiError) as refusal:
            client.get(Hash32(os.urandom(32)))
        assert refusal.value.problem.code == "not_found"


def test_pages_hold_every_intent_once_newest_first(relayer: Relayer, swapper: Signer) -> None:
    hashes = []
    for number in range(23):
        signed = signed_intent(swapper, nonce=number)
        assert relayer.post("/intents", signed.model_dump_json()).status_code == 202
        hashes.append(signed.intent.hash)
    # Some of the same microsecond, as a group commit makes them: the hash decides.
    relayer.rows.run(
        "UPDATE intents SET created_at = '2026-01-01T00:00:00.123457Z' WHERE swapper = %s AND nonce BETWEEN 5 AND 15",
        bytes(swapper.address),
    )
    seen: list[Hash32] = []
    after: str | None = None
    for _ in range(10):
        params = {"swapper": str(swapper.address), "limit": "4"} | ({"after": after} if after else {})
        page = IntentPage.model_validate_json(relayer.get("/intents", **params).text)
        assert len(page.intents) == (4 if page.next else 3)
        seen += [view.intent_hash for view in page.intents]
        if len(seen) == 8:  # what comes while somebody reads does not shift the pages
            assert relayer.post("/intents", signed_intent(swapper).model_dump_json()).status_code == 202
        after = page.next
        if after is None:
            break
    assert len(seen) == 23
    assert set(seen) == set(hashes)
    moments = [relayer.rows.run("SELECT created_at, hash FROM intents WHERE hash = %s", bytes(one))[0] for one in seen]
    assert [(at, bytes(one)) for at, one in moments] == sorted(((at, bytes(one)) for at, one in moments), reverse=True)


def test_a_page_that_is_exactly_full_is_the_last(relayer: Relayer, swapper: Signer) -> None:
    for _ in range(2):
        relayer.post("/intents", signed_intent(swapper).model_dump_json())
    page = IntentPage.model_validate_json(relayer.get("/intents", swapper=str(swapper.address), limit="2").text)
    assert (len(page.intents), page.next) == (2, None)
    nobody = relayer.get("/intents", swapper=str(Signer(os.urandom(32)).address)).json()
    assert nobody == {"intents": [], "next": None}


def test_the_status_says_why_in_words(relayer: Relayer, swapper: Signer) -> None:
    signed = signed_intent(swapper)
    relayer.post("/intents", signed.model_dump_json())
    relayer.rows.run(
        "UPDATE intents SET reason = 'below_minimum', auctions_held = 2,"
        """ reason_facts = '{"best_amount_out": "2990000000", "min_amount_out": "3000000000"}' WHERE hash = %s""",
        bytes(signed.intent.hash),
    )
    status = relayer.get(f"/intents/{signed.intent.hash}/status").json()
    assert (status["reason"], status["attempts"]) == ("below_minimum", 2)
    assert "2990000000" in status["detail"]
    assert status["next_auction_at"] is not None


def test_a_fill_is_shown_with_its_confirmations(relayer: Relayer, swapper: Signer, solver: Signer) -> None:
    signed = signed_intent(swapper)
    relayer.post("/intents", signed.model_dump_json())
    for block, canonical in ((4, True), (9, False)):
        relayer.rows.run(
            "INSERT INTO fills (block_hash, log_index, block_number, tx_hash, intent_hash, bid_hash, swapper, solver,"
            " amount_out, fee, canonical) VALUES (%s, 0, %s, %s, %s, %s, %s, %s, 3001000000, 50000, %s)",
            os.urandom(32),
            block,
            os.urandom(32),
            bytes(signed.intent.hash),
            bytes(32),
            bytes(swapper.address),
            bytes(solver.address),
            canonical,
        )
    fill = relayer.get(f"/intents/{signed.intent.hash}").json()["fill"]
    assert (fill["block_number"], fill["confirmations"], fill["final"]) == (4, 7, True)
    assert (fill["amount_out"], fill["solver"]) == ("3001000000", str(solver.address))


def test_the_latest_auction_is_named(relayer: Relayer, swapper: Signer, solver: Signer) -> None:
    signed = signed_intent(swapper)
    relayer.post("/intents", signed.model_dump_json())
    assert relayer.get(f"/intents/{signed.intent.hash}").json()["auction_id"] is None
    relayer.rows.open_auction(signed.intent.hash, [solver])
    latest = relayer.rows.open_auction(signed.intent.hash, [solver])
    assert relayer.get(f"/intents/{signed.intent.hash}").json()["auction_id"] == str(latest)
