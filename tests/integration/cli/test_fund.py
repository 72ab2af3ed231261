"""`intendly fund` gives an account what it trades with, on the local market and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from intendly_sdk.signatures import Signer
from typer.testing import CliRunner

from cli.program import app
from cli.venue import prepare, running_parts
from intendly.adapters.embedded import embedded_anvil
from intendly.settings import SettingsError
from tests.venue import LocalChain, local_chain

__all__ = ["local_chain"]
pytestmark = pytest.mark.integration
TRADER = str(Signer(b"\x31" * 32).address)
_COIN = 10**18


def _fund(env: dict[str, str], *arguments: str) -> dict[str, str]:
    done = CliRunner().invoke(app, ["fund", TRADER, "--json", *arguments], env=env)
    if done.exception:
        raise done.exception
    told = json.loads(done.stdout)
    assert told["address"] == TRADER
    return {"coins": told["coins"], **told["tokens"]}


def test_every_token_and_then_more_of_one(local_chain: LocalChain) -> None:
    first = _fund(local_chain.env())
    assert int(first["coins"]) == 10 * _COIN
    assert (first["USDC"], first["USDT0"], first["XETH"]) == ("10000000000", "10000000000", str(25 * _COIN // 10))
    assert int(first["WOKB"]) == 10_000 * _COIN // 180
    second = _fund(local_chain.env(), "--token", "USDC", "--amount", "1.5")
    assert second == first | {"USDC": "10001500000"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--token", "WETH"), "--token: expected one of WOKB, USDC, USDT0, XBTC, XETH, got WETH"),
        (("--token", "USDC", "--amount", "0.0000001"), "--amount: expected at most 6 digits behind the point"),
    ],
)
def test_a_mistake_is_named(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        _fund({}, *arguments)


def test_another_chain_is_refused_by_name(local_chain: LocalChain, world_folder: Path) -> None:
    with embedded_anvil(world_folder / "a", chain_id=4_711, durable=False) as other:
        refused = pytest.raises(SettingsError, match=r"^RPC_URLS: .* local chain 31337 alone, and this is chain 4711$")
        with refused:
            _fund(local_chain.env() | {"RPC_URLS": other.rpc_url})
    with embedded_anvil(world_folder / "b", durable=False) as other:
        refused = pytest.raises(SettingsError, match=r"^RPC_URLS: this is another local chain than that of")
        with refused:
            _fund(local_chain.env() | {"RPC_URLS": other.rpc_url})


def test_the_market_that_runs_is_found_by_its_folder(world_folder: Path) -> None:
    data = world_folder / "data"
    env = {"DATA_DIR": str(data)}
    with pytest.raises(SettingsError, match="DATA_DIR: no local market has run in"):
        _fund(env)
    with running_parts(use_external=False, data_dir=data) as ground:
        prepare(ground)
        assert _fund(env)["USDC"] == "10000000000"
    with pytest.raises(SettingsError, match="does not answer; start it with `make up`"):
        _fund(env)
