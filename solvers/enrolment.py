"""A solver's way in: its executor deployed, its key and endpoint in the registry. Done once, checked at each start.

Contracts are known by what forge built; nothing of them is written down here but what is read of them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intendly_sdk.messages import ConfigView
from intendly_sdk.primitives import ZERO_ADDRESS, Address
from intendly_sdk.signatures import Signer

from solvers.chain_calls import ChainCalls, View

if TYPE_CHECKING:
    from solvers.wallet import Wallet

log = logging.getLogger("solvers")

_SETTLEMENT = View("SETTLEMENT", (), ("address",))
_CONSENTED = View("isConsented", ("address", "address"), ("bool",))
_SOLVER = View("solverInfo", ("address",), ("(address,uint64,string)",))
_BALANCE = View("balanceOf", ("address",), ("uint256",))


class EnrolmentError(Exception):
    """The chain does not stand as this solver needs it."""


class Enrolment:
    """One solver's account on one chain. Raises `EnrolmentError`, `ChainError` and `SettingsError`."""

    def __init__(
        self, rpc_url: str, key: str, config: ConfigView, calls: ChainCalls, contracts_out: Path, data_dir: Path
    ) -> None:
        self._rpc_url = rpc_url
        self._key = key
        self._own = Signer(key).address
        self._config = config
        self._calls = calls
        self._contracts_out = contracts_out
        self._note = data_dir / "executor.json"
        if (chain_id := calls.chain_id()) != config.chain_id:
            raise EnrolmentError(f"RPC_URL is chain {chain_id}, the venue is on {config.chain_id}")

    def executor(self, name: str, given: Address | None, more: Mapping[str, Address]) -> Address:
        """The executor to bid with: the given one, the remembered one, or one deployed now.

        `more` are the constructor's arguments beyond settlement, registry, solver and owner_, by name.
        """
        address = given or self._remembered(name)
        settlement, consented = self._standing(address) if address else (None, False)
        if address is None or (settlement is None and given is None):  # not there any more, on a chain that began anew
            address = self._deploy(name, more)
            settlement, consented = self._standing(address)
        if settlement != self._config.settlement:
            raise EnrolmentError(f"executor {address} works for another Settlement")
        if not consented:
            raise EnrolmentError(f"executor {address} has not consented to solver {self._own}")
        return address

    def register(self, endpoint: str) -> None:
        """Put key and endpoint into the registry, where they are not there already."""
        registry, own = self._config.registry, self._own.checksum
        (info,) = self._calls.read([_SOLVER.at(registry, self._own)]).values
        if info is None:
            raise EnrolmentError(f"there is no SolverRegistry at {registry}")
        signing_key, _, known_endpoint = info
        if Address(signing_key) == ZERO_ADDRESS:
            self._send("register", own, endpoint)
            log.info("solver.registered solver=%s endpoint=%s", own, endpoint or "-")
            return
        if Address(signing_key) != self._own:
            self._send("setKey", own)
            log.info("solver.key_set solver=%s", own)
        if known_endpoint != endpoint:
            self._send("setEndpoint", endpoint)
            log.info("solver.endpoint_set solver=%s endpoint=%s", own, endpoint or "-")

    def fund(self, executor: Address, tokens: Mapping[str, Address]) -> None:
        """Move the wallet's tokens, by symbol, into the executor."""
        amounts = self._calls.read([_BALANCE.at(token, self._own) for token in tokens.values()]).values
        held = [(symbol, amount) for symbol, amount in zip(tokens, amounts, strict=True) if amount]
        if not held:
            return
        transfer = self._wallet.call
        self._wallet.send(
            *(transfer("ERC20", tokens[of], "transfer", executor.checksum, amount) for of, amount in held)
        )
        for symbol, amount in held:
            log.info("executor.funded token=%s amount=%d", symbol, amount)

    def _deploy(self, name: str, more: Mapping[str, Address]) -> Address:
        known = {
            "settlement": self._config.settlement,
            "registry": self._config.registry,
            "solver": self._own,
            "owner_": self._own,
            **more,
        }
        address = self._wallet.deploy(name, known)
        self._note.parent.mkdir(parents=True, exist_ok=True)
        self._note.write_text(json.dumps({"name": name, **self._where(), "executor": str(address)}))
        log.info("executor.deployed name=%s executor=%s", name, address)
        return address

    def _remembered(self, name: str) -> Address | None:
        """The one deployed by an earlier start for the same venue."""
        if not self._note.exists():
            return None
        note = json.loads(self._note.read_text())
        address = Address(note.pop("executor"))
        same = note == {"name": name, **self._where()}
        return address if same else None

    def _where(self) -> dict[str, Any]:
        return {
            "chain_id": self._config.chain_id,
            "settlement": str(self._config.settlement),
            "registry": str(self._config.registry),
            "solver": str(self._own),
        }

    def _standing(self, executor: Address) -> tuple[Address | None, bool]:
        """The Settlement that it works for, None where no executor is, and whether it takes this solver's bids."""
        calls = [_SETTLEMENT.at(executor), _CONSENTED.at(self._config.registry, executor, self._own)]
        settlement, consented = self._calls.read(calls).values
        return None if settlement is None else Address(settlement), bool(consented)

    def _send(self, function: str, *arguments: object) -> None:
        """To the registry."""
        self._wallet.send(self._wallet.call("SolverRegistry", self._config.registry, function, *arguments))

    @cached_property
    def _wallet(self) -> Wallet:
        # Half a second of imports, which a start that finds all in its place does not need.
        from solvers.wallet import Wallet

        return Wallet(self._rpc_url, self._key, self._contracts_out)
