"""Contract wallets and accounts with EIP-7702 code on a local chain, and how they sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_account import Account as Keyed
from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import ZERO_ADDRESS, Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer

from intendly.adapters.chain import artifacts
from intendly.adapters.chain.account import Account, Call
from intendly.adapters.chain.artifacts import Artifact
from intendly.adapters.chain.create2 import Placed
from intendly.adapters.chain.fees import suggested_fees
from intendly.adapters.chain.local.market import COIN, Funding
from tests.venue import LocalChain

KINDS = ("TwoOfThree", "OwnKeyDelegate", "AskedByOne", "SilentDelegate", "PlainDelegate")
"""Of contracts/test/support/Wallets.sol."""


@dataclass(frozen=True)
class TwoOfThree:
    """A wallet of which two owners sign."""

    address: Address
    owners: tuple[Signer, ...]

    def sign(self, digest: Hash32, owners: Sequence[int] = (0, 2)) -> HexBytes:
        """By these owners, in the order that the wallet asks for."""
        signers = sorted((self.owners[place] for place in owners), key=lambda signer: signer.address)
        return HexBytes(b"".join(signer.sign(digest) for signer in signers))


class Wallets:
    """What a test puts on its chain."""

    def __init__(self, chain: LocalChain) -> None:
        self._chain = chain
        self._deployer = Account(chain.rpc, chain.deployer)

    def put(self, kind: str, *arguments: object) -> Address:
        """Deploy one of `KINDS`, unless the same one is there."""
        placed = Placed(kind, artifact(kind).creation_code(*arguments))
        if self._chain.rpc.call("eth_getCode", str(placed.address), "latest") == "0x":
            self._deployer.send([placed.deploying()])
        return placed.address

    def two_of_three(self, name: str, tokens: dict[str, int] | None = None) -> TwoOfThree:
        """A wallet that holds these tokens and lets Permit2 move them."""
        owners = tuple(Signer(keccak(f"{name} {place}".encode())) for place in range(3))
        wallet = TwoOfThree(self.put("TwoOfThree", [owner.address for owner in owners]), owners)
        if tokens:
            market = self._chain.market
            market.fund([Funding(wallet.address, 0, tokens), Funding(owners[0].address, COIN)])
            approve = artifacts.forge("ERC20").interface["approve"].encode(self._chain.deployment.permit2, 2**256 - 1)
            execute = artifact("TwoOfThree").interface["execute"]
            Account(self._chain.rpc, owners[0]).send(
                [Call("approve", wallet.address, execute.encode(self._chain.token(one), approve)) for one in tokens]
            )
        return wallet

    def delegate(self, name: str, to: Address = ZERO_ADDRESS) -> Signer:
        """Let the code of the account with the key keccak(name) be `to`'s, or none, by its own type 4 transaction."""
        key = keccak(name.encode())
        signer, keyed, rpc = Signer(key), Keyed.from_key(key), self._chain.rpc
        self._chain.market.fund([Funding(signer.address, COIN)])
        nonce = int(rpc.call("eth_getTransactionCount", str(signer.address), "latest"), 16)
        chain_id, fees = self._chain.deployment.chain_id, suggested_fees(rpc)
        allowed = keyed.sign_authorization({"chainId": chain_id, "address": str(to), "nonce": nonce + 1})
        signed = keyed.sign_transaction(
            {
                "chainId": chain_id,
                "nonce": nonce,
                "to": str(ZERO_ADDRESS),
                "value": 0,
                "data": "0x",
                "gas": 100_000,
                "maxFeePerGas": fees.max_fee,
                "maxPriorityFeePerGas": fees.max_priority_fee,
                "authorizationList": [allowed],
            }
        )
        sent = Hash32(rpc.call("eth_sendRawTransaction", "0x" + signed.raw_transaction.hex().removeprefix("0x")))
        self._deployer.wait({sent: "delegate"})
        code = rpc.call("eth_getCode", str(signer.address), "latest")
        assert code == ("0x" if to == ZERO_ADDRESS else str(HexBytes(b"\xef\x01\x00" + to)))
        return signer


def artifact(kind: str) -> Artifact:
    """Built from contracts/test/support/Wallets.sol."""
    return artifacts._forge(artifacts.CONTRACTS / "out" / "Wallets.sol" / f"{kind}.json")
