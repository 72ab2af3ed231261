"""POST /quotes on a real local chain, with real pools and the market maker: from the quote to the accepted intent."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from eth_account import Account as Keyed
from intendly_sdk.calls import send_permit
from intendly_sdk.errors import ApiError
from intendly_sdk.messages import Call as UserCall
from intendly_sdk.messages import QuoteKind, QuoteRequest, SignedIntent, SolverPage
from intendly_sdk.primitives import UINT256_MAX, Address, HexBytes
from intendly_sdk.signatures import Signer

from intendly.adapters.chain.account import Account, Call
from intendly.adapters.chain.local.market import COIN, Funding
from intendly.adapters.chain.quotes import best_single_pool
from tests.external import RedisServer
from tests.integration.chain.wallets import Wallets
from tests.integration.web.conftest import Relayer, running_relayer
from tests.integration.web.quoting import Quoting, index, market_maker
from tests.integration.web.test_problems import assert_problem
from tests.integration.web.world import Rows
from tests.venue import LocalChain, local_chain

__all__ = ["local_chain"]
pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def quoting(
    module_database_url: str,
    valkey: RedisServer,
    local_chain: LocalChain,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Quoting]:
    rows, folder, redis_url = Rows(module_database_url), tmp_path_factory.mktemp("quoting"), valkey.url_of(8)
    settings = {
        "RPC_URLS": local_chain.rpc_url,
        "DEPLOYMENT_FILE": str(local_chain.data_dir / "deployment.json"),
        "SOLVER_ALLOW_PRIVATE": "true",
    }
    with (
        running_relayer(rows, redis_url, folder, **settings) as relayer,
        market_maker(local_chain, relayer, folder) as maker,
    ):
        index(local_chain, relayer, redis_url)
        yield Quoting(local_chain, relayer, maker)


def _asked(quoting: Quoting, swapper: Address, sold: str, amount_in: int, bought: str, **changes: Any) -> QuoteRequest:
    values = {
        "swapper": swapper,
        "token_in": quoting.chain.token(sold),
        "amount_in": amount_in,
        "token_out": quoting.chain.token(bought),
    }
    return QuoteRequest(**(values | changes))


def _send(quoting: Quoting, call: UserCall, sender: Signer) -> None:
    quoting.chain.market.fund([Funding(sender.address, COIN)])
    Account(quoting.chain.rpc, sender).send([Call("sent", call.to, call.data, call.value)])


def _signed(key: bytes, typed_data: dict[str, Any]) -> HexBytes:
    """As a wallet signs what it is given for eth_signTypedData_v4."""
    return HexBytes(Keyed.sign_typed_data(key, full_message=typed_data).signature)


def test_pools_and_solver_are_quoted_after_the_fee_the_best_first(quoting: Quoting) -> None:
    began = int(time.time())
    with quoting.trader({"WOKB": COIN}) as trader:
        view = trader.quote(_asked(quoting, trader.signer.address, "WOKB", COIN, "USDC", slippage_bps=100))
    by_kind = {source.kind: source for source in view.sources}
    pools, solver = by_kind[QuoteKind.POOLS], by_kind[QuoteKind.SOLVER]
    deployment, rpc = quoting.chain.deployment, quoting.chain.rpc
    block = int(rpc.call("eth_blockNumber"), 16)
    gross = best_single_pool(deployment, rpc, view.intent.token_in, view.intent.token_out, COIN)
    assert (pools.amount_out, pools.block_number) == (gross - view.fee, block)
    assert solver.amount_out == 180 * 10**6 * 9_992 // 10_000 - view.fee
    assert (solver.solver, solver.block_number) == (quoting.maker, None)
    assert [source.amount_out for source in view.sources] == sorted((pools.amount_out, solver.amount_out), reverse=True)
    assert view.amount_out == view.sources[0].amount_out
    assert view.amount_out * 99 // 100 - 2 <= view.min_amount_out <= view.amount_out * 99 // 100
    assert view.intent.min_amount_out == view.min_amount_out
    newest = int(rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    assert view.intent.open_after == view.intent.deadline
    assert max(newest, began) <= view.intent.deadline - 600 <= max(newest, int(time.time()) + 1)


def test_the_approval_that_is_missing_is_given_and_what_is_signed_is_accepted(quoting: Quoting) -> None:
    key = os.urandom(32)
    with quoting.trader({"WOKB": COIN}, key) as trader:
        asked = _asked(quoting, trader.signer.address, "WOKB", COIN, "USDC")
        before = trader.quote(asked)
        assert (before.permit2.balance, before.permit2.allowance, before.permit2.is_enough) == (COIN, 0, False)
        assert before.permit2.permit is None, "the wrapped coin has none"
        (warning,) = before.warnings
        assert "Permit2 may take 0" in warning
        assert before.permit2.approve is not None
        _send(quoting, before.permit2.approve, trader.signer)
        view = trader.quote(asked)
        assert (view.permit2.allowance, view.permit2.is_enough, view.warnings) == (UINT256_MAX, True, ())
        assert view.permit2.approve is None
        signed = SignedIntent(intent=view.intent, signature=_signed(key, view.typed_data))
        answer = quoting.relayer.post("/intents", signed.model_dump_json())
        assert (answer.status_code, answer.json()["intent_hash"]) == (202, str(view.intent_hash))


def test_a_permit_that_anyone_sends_gives_the_allowance(quoting: Quoting) -> None:
    key = os.urandom(32)
    with quoting.trader({"USDC": 10**9}, key) as trader:
        asked = _asked(quoting, trader.signer.address, "USDC", 10**9, "WOKB")
        permit = trader.quote(asked).permit2.permit
        assert permit is not None
        _send(quoting, send_permit(permit, _signed(key, permit)), Signer(os.urandom(32)))
        standing = trader.quote(asked).permit2
        assert (standing.allowance, standing.is_enough, standing.permit) == (UINT256_MAX, True, None)


def test_what_the_swapper_lacks_is_a_warning(quoting: Quoting) -> None:
    with quoting.trader() as trader:
        view = trader.quote(_asked(quoting, trader.signer.address, "USDC", 10**9, "WOKB"))
        assert any("holds 0" in warning for warning in view.warnings)
        receiver = Signer(os.urandom(32)).address
        elsewhere = trader.quote(_asked(quoting, trader.signer.address, "USDC", 10**9, "WOKB", receiver=receiver))
        assert elsewhere.intent.receiver == receiver
        assert elsewhere.intent.nonce != view.intent.nonce


def test_an_account_whose_code_would_refuse_is_warned(quoting: Quoting) -> None:
    wallets = Wallets(quoting.chain)
    plain = wallets.put("PlainDelegate")
    swapper = wallets.delegate("quoted with a delegate", plain)
    with quoting.trader() as trader:
        doubts = [
            [text for text in trader.quote(_asked(quoting, account, "USDC", 10**9, "WOKB")).warnings if "zeros" in text]
            for account in (swapper.address, wallets.two_of_three("quoted friends").address, trader.signer.address)
        ]
    assert [len(found) for found in doubts] == [1, 0, 0]
    assert f"delegates to {plain} (EIP-7702)" in doubts[0][0]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"amount_in": "0"}, "amount_invalid", "amount_in"),
        ({"amount_in": "1000"}, "intent_too_small", "amount_in"),
        ({"token_out": "0x" + "0f" * 20}, "token_unknown", "token_out"),
        ({"receiver": "0x" + "00" * 20}, "receiver_invalid", "receiver"),
        ({"slippage_bps": 5_001}, "invalid_request", "slippage_bps"),
    ],
)
def test_a_refusal_names_the_field_that_was_asked_with(
    quoting: Quoting, changes: dict[str, Any], code: str, field: str
) -> None:
    asked = json.loads(_asked(quoting, quoting.maker, "USDC", 10**9, "WOKB").model_dump_json())
    problem = assert_problem(quoting.relayer.post("/quotes", json.dumps(asked | changes)), 422, code)
    assert [error["field"] for error in problem.errors] == [field]


def test_the_same_token_and_an_amount_that_nobody_gives_anything_for(quoting: Quoting) -> None:
    with quoting.trader() as trader:
        for sold, bought, amount, code in (("USDC", "USDC", 1, "same_token"), ("XBTC", "XETH", 1, "no_quote")):
            with pytest.raises(ApiError) as refused:
                trader.quote(_asked(quoting, trader.signer.address, sold, amount, bought))
            assert refused.value.problem.code == code


def test_nothing_is_stored(quoting: Quoting) -> None:
    before = quoting.relayer.rows.count("intents")
    with quoting.trader() as trader:
        trader.quote(_asked(quoting, trader.signer.address, "USDC", 10**9, "WOKB"))
    assert quoting.relayer.rows.count("intents") == before


def test_the_solver_is_listed_without_its_endpoint(quoting: Quoting) -> None:
    with quoting.trader() as trader:
        view = trader.solver(quoting.maker)
        assert (view.signing_key, view.active, view.asked_over) == (quoting.maker, True, "http")
        assert trader.solvers() == SolverPage(solvers=(view,))
    assert "http://" not in quoting.relayer.get("/solvers").text


def test_without_the_chain_there_is_no_quote(
    quoting: Quoting, valkey: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = {
        "RPC_URLS": "http://127.0.0.1:1",
        "DEPLOYMENT_FILE": str(quoting.chain.data_dir / "deployment.json"),
    }
    asked = _asked(quoting, quoting.maker, "USDC", 10**9, "WOKB")
    folder = tmp_path_factory.mktemp("cut off")
    with running_relayer(quoting.relayer.rows, valkey.url_of(8), folder, **settings) as relayer:
        assert_problem(_post(relayer, asked), 503, "chain_unavailable")


def _post(relayer: Relayer, asked: QuoteRequest) -> Any:
    return relayer.post("/quotes", asked.model_dump_json())
