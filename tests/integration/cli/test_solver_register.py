"""`intendly solver register` on a real chain changes what it was told, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer
from typer.testing import CliRunner

from cli.program import app
from intendly.adapters.chain.local.market import COIN, Funding
from tests.unit.sdk import samples
from tests.unit.sdk.venue import http_venue
from tests.venue import LocalChain, local_chain

__all__ = ["local_chain"]
pytestmark = pytest.mark.integration
_ACCOUNT = Signer(b"\x35" * 32)
_ANOTHER_KEY = Signer(b"\x36" * 32).address
Register = Callable[..., Any]


@pytest.fixture
def register(local_chain: LocalChain, tmp_path: Path) -> Iterator[Register]:
    """Runs the command with --json for an account that has coins; what it told."""
    local_chain.market.fund([Funding(_ACCOUNT.address, COIN, {})])
    keystore, password = tmp_path / "solver.json", tmp_path / "password"
    for file, text in (
        (keystore, json.dumps(Account.encrypt(b"\x35" * 32, "horse", kdf="pbkdf2", iterations=1))),
        (password, "horse"),
    ):
        file.touch(mode=0o600)
        file.write_text(text)
    deployed = local_chain.deployment
    config = samples.config().model_copy(update={"chain_id": deployed.chain_id, "registry": deployed.registry})
    with http_venue(lambda *_: (200, config.model_dump(mode="json"))) as venue:

        def run(*arguments: str) -> Any:
            where = ["--api", venue.url, "--rpc", local_chain.rpc_url]
            signs = ["--keystore", str(keystore), "--password-file", str(password), "--json"]
            command = ["solver", "register", *arguments, *where, *signs]
            return json.loads(CliRunner().invoke(app, command, catch_exceptions=False).stdout)

        yield run


def _calls(told: Any) -> list[str]:
    return [each["call"].removeprefix("SolverRegistry.") for each in told["transactions"]]


def test_the_key_that_stands_stays_where_none_is_named(register: Register) -> None:
    """At first it is the account's own."""
    at_first = register("--stream")
    assert (_calls(at_first), Address(at_first["signing_key"])) == (["register"], _ACCOUNT.address)
    keyed = register("--stream", "--signing-key", str(_ANOTHER_KEY))
    assert (_calls(keyed), Address(keyed["signing_key"])) == (["setKey"], _ANOTHER_KEY)
    moved = register("--endpoint", "https://solver.example/bids")
    assert (_calls(moved), Address(moved["signing_key"])) == (["setEndpoint"], _ANOTHER_KEY)
    back = register("--endpoint", "https://solver.example/bids", "--signing-key", str(_ACCOUNT.address))
    assert (_calls(back), Address(back["signing_key"])) == (["setKey"], _ACCOUNT.address)
