"""What anvil does that no other chain would: coins from nothing, and blocks when we say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from intendly_sdk.primitives import Address, HexBytes

from intendly.adapters.chain.rpc import Request, Rpc
from intendly.settings import SettingsError

_USUAL_BLOCK: Final = 30_000_000
_ROOMY_BLOCK: Final = 2**31


class Anvil:
    """One anvil. Raises `SettingsError` where the endpoint is another client: none of this may touch a real chain."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        client = str(rpc.call("web3_clientVersion"))
        if not client.startswith("anvil/"):
            kind = client.split("/", maxsplit=1)[0]
            raise SettingsError(f"RPC_URLS: a local market is made on anvil alone, and this is {kind}")

    def give_coins(self, amounts: Mapping[Address, int]) -> None:
        """Let each account hold at least so much native coin, in wei."""
        held = self._rpc.results([("eth_getBalance", [str(account), "latest"]) for account in amounts])
        self._rpc.results(
            [
                ("anvil_setBalance", [str(account), hex(amount)])
                for (account, amount), balance in zip(amounts.items(), held, strict=True)
                if int(balance, 16) < amount
            ]
        )

    @contextmanager
    def one_block(self) -> Iterator[None]:
        """Within it, what is sent before `mine` goes into one block.

        With a block for each transaction the chain's clock would run a second ahead for every one of them. And where
        a block closes by itself while they arrive, anvil may wait forever for the nonce that it has just mined.
        """
        at_once, interval_s = self._rpc.results([("anvil_getAutomine", []), ("anvil_getIntervalMining", [])])
        as_before: list[Request] = [("anvil_setBlockGasLimit", [hex(_USUAL_BLOCK)])]
        as_before += [("evm_setAutomine", [True])] if at_once else []
        as_before += [("evm_setIntervalMining", [interval_s])] if interval_s else []
        try:
            self._rpc.results([("anvil_setBlockGasLimit", [hex(_ROOMY_BLOCK)]), ("evm_setIntervalMining", [0])])
            yield
        finally:
            self._rpc.results(as_before)

    def mine(self) -> None:
        """Close the block now."""
        self._rpc.call("evm_mine")

    def send_as(self, sender: Address, data: bytes) -> None:
        """Deploy `data` from an account whose key nobody needs to have."""
        self._rpc.call("anvil_impersonateAccount", str(sender))
        try:
            self._rpc.call(
                "eth_sendTransaction", {"from": str(sender), "data": str(HexBytes(data)), "gas": hex(3_000_000)}
            )
        finally:
            self._rpc.batch([("anvil_stopImpersonatingAccount", [str(sender)])])
