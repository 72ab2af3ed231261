"""POST /intents: what is refused, with which code, naming which field, and that a refusal stores nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from intendly_sdk.messages import SignedIntent
from intendly_sdk.primitives import Address, HexBytes
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import PERMIT2

from tests.integration.web.conftest import Relayer
from tests.integration.web.world import BLOCK_TIME, DEPLOYMENT, NEW_TOKEN, USDC, WETH, Rows, signed_intent

pytestmark = pytest.mark.integration

ZERO = "0x" + "00" * 20
STRANGER = "0x" + "99" * 20
TABLES = ("intents", "outbox")


def wire(signed: SignedIntent, **changes: Any) -> str:
    """The intent as JSON with `changes` made after it was signed."""
    body = json.loads(signed.model_dump_json())
    body["intent"] |= changes
    return json.dumps(body)


def counts(rows: Rows) -> dict[str, int]:
    return {table: rows.count(table) for table in TABLES}


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "another chain": ({"chain_id": 1}, "wrong_chain", "intent.chain_id"),
    "another spender": ({"spender": STRANGER}, "wrong_spender", "intent.spender"),
    "nothing to sell": ({"amount_in": "0"}, "amount_invalid", "intent.amount_in"),
    "nothing to get": ({"min_amount_out": "0"}, "amount_invalid", "intent.min_amount_out"),
    "token to itself": ({"token_out": str(WETH)}, "same_token", "intent.token_out"),
    "an unknown token in": ({"token_in": STRANGER}, "token_unknown", "intent.token_in"),
    "an unknown token out": ({"token_out": STRANGER}, "token_unknown", "intent.token_out"),
    "to nobody": ({"receiver": ZERO}, "receiver_invalid", "intent.receiver"),
    "to Settlement": ({"receiver": str(DEPLOYMENT.settlement)}, "receiver_invalid", "intent.receiver"),
    "to Permit2": ({"receiver": str(PERMIT2)}, "receiver_invalid", "intent.receiver"),
    "to a token": ({"receiver": str(USDC)}, "receiver_invalid", "intent.receiver"),
    "deadline past": ({"deadline": BLOCK_TIME - 1}, "deadline_passed", "intent.deadline"),
    "deadline now": ({"deadline": BLOCK_TIME}, "deadline_passed", "intent.deadline"),
    "deadline too far": ({"deadline": BLOCK_TIME + 31 * 86_400}, "deadline_too_far", "intent.deadline"),
    "valid at its end": ({"valid_from": BLOCK_TIME + 600}, "times_invalid", "intent.valid_from"),
    "open before valid": (
        {"valid_from": BLOCK_TIME + 9, "open_after": BLOCK_TIME + 8},
        "times_invalid",
        "intent.open_after",
    ),
    "open after its end": ({"open_after": BLOCK_TIME + 601}, "times_invalid", "intent.open_after"),
    "a partner without an address": ({"partner_fee_bps": 10}, "partner_invalid", "intent.partner"),
    "a greedy partner": ({"partner": STRANGER, "partner_fee_bps": 301}, "partner_invalid", "intent.partner_fee_bps"),
    "too small for its gas": ({"min_amount_out": "500000"}, "intent_too_small", "intent.min_amount_out"),
    "one unit too small": ({"min_amount_out": "502519"}, "intent_too_small", "intent.min_amount_out"),
}


@pytest.mark.parametrize(("changes", "code", "field"), REFUSED.values(), ids=REFUSED)
def test_a_broken_rule_has_its_code_and_stores_nothing(
    relayer: Relayer, swapper: Signer, changes: dict[str, Any], code: str, field: str
) -> None:
    before = counts(relayer.rows)
    parsed = {name: int(value) if "amount" in name else value for name, value in changes.items()}
    parsed = {name: Address(value) if isinstance(value, str) else value for name, value in parsed.items()}
    answer = relayer.post("/intents", signed_intent(swapper, **parsed).model_dump_json())
    problem = answer.json()
    assert (answer.status_code, problem["code"], [e["field"] for e in problem["errors"]]) == (422, code, [field])
    assert answer.headers["content-type"] == "application/problem+json"
    assert counts(relayer.rows) == before


def test_too_small_names_an_amount_that_is_enough(relayer: Relayer, swapper: Signer) -> None:
    detail = relayer.post("/intents", signed_intent(swapper, min_amount_out=400_000).model_dump_json()).json()["detail"]
    smallest = int(next(word for word in detail.split() if word.isdigit() and int(word) > 400_000))
    assert (
        relayer.post("/intents", signed_intent(swapper, min_amount_out=smallest).model_dump_json()).status_code == 202
    )


def test_a_token_without_a_price_costs_no_gas_yet(relayer: Relayer, swapper: Signer) -> None:
    signed = signed_intent(swapper, token_in=WETH, token_out=NEW_TOKEN, min_amount_out=1_000)
    assert relayer.post("/intents", signed.model_dump_json()).status_code == 202


MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "over 2^256-1": ({"amount_in": str(2**256)}, "intent.amount_in"),
    "a number for an amount": ({"amount_in": 5}, "intent.amount_in"),
    "a negative amount": ({"amount_in": "-1"}, "intent.amount_in"),
    "hex that is not": ({"token_in": "0xzz" + "00" * 19}, "intent.token_in"),
    "odd hex": ({"app_data": "0x123"}, "intent.app_data"),
    "short hex": ({"swapper": "0x1234"}, "intent.swapper"),
    "a wrong checksum": ({"swapper": "0xF39fd6e51aad88F6F4ce6aB8827279cffFb92266"}, "intent.swapper"),
    "an unknown field": ({"slippage": 1}, "intent.slippage"),
    "text for a time": ({"deadline": "soon"}, "intent.deadline"),
    "a time beyond all": ({"deadline": 2**53}, "intent.deadline"),
    "null": ({"token_in": None}, "intent.token_in"),
}


@pytest.mark.parametrize(("changes", "field"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_field_is_named(relayer: Relayer, swapper: Signer, changes: dict[str, Any], field: str) -> None:
    before = counts(relayer.rows)
    answer = relayer.post("/intents", wire(signed_intent(swapper), **changes))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["errors"][0]["expected"]
    assert counts(relayer.rows) == before


def test_every_field_at_fault_is_named(relayer: Relayer, swapper: Signer) -> None:
    answer = relayer.post("/intents", wire(signed_intent(swapper), amount_in="x", swapper="0x", more=1))
    assert [error["field"] for error in answer.json()["errors"]] == [
        "intent.swapper",
        "intent.amount_in",
        "intent.more",
    ]


CHANGED_AFTER_SIGNING: dict[str, dict[str, Any]] = {
    "the receiver": {"receiver": STRANGER},
    "the minimum": {"min_amount_out": "2999000000"},
    "the amount": {"amount_in": "2000000000000000000"},
    "the nonce": {"nonce": "1"},
    "open_after": {"open_after": BLOCK_TIME + 1},
    "app_data": {"app_data": "0x" + "01" * 32},
    "the swapper": {"swapper": STRANGER},
}


@pytest.mark.parametrize("changes", CHANGED_AFTER_SIGNING.values(), ids=CHANGED_AFTER_SIGNING)
def test_a_witness_that_was_not_signed_is_a_wrong_signature(
    relayer: Relayer, swapper: Signer, changes: dict[str, Any]
) -> None:
    before = counts(relayer.rows)
    answer = relayer.post("/intents", wire(signed_intent(swapper), **changes))
    assert (answer.status_code, answer.json()["code"]) == (422, "signature_invalid")
    assert counts(relayer.rows) == before


@pytest.mark.parametrize("signature", [b"", b"\x01" * 64, b"\x01" * 65, b"\x00" * 65, b"\xff" * 65, b"\x01" * 300])
def test_a_signature_by_nobody_is_refused(relayer: Relayer, swapper: Signer, signature: bytes) -> None:
    before = counts(relayer.rows)
    forged = signed_intent(swapper).model_copy(update={"signature": HexBytes(signature)})
    answer = relayer.post("/intents", forged.model_dump_json())
    assert (answer.status_code, answer.json()["code"]) == (422, "signature_invalid")
    assert counts(relayer.rows) == before


def test_another_accounts_signature_is_refused(relayer: Relayer, swapper: Signer, solver: Signer) -> None:
    signed = signed_intent(swapper)
    forged = signed.model_copy(update={"signature": solver.sign(signed.intent.hash)})
    assert relayer.post("/intents", forged.model_dump_json()).json()["code"] == "signature_invalid"


def test_a_spent_nonce_is_refused(relayer: Relayer, swapper: Signer) -> None:
    signed = signed_intent(swapper)
    relayer.rows.run("INSERT INTO spent_nonces VALUES (%s, %s)", bytes(swapper.address), signed.intent.nonce)
    before = counts(relayer.rows)
    answer = relayer.post("/intents", signed.model_dump_json())
    assert (answer.status_code, answer.json()["code"]) == (422, "nonce_spent")
    assert counts(relayer.rows) == before
