"""What a solver's account sends: contracts deployed, calls mined. Loaded only where there is something to send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests
from eth_account import Account
from eth_account.signers.local import LocalAccount
from intendly_sdk.backoff import is_loopback
from intendly_sdk.primitives import Address
from web3 import Web3
from web3.contract.contract import ContractConstructor, ContractFunction
from web3.exceptions import Web3Exception
from web3.types import Nonce, TxParams

from solvers.artifacts import read_artifact
from solvers.chain_calls import ChainError

RECEIPT_SECONDS = 60


class Wallet:
    """One account on one chain. Raises `ChainError`, which never names the endpoint."""

    def __init__(self, rpc_url: str, key: str, contracts_out: Path) -> None:
        session = requests.Session()
        session.trust_env = not is_loopback(rpc_url)
        self._w3 = Web3(Web3.HTTPProvider(rpc_url, session=session))
        self._account: LocalAccount = Account.from_key(key)
        self._contracts_out = contracts_out

    def deploy(self, name: str, known: dict[str, Address]) -> Address:
        """A contract, its constructor's arguments taken from `known` by their names; where it is."""
        artifact = read_artifact(self._contracts_out, name)
        inputs = next(entry["inputs"] for entry in artifact["abi"] if entry["type"] == "constructor")
        factory = self._w3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"]["object"])
        (receipt,) = self.send(factory.constructor(*(known[each["name"]].checksum for each in inputs)))
        return Address(receipt["contractAddress"])

    def call(self, name: str, at: Address, function: str, *arguments: object) -> ContractFunction:
        """A call to send, of a function of the contract `name`."""
        address: Any = at.checksum
        contract = self._w3.eth.contract(address=address, abi=read_artifact(self._contracts_out, name)["abi"])
        made: ContractFunction = contract.functions[function](*arguments)
        return made

    def send(self, *calls: ContractFunction | ContractConstructor) -> list[Any]:
        """Send all, then wait for all: they share blocks. Their receipts; every one has succeeded."""
        try:
            if self._w3.eth.get_balance(self._account.address) == 0:
                raise ChainError(f"{self._account.address} holds no coins to pay for gas")
            nonce = self._w3.eth.get_transaction_count(self._account.address)
            hashes = [self._broadcast(call, nonce + number) for number, call in enumerate(calls)]
            return [self._receipt(tx_hash) for tx_hash in hashes]
        except requests.RequestException as error:
            # Its text names the endpoint, which may carry a key.
            raise ChainError(f"RPC_URL: {type(error).__name__}") from None
        except Web3Exception as error:
            raise ChainError(f"{type(error).__name__}: {error}") from None

    def _broadcast(self, call: ContractFunction | ContractConstructor, nonce: int) -> Any:
        terms: TxParams = {"from": self._account.address, "nonce": Nonce(nonce)}
        transaction: Any = call.build_transaction(terms)
        return self._w3.eth.send_raw_transaction(self._account.sign_transaction(transaction).raw_transaction)

    def _receipt(self, tx_hash: Any) -> Any:
        receipt = self._w3.eth.wait_for_transaction_receipt(tx_hash, timeout=RECEIPT_SECONDS, poll_latency=0.1)
        if receipt["status"] != 1:
            raise ChainError(f"transaction {tx_hash.hex()} reverted")
        return receipt
