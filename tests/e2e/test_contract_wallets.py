"""A wallet of three owners and delegated accounts trade: from the HTTP request to the tokens, beside `intendly up`."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from intendly_sdk.client import TraderClient
from intendly_sdk.errors import ApiError
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Intent, IntentState, SignedIntent
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer

from intendly.adapters.chain.artifacts import forge
from intendly.adapters.chain.deployment import read_deployment
from intendly.adapters.chain.keys import load_key
from intendly.adapters.chain.local.market import COIN, LocalMarket
from intendly.adapters.chain.rpc import Rpc
from tests.e2e.up import intendly_up
from tests.integration.chain.wallets import Wallets
from tests.venue import LocalChain, administered_by

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
MIN_AMOUNT_OUT = 100_000_000


class Market:
    """Accounts with a WOKB each on the venue's chain, and what became of them."""

    def __init__(self, chain: LocalChain, trader: TraderClient) -> None:
        self.chain = chain
        self.wallets = Wallets(chain)
        self.trader = trader

    def signer(self, name: str, delegate_kind: str) -> Signer:
        signer = Signer(keccak(name.encode()))
        self.chain.ready_swapper(signer, {"WOKB": COIN})
        return self.wallets.delegate(name, self.wallets.put(delegate_kind))

    def intent(self, account: Address) -> Intent:
        token = self.chain.token
        built = self.trader.build_intent(token("WOKB"), COIN, token("USDC"), MIN_AMOUNT_OUT, receiver=account)
        return built.model_copy(update={"swapper": account})

    def submit(self, account: Address, sign: Callable[[Hash32], HexBytes]) -> Hash32:
        intent = self.intent(account)
        return self.trader.submit(SignedIntent(intent=intent, signature=sign(intent.hash))).intent_hash

    def received(self, account: Address) -> int:
        data = forge("ERC20").interface["balanceOf"].encode(account)
        call = {"to": str(self.chain.token("USDC")), "data": str(HexBytes(data))}
        return int(self.chain.rpc.call("eth_call", call, "latest"), 16)

    def wait_settled(self, intent_hash: Hash32, account: Address) -> None:
        view = self.trader.wait_until_settled(intent_hash, timeout=90)
        assert view.fill is not None
        assert self.received(account) == view.fill.amount_out >= MIN_AMOUNT_OUT

    def wait_reason(self, intent_hash: Hash32, reason: str) -> str:
        """The words, once the intent is open for this reason."""
        until = time.monotonic() + 60
        while (status := self.trader.status(intent_hash)).reason != reason:
            assert time.monotonic() < until, status
            time.sleep(0.2)
        assert status.state is IntentState.OPEN
        return status.detail


def test_accounts_with_code_trade(world_folder: Path) -> None:
    data = world_folder / "data"
    with intendly_up(data) as up:
        api, rpc_url = up.wait_line(r"export INTENDLY_API_URL=(\S+) RPC_URL=(\S+)").groups()
        with closing(Rpc([rpc_url], timeout_s=30)) as rpc, TraderClient(api, Signer(keccak(b"anyone"))) as trader:
            market = Market(_chain(rpc_url, rpc, data), trader)
            silent = market.signer("silent", "SilentDelegate")
            of_silent = market.submit(silent.address, silent.sign)

            wallet = market.wallets.two_of_three("friends", {"WOKB": COIN})
            with pytest.raises(ApiError, match=f"the contract at {wallet.address} does not take it"):
                market.submit(wallet.address, lambda digest: wallet.sign(digest, (1,)))
            market.wait_settled(market.submit(wallet.address, wallet.sign), wallet.address)

            # Nearly all the gas that a check may take, on a chain where nothing is warm.
            thorough = market.signer("thorough", "OwnKeyDelegate")
            long_signed = market.submit(thorough.address, lambda digest: HexBytes(thorough.sign(digest) + bytes(90)))
            market.wait_settled(long_signed, thorough.address)

            told = market.wait_reason(of_silent, "signature_refused")
            assert f"the account {silent.address} delegates to" in told
            assert "so it most likely has none" in told
            market.wallets.delegate("silent")
            market.wait_settled(of_silent, silent.address)


def _chain(rpc_url: str, rpc: Rpc, data: Path) -> LocalChain:
    deployer, submitter, auctioneer = (
        load_key(data / "keys" / f"{name}.key") for name in ("deployer", "submitter", "auctioneer")
    )
    return LocalChain(
        rpc_url,
        rpc,
        data,
        LocalMarket(rpc, deployer),
        administered_by(deployer, [submitter], [auctioneer]),
        read_deployment(data / "deployment.json"),
        deployer,
        submitter,
        auctioneer,
    )
