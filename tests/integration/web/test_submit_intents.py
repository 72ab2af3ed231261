"""POST /intents: what is accepted, once, in every form that Permit2 takes; and what stays ended."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from intendly_sdk.messages import Receipt
from intendly_sdk.primitives import UINT256_MAX, Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer, recover

from intendly.adapters.db.engine import Database
from intendly.adapters.db.openings import OpeningStore
from intendly.adapters.db.pause import PauseStore
from intendly.domain.opening import FeeRules
from intendly.services.open_auctions import OpenAuctions
from tests.external import RedisServer
from tests.integration.desk import Nudged
from tests.integration.web.conftest import Relayer, running_relayer
from tests.integration.web.world import BLOCK_TIME, DEPLOYMENT, Rows, signed_intent

pytestmark = pytest.mark.integration

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def high_s(signature: bytes) -> HexBytes:
    """The twin of a signature that recovers to the same account."""
    s = ORDER - int.from_bytes(signature[32:64], "big")
    return HexBytes(signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]]))


def compact(signature: bytes) -> HexBytes:
    """The same signature in the 64 bytes of EIP-2098."""
    top = signature[32] | ((signature[64] - 27) << 7)
    return HexBytes(signature[:32] + bytes([top]) + signature[33:64])


def test_a_signed_intent_is_committed_then_answered(relayer: Relayer, swapper: Signer) -> None:
    signed = signed_intent(swapper)
    answer = relayer.post("/intents", signed.model_dump_json())
    assert answer.status_code == 202, answer.text
    receipt = Receipt.model_validate_json(answer.content)
    assert (receipt.intent_hash, receipt.state, receipt.created) == (signed.intent.hash, "open", True)
    stored = relayer.rows.run(
        "SELECT state, reason, next_due_at <= clock_timestamp(), signature FROM intents WHERE hash = %s",
        bytes(signed.intent.hash),
    )
    assert [(*row[:3], bytes(row[3])) for row in stored] == [("open", "accepted", True, bytes(signed.signature))]
    ((kind, told),) = relayer.rows.run(
        "SELECT kind, data FROM outbox WHERE intent_hash = %s", bytes(signed.intent.hash)
    )
    assert kind == "intent.accepted"
    assert told == {"intent": json.loads(signed.intent.model_dump_json())}


def test_the_receipt_is_signed_and_names_when_and_the_first_auction(relayer: Relayer, swapper: Signer) -> None:
    signed = signed_intent(swapper)
    first = Receipt.model_validate_json(relayer.post("/intents", signed.model_dump_json()).content)
    again = Receipt.model_validate_json(relayer.post("/intents", signed.model_dump_json()).content)
    assert again == first.model_copy(update={"created": False})
    config = relayer.get("/config").json()
    assert recover(first.digest(DEPLOYMENT.domain), first.signature) == Address(config["receipt_signer"])
    when = "SELECT extract(epoch FROM created_at) FROM intents WHERE hash = %s"
    assert first.accepted_at == int(relayer.rows.one(when, first.intent_hash))
    database = Database(
        relayer.rows.url.replace("postgresql://", "postgresql+psycopg2://"), pool_size=1, application="test"
    )
    store = OpeningStore(database, DEPLOYMENT)
    OpenAuctions(FeeRules(5, 1_000), store, Nudged(), PauseStore(database), window_ms=60_000).run()
    database.dispose()
    opened = relayer.rows.run("SELECT auction_id FROM auction_intents WHERE intent_hash = %s", first.intent_hash)
    assert [Hash32(bytes(one)) for (one,) in opened] == [first.auction_id]


def test_what_was_stored_is_what_was_signed(relayer: Relayer, swapper: Signer) -> None:
    partner = Address(os.urandom(20))
    signed = signed_intent(
        swapper,
        amount_in=UINT256_MAX,
        min_amount_out=UINT256_MAX,
        nonce=UINT256_MAX,
        receiver=Address(os.urandom(20)),
        valid_from=BLOCK_TIME - 5,
        open_after=BLOCK_TIME + 1,
        partner=partner,
        partner_fee_bps=300,
        app_data=Hash32(os.urandom(32)),
    )
    assert relayer.post("/intents", signed.model_dump_json()).status_code == 202
    view = relayer.get(f"/intents/{signed.intent.hash}").json()
    assert view["intent"] == json.loads(signed.intent.model_dump_json())
    assert "signature" not in json.dumps(view)


def test_the_same_again_is_the_same(relayer: Relayer, swapper: Signer) -> None:
    body = signed_intent(swapper).model_dump_json()
    first, second = relayer.post("/intents", body), relayer.post("/intents", body)
    assert (first.status_code, second.status_code) == (202, 200)
    assert second.json() == first.json() | {"created": False}


@pytest.mark.parametrize("twin", [high_s, compact])
def test_a_malleated_twin_is_the_same_intent(
    relayer: Relayer, swapper: Signer, twin: Callable[[bytes], HexBytes]
) -> None:
    signed = signed_intent(swapper)
    other = signed.model_copy(update={"signature": twin(signed.signature)})
    assert other.signature != signed.signature
    assert relayer.post("/intents", signed.model_dump_json()).status_code == 202
    answer = relayer.post("/intents", other.model_dump_json())
    assert (answer.status_code, answer.json()["intent_hash"]) == (200, str(signed.intent.hash))


@pytest.mark.parametrize("form", [compact, high_s])
def test_what_permit2_accepts_is_accepted_first_time(
    relayer: Relayer, swapper: Signer, form: Callable[[bytes], HexBytes]
) -> None:
    signed = signed_intent(swapper)
    other = signed.model_copy(update={"signature": form(signed.signature)})
    assert relayer.post("/intents", other.model_dump_json()).status_code == 202


def test_at_once_from_many_there_is_one_row_and_one_creator(relayer: Relayer, swapper: Signer) -> None:
    body = signed_intent(swapper).model_dump_json()
    with ThreadPoolExecutor(16) as pool:
        statuses = Counter(pool.map(lambda _: relayer.post("/intents", body).status_code, range(64)))
    assert statuses == {202: 1, 200: 63}
    assert relayer.rows.one("SELECT count(*) FROM intents WHERE swapper = %s", bytes(swapper.address)) == 1
    assert relayer.rows.one("SELECT count(*) FROM outbox WHERE swapper = %s", bytes(swapper.address)) == 1


@pytest.mark.parametrize("state", ["settled", "cancelled", "expired", "awarded"])
def test_an_intent_that_has_ended_never_opens_again(relayer: Relayer, swapper: Signer, state: str) -> None:
    signed = signed_intent(swapper)
    relayer.post("/intents", signed.model_dump_json())
    relayer.rows.run(
        "UPDATE intents SET state = %s, next_due_at = NULL WHERE hash = %s", state, bytes(signed.intent.hash)
    )
    relayer.rows.run("INSERT INTO spent_nonces VALUES (%s, %s)", bytes(swapper.address), signed.intent.nonce)
    answer = relayer.post("/intents", signed.model_dump_json())
    assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert relayer.rows.one("SELECT state FROM intents WHERE hash = %s", bytes(signed.intent.hash)) == state


def test_an_intent_past_its_deadline_is_still_told_how_it_ended(relayer: Relayer, swapper: Signer) -> None:
    signed = signed_intent(swapper, deadline=BLOCK_TIME - 10, open_after=BLOCK_TIME - 10)
    body = signed.model_dump_json()
    assert relayer.post("/intents", body).json()["code"] == "deadline_passed"
    intent = signed.intent
    relayer.rows.run(
        "INSERT INTO intents (hash, swapper, nonce, token_in, amount_in, token_out, min_amount_out, receiver, deadline,"
        " valid_from, open_after, partner, partner_fee_bps, app_data, signature, state)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 0, %s, %s, 0, %s, %s, 'expired')",
        *(
            bytes(v) if isinstance(v, bytes) else v
            for v in (
                intent.hash,
                intent.swapper,
                intent.nonce,
                intent.token_in,
                intent.amount_in,
                intent.token_out,
                intent.min_amount_out,
                intent.receiver,
                intent.deadline,
                intent.open_after,
                intent.partner,
                intent.app_data,
                signed.signature,
            )
        ),
    )
    answer = relayer.post("/intents", body)
    assert (answer.status_code, answer.json()["state"]) == (200, "expired")
    forged = signed.model_copy(update={"signature": HexBytes(b"\x01" * 65)})
    assert relayer.post("/intents", forged.model_dump_json()).json()["code"] == "signature_invalid"


def test_one_that_is_valid_later_waits_for_its_time(relayer: Relayer, swapper: Signer) -> None:
    signed = signed_intent(swapper, valid_from=BLOCK_TIME + 300)
    assert relayer.post("/intents", signed.model_dump_json()).status_code == 202
    ((reason, waits),) = relayer.rows.run(
        "SELECT reason, extract(epoch FROM next_due_at - clock_timestamp()) FROM intents WHERE hash = %s",
        bytes(signed.intent.hash),
    )
    assert reason == "not_yet_valid"
    assert 280 < waits <= 300
    assert relayer.get(f"/intents/{signed.intent.hash}/status").json()["reason"] == "not_yet_valid"


def test_a_swapper_has_a_cap_on_open_intents(module_database_url: str, valkey: RedisServer, tmp_path: Path) -> None:
    rows = Rows(module_database_url)
    if rows.count("tokens") == 0:
        rows.seed()
    swapper, other = Signer(os.urandom(32)), Signer(os.urandom(32))
    with running_relayer(rows, valkey.url_of(9), tmp_path, OPEN_INTENTS_MAX="3", WEB_WORKERS="1") as relayer:
        bodies = [signed_intent(swapper).model_dump_json() for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda body: relayer.post("/intents", body), bodies))
        assert Counter(answer.status_code for answer in answers) == {202: 3, 429: 5}
        assert {a.json()["code"] for a in answers if a.status_code == 429} == {"too_many_open_intents"}
        assert relayer.post("/intents", signed_intent(other).model_dump_json()).status_code == 202
        assert rows.one("SELECT count(*) FROM intents WHERE swapper = %s", bytes(swapper.address)) == 3
        accepted = next(b for b, a in zip(bodies, answers, strict=True) if a.status_code == 202)
        assert relayer.post("/intents", accepted).status_code == 200
        rows.run("UPDATE intents SET state = 'expired' WHERE swapper = %s", bytes(swapper.address))
        assert relayer.post("/intents", signed_intent(swapper).model_dump_json()).status_code == 202
