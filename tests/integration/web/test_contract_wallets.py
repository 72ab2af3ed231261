"""POST /intents and cancels of accounts with code; of those, only what is not plain ECDSA asks the chain."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from intendly_sdk.messages import MAX_SIGNATURE_BYTES, Intent, SignedIntent
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import cancel_digest

from intendly.adapters.chain.account import Account
from intendly.adapters.chain.create2 import Placed
from intendly.adapters.chain.rpc import Rpc
from tests.external import Chain, RedisServer
from tests.integration.chain.wallets import TwoOfThree, artifact
from tests.integration.web.conftest import Relayer, running_relayer
from tests.integration.web.test_problems import assert_problem
from tests.integration.web.world import BLOCK_TIME, DEPLOYMENT, Rows, intent_of, signed_intent

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def rpc(anvil: Chain) -> Iterator[Rpc]:
    with closing(Rpc([anvil.rpc_url])) as one:
        yield one


@pytest.fixture(scope="module")
def wallet(rpc: Rpc) -> TwoOfThree:
    """On the relayer's chain."""
    owners = tuple(Signer(bytes([n]) * 32) for n in (1, 2, 3))
    placed = Placed("wallet", artifact("TwoOfThree").creation_code([owner.address for owner in owners]))
    rpc.call("anvil_setBalance", str(owners[0].address), hex(10**18))
    Account(rpc, owners[0]).send([placed.deploying()])
    return TwoOfThree(placed.address, owners)


def of_wallet(account: Address) -> Intent:
    return intent_of(Signer(b"\x01" * 32)).model_copy(update={"swapper": account, "receiver": account})


def post(relayer: Relayer, intent: Intent, signature: bytes) -> tuple[int, dict[str, str]]:
    answer = relayer.post("/intents", SignedIntent(intent=intent, signature=HexBytes(signature)).model_dump_json())
    return answer.status_code, answer.json()


def test_a_wallets_intent_is_accepted_with_the_signature_that_it_takes(relayer: Relayer, wallet: TwoOfThree) -> None:
    intent = of_wallet(wallet.address)
    signature = wallet.sign(intent.hash)
    assert post(relayer, intent, signature)[0] == 202
    stored = relayer.rows.one("SELECT signature FROM intents WHERE hash = %s", bytes(intent.hash))
    assert (len(stored), stored) == (130, bytes(signature))
    assert post(relayer, intent, signature)[0] == 200


def test_a_signature_that_the_wallet_does_not_take_stores_nothing(relayer: Relayer, wallet: TwoOfThree) -> None:
    intent = of_wallet(wallet.address)
    for signature in (wallet.sign(intent.hash, (1,)), wallet.sign(of_wallet(wallet.address).hash), b""):
        status, problem = post(relayer, intent, signature)
        assert (status, problem["code"]) == (422, "signature_invalid")
        assert f"the contract at {wallet.address} does not take it: its isValidSignature" in problem["detail"]
    assert relayer.rows.run("SELECT FROM intents WHERE hash = %s", bytes(intent.hash)) == []


@pytest.mark.parametrize("kind", ["SilentDelegate", "OwnKeyDelegate"])
def test_a_delegated_account_is_accepted_by_its_own_key(relayer: Relayer, rpc: Rpc, kind: str) -> None:
    """Without asking: what its delegate says is asked at each close. EIP-7702 code as anvil_setCode puts it."""
    swapper = Signer(os.urandom(32))
    delegate(rpc, swapper.address, kind)
    assert post(relayer, (intent := intent_of(swapper)), swapper.sign(intent.hash))[0] == 202


def test_a_delegated_account_by_another_key_has_its_delegate_named(relayer: Relayer, rpc: Rpc) -> None:
    swapper = Signer(os.urandom(32))
    to = delegate(rpc, swapper.address, "SilentDelegate")
    status, problem = post(relayer, (intent := intent_of(swapper)), Signer(os.urandom(32)).sign(intent.hash))
    assert (status, problem["code"]) == (422, "signature_invalid")
    assert f"delegates to {to} (EIP-7702), which Permit2 asks whatever key signed" in problem["detail"]
    assert "so it most likely has none" in problem["detail"]


def test_an_erc_6492_wrapper_is_refused_by_name(relayer: Relayer, wallet: TwoOfThree) -> None:
    intent = of_wallet(wallet.address)
    status, problem = post(relayer, intent, wallet.sign(intent.hash) + bytes.fromhex("6492" * 16))
    assert (status, problem["code"]) == (422, "signature_invalid")
    assert "it is an ERC-6492 wrapper" in problem["detail"]


def test_a_signature_is_as_long_as_the_bound_allows(relayer: Relayer, wallet: TwoOfThree) -> None:
    intent = of_wallet(wallet.address)
    assert post(relayer, intent, bytes(MAX_SIGNATURE_BYTES))[1]["code"] == "signature_invalid"
    body = json.dumps({"intent": json.loads(intent.model_dump_json()), "signature": "0x" + "00" * 2_049})
    assert_problem(relayer.post("/intents", body), 422, "invalid_request")


def test_a_wallet_cancels(relayer: Relayer, wallet: TwoOfThree) -> None:
    intent = of_wallet(wallet.address)
    assert post(relayer, intent, wallet.sign(intent.hash))[0] == 202

    def cancel(signature: HexBytes) -> tuple[int, str]:
        answer = relayer.post(f"/intents/{intent.hash}/cancel", json.dumps({"signature": str(signature)}))
        return answer.status_code, answer.text

    digest = cancel_digest(intent.hash, DEPLOYMENT.domain)
    status, text = cancel(wallet.sign(digest, (2,)))
    assert status == 422
    assert f"the contract at {wallet.address} does not take it" in text
    assert cancel(wallet.sign(digest))[0] == 200
    assert relayer.rows.one("SELECT state FROM intents WHERE hash = %s", bytes(intent.hash)) == "cancelled"


def test_in_a_batch_each_is_asked_for_itself(relayer: Relayer, wallet: TwoOfThree) -> None:
    plain, good, bad = Signer(os.urandom(32)), of_wallet(wallet.address), of_wallet(wallet.address)
    late = of_wallet(wallet.address).model_copy(update={"deadline": 1, "open_after": 1})
    members = [
        signed_intent(plain),
        SignedIntent(intent=good, signature=wallet.sign(good.hash)),
        SignedIntent(intent=bad, signature=wallet.sign(good.hash)),
        SignedIntent(intent=late, signature=wallet.sign(good.hash)),
        SignedIntent(intent=late, signature=wallet.sign(late.hash)),
    ]
    body = json.dumps({"intents": [json.loads(one.model_dump_json()) for one in members]})
    outcomes = relayer.post("/intents/batch", body).json()["outcomes"]
    codes = [one["problem"] and one["problem"]["code"] for one in outcomes]
    assert codes == [None, None, "signature_invalid", "signature_invalid", "deadline_passed"]


def test_an_accepted_intent_of_a_wallet_is_known_after_its_deadline(
    relayer: Relayer, wallet: TwoOfThree, solver: Signer
) -> None:
    intent = of_wallet(wallet.address)
    assert post(relayer, intent, wallet.sign(intent.hash))[0] == 202
    relayer.rows.run("UPDATE chain_cursor SET block_time = %s", intent.deadline + 1)
    try:
        until = time.monotonic() + 10
        while relayer.post("/intents", signed_intent(solver).model_dump_json()).status_code != 422:
            assert time.monotonic() < until, "the chain's clock is read about once a second"
            time.sleep(0.05)
        status, told = post(relayer, intent, wallet.sign(intent.hash))
        assert (status, told["intent_hash"]) == (200, str(intent.hash))
    finally:
        relayer.rows.run("UPDATE chain_cursor SET block_time = %s", BLOCK_TIME)


def test_without_a_chain_plain_accounts_go_on_and_wallets_are_told_to_wait(
    database_url: str, valkey: RedisServer, tmp_path: Path, wallet: TwoOfThree
) -> None:
    rows = Rows(database_url)
    rows.seed()
    away = "http://127.0.0.1:1"
    with running_relayer(rows, valkey.url_of(9), tmp_path, RPC_URLS=away, WEB_WORKERS="1") as relayer:
        intent = of_wallet(wallet.address)
        status, problem = post(relayer, intent, wallet.sign(intent.hash))
        assert (status, problem["code"]) == (503, "chain_unavailable")
        assert rows.count("intents") == 0
        assert post(relayer, intent, bytes.fromhex("6492" * 16))[1]["code"] == "signature_invalid"
        assert relayer.post("/intents", signed_intent(Signer(os.urandom(32))).model_dump_json()).status_code == 202


def delegate(rpc: Rpc, account: Address, kind: str) -> Address:
    to = Address(Hash32(kind.encode().ljust(32, b"\0"))[:20])
    rpc.call("anvil_setCode", str(to), str(HexBytes(artifact(kind).runtime)))
    rpc.call("anvil_setCode", str(account), str(HexBytes(b"\xef\x01\x00" + to)))
    return to
