"""A solver's way in: its executor deployed, its key and endpoint in the registry. Done once, checked at each start.

Contracts are known by what forge built; nothing of them is written down here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from eth_account import Account
from eth_account.signers.local import LocalAccount
from intendly_sdk.backoff import is_loopback
from intendly_sdk.messages import ConfigView
from intendly_sdk.primitives import Address
from web3 import Web3
from web3.contract.contract import Contract, ContractConstructor, ContractFunction
from web3.types import Nonce, TxParams

from solvers.artifacts import read_artifact

log = logging.getLogger("solvers")
RECEIPT_SECONDS = 60


class EnrolmentError(Exception):
    """The chain does not stand as this solver needs it."""


class Enrolment:
    """One solver's account on one chain. Raises `EnrolmentError`; web3's errors pass through."""

    def __init__(self, rpc_url: str, key: str, config: ConfigView, contracts_out: Path, data_dir: Path) -> None:
        session = requests.Session()
        session.trust_env = not is_loopback(rpc_url)
        self._w3 = Web3(Web3.HTTPProvider(rpc_url, session=session))
        self._account: LocalAccount = Account.from_key(key)
        self._config = config
        self._contracts_out = contracts_out
        self._note = data_dir / "executor.json"
        if self._w3.eth.chain_id != config.chain_id:
            raise EnrolmentError(f"RPC_URL is chain {self._w3.eth.chain_id}, the venue is on {config.chain_id}")

    def executor(self, name: str, given: Address | None, more: Mapping[str, Address]) -> Address:
        """The executor to bid with: the given one, the remembered one, or one deployed now.

        `more` are the constructor's arguments beyond settlement, registry, solver and owner_, by name.
        """
        address = given or self._remembered(name)
        if address is None:
            address = self._deploy(name, more)
        self._check(name, address)
        return address

    def register(self, endpoint: str) -> None:
        """Put key and endpoint into the registry, where they are not there already."""
        registry = self._contract("SolverRegistry", self._config.registry)
        own = self._account.address
        signing_key, _, known_endpoint = registry.functions.solverInfo(own).call()
        if not registry.functions.isRegistered(own).call():
            self._send(registry.functions.register(own, endpoint))
            log.info("solver.registered solver=%s endpoint=%s", own, endpoint or "-")
            return
        if signing_key != own:
            self._send(registry.functions.setKey(own))
            log.info("solver.key_set solver=%s", own)
        if known_endpoint != endpoint:
            self._send(registry.functions.setEndpoint(endpoint))
            log.info("solver.endpoint_set solver=%s endpoint=%s", own, endpoint or "-")

    def fund(self, executor: Address, tokens: Mapping[str, Address]) -> None:
        """Move the wallet's tokens, by symbol, into the executor."""
        own = self._account.address
        contracts = {symbol: self._contract("ERC20", token) for symbol, token in tokens.items()}
        amounts = {symbol: token.functions.balanceOf(own).call() for symbol, token in contracts.items()}
        held = [symbol for symbol, amount in amounts.items() if amount]
        self._send(*(contracts[s].functions.transfer(executor.checksum, amounts[s]) for s in held))
        for symbol in held:
            log.info("executor.funded token=%s amount=%d", symbol, amounts[symbol])

    def _deploy(self, name: str, more: Mapping[str, Address]) -> Address:
        known = {
            "settlement": self._config.settlement,
            "registry": self._config.registry,
            "solver": Address(self._account.address),
            "owner_": Address(self._account.address),
            **more,
        }
        artifact = read_artifact(self._contracts_out, name)
        inputs = next(entry["inputs"] for entry in artifact["abi"] if entry["type"] == "constructor")
        factory = self._w3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"]["object"])
        (receipt,) = self._send(factory.constructor(*(known[each["name"]].checksum for each in inputs)))
        address = Address(receipt["contractAddress"])
        self._note.parent.mkdir(parents=True, exist_ok=True)
        self._note.write_text(json.dumps({"name": name, **self._where(), "executor": str(address)}))
        log.info("executor.deployed name=%s executor=%s", name, address)
        return address

    def _remembered(self, name: str) -> Address | None:
        """The one deployed by an earlier start for the same venue, if this chain still has it."""
        if not self._note.exists():
            return None
        note = json.loads(self._note.read_text())
        address = Address(note.pop("executor"))
        same = note == {"name": name, **self._where()}
        return address if same and self._w3.eth.get_code(self._checksum(address)) else None

    def _where(self) -> dict[str, Any]:
        return {
            "chain_id": self._config.chain_id,
            "settlement": str(self._config.settlement),
            "registry": str(self._config.registry),
            "solver": str(Address(self._account.address)),
        }

    def _check(self, name: str, executor: Address) -> None:
        functions = self._contract(name, executor).functions
        if functions.SETTLEMENT().call() != self._config.settlement.checksum:
            raise EnrolmentError(f"executor {executor} works for another Settlement")
        registry = self._contract("SolverRegistry", self._config.registry)
        if not registry.functions.isConsented(executor.checksum, self._account.address).call():
            raise EnrolmentError(f"executor {executor} has not consented to solver {self._account.address}")

    def _contract(self, name: str, address: Address) -> Contract:
        contract: Contract = self._w3.eth.contract(
            address=self._checksum(address), abi=read_artifact(self._contracts_out, name)["abi"]
        )
        return contract

    def _checksum(self, address: Address) -> Any:
        return Web3.to_checksum_address(str(address))

    def _send(self, *calls: ContractFunction | ContractConstructor) -> list[Any]:
        """Send all, then wait for all: they share blocks. Their receipts; every one has succeeded."""
        if calls and self._w3.eth.get_balance(self._account.address) == 0:
            raise EnrolmentError(f"{self._account.address} holds no coins to pay for gas")
        nonce = self._w3.eth.get_transaction_count(self._account.address)
        hashes = [self._broadcast(call, nonce + number) for number, call in enumerate(calls)]
        return [self._receipt(tx_hash) for tx_hash in hashes]

    def _broadcast(self, call: ContractFunction | ContractConstructor, nonce: int) -> Any:
        terms: TxParams = {"from": self._account.address, "nonce": Nonce(nonce)}
        transaction: Any = call.build_transaction(terms)
        return self._w3.eth.send_raw_transaction(self._account.sign_transaction(transaction).raw_transaction)

    def _receipt(self, tx_hash: Any) -> Any:
        receipt = self._w3.eth.wait_for_transaction_receipt(tx_hash, timeout=RECEIPT_SECONDS, poll_latency=0.1)
        if receipt["status"] != 1:
            raise EnrolmentError(f"transaction {tx_hash.hex()} reverted")
        return receipt
