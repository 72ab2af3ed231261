"""Permit2's leave to take a token from an account: read, and given where it is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from intendly_sdk.calls import approve_permit2
from intendly_sdk.messages import ConfigView, TokenView
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer

if TYPE_CHECKING:
    from intendly.adapters.chain.rpc import Rpc


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account holds of a token, and how much of it Permit2 may take; both in its smallest unit."""

    balance: int
    allowance: int


def read_standing(rpc: Rpc, config: ConfigView, token: TokenView, owner: Address) -> Standing:
    """As the latest block has it. Raises `ChainUnavailable`, `RpcError`."""
    from intendly.adapters.chain import artifacts

    erc20 = artifacts.forge("ERC20").interface
    calls = [erc20["balanceOf"].encode(owner), erc20["allowance"].encode(owner, config.permit2)]
    asked = [{"to": str(token.address), "data": str(HexBytes(data))} for data in calls]
    balance, allowance = rpc.results([("eth_call", [each, "latest"]) for each in asked])
    return Standing(int(balance, 16), int(allowance, 16))


def approve(rpc: Rpc, config: ConfigView, token: TokenView, signer: Signer) -> Hash32:
    """Let Permit2 take any amount of the token, and wait until it may; the transaction. Raises `TransactionFailed`."""
    from intendly.adapters.chain.account import Account, Call

    call = approve_permit2(config.chain_id, token.address)
    account = Account(rpc, signer)
    sent = account.broadcast([Call(f"approve Permit2 for {token.symbol}", call.to, call.data)])
    (tx_hash,) = sent
    account.wait(sent)
    return tx_hash
