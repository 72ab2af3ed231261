"""Deploying twice, and what is refused."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer

from cli.contracts import deploy_local
from intendly.adapters.chain import artifacts
from intendly.adapters.chain.create2 import codes
from intendly.adapters.chain.deployment import MULTICALL3, read_deployment
from intendly.adapters.chain.keys import load_key, load_or_make_key
from intendly.adapters.chain.local.market import COIN, Funding, LocalMarket
from intendly.adapters.chain.local.pools import POOLS
from intendly.adapters.chain.rpc import Rpc
from intendly.adapters.chain.verification import DeploymentMismatch, check_deployment
from intendly.settings import SettingsError, load_settings
from tests.venue import LocalChain, administered_by, make_local_chain

pytestmark = pytest.mark.integration


def _nonce(chain: LocalChain) -> str:
    nonce = chain.rpc.call("eth_getTransactionCount", str(chain.deployer.address), "latest")
    return f"{nonce} {chain.rpc.call('eth_blockNumber')}"


def test_a_second_run_checks_and_changes_nothing(local_chain: LocalChain) -> None:
    files = [local_chain.data_dir / name for name in ("deployment.json", "markets.json")]
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files], _nonce(local_chain)
    again = make_local_chain(local_chain.rpc_url, local_chain.rpc, local_chain.data_dir)
    assert again.deployment == local_chain.deployment
    assert ([(file.read_bytes(), file.stat().st_mtime_ns) for file in files], _nonce(again)) == before


def test_the_command_does_the_same(local_chain: LocalChain) -> None:
    before = _nonce(local_chain)
    given = {"DATABASE_URL": "postgresql://", "REDIS_URL": "redis://", **local_chain.env()}
    assert deploy_local(load_settings(given)) == local_chain.deployment
    assert _nonce(local_chain) == before


def test_a_lost_file_is_written_anew(local_chain: LocalChain) -> None:
    path = local_chain.data_dir / "deployment.json"
    path.unlink()
    assert (
        make_local_chain(local_chain.rpc_url, local_chain.rpc, local_chain.data_dir).deployment
        == local_chain.deployment
    )
    assert read_deployment(path) == local_chain.deployment


def test_permit2_is_the_real_one(local_chain: LocalChain) -> None:
    [code] = codes(local_chain.rpc, [Address("0x000000000022D473030F116dDEE9F6B43aC78BA3")])
    assert artifacts.permit2().is_code(code)
    init = keccak(artifacts.permit2().creation)
    assert init.hex() == "e2be1e05eedf35dacd66c65c862f8150ff9ab4b6b24b9bbe62be71b6b16cf0f8"
    assert codes(local_chain.rpc, [MULTICALL3])[0]


def test_every_pool_has_liquidity(local_chain: LocalChain) -> None:
    contracts = local_chain.market.contracts
    for pool in POOLS:
        pair = (contracts.token(pool.base), contracts.token(pool.quote))
        if pool.fee is None:
            factory, data = (
                contracts.v2_factory,
                artifacts.uniswap("UniswapV2Factory").interface["getPair"].encode(*pair),
            )
        else:
            getter = artifacts.uniswap("UniswapV3Factory").interface["getPool"]
            factory, data = contracts.v3_factory, getter.encode(*pair, pool.fee)
        answer = local_chain.rpc.call("eth_call", {"to": str(factory.address), "data": str(HexBytes(data))}, "latest")
        there = Address(HexBytes(answer)[12:])
        for token, amount in zip(pair, pool.amounts, strict=True):
            balance = artifacts.forge("ERC20").interface["balanceOf"].encode(there)
            held = local_chain.rpc.call("eth_call", {"to": str(token), "data": str(HexBytes(balance))}, "latest")
            assert int(held, 16) >= amount * 999 // 1_000, pool


def test_solvers_can_read_the_markets_file(local_chain: LocalChain) -> None:
    from solvers.markets import load_markets

    markets = load_markets(local_chain.data_dir / "markets.json")
    assert {token.symbol for token in markets.tokens} == {"WOKB", "USDC", "USDT0", "XBTC", "XETH"}
    assert all(token.price_feed for token in markets.tokens)


def test_every_difference_is_named(local_chain: LocalChain) -> None:
    stranger = Signer(keccak(b"stranger"))
    meant = replace(
        administered_by(stranger, [stranger], [local_chain.auctioneer]), fee_recipient=local_chain.deployer.address
    )
    with pytest.raises(DeploymentMismatch) as caught:
        check_deployment(local_chain.rpc, local_chain.deployment, meant)
    text = str(caught.value)
    assert "owner() of" in text
    assert f"expected {stranger.address}" in text
    assert f"hasRole(0, {stranger.address})" in text
    assert "feeRecipient" not in text
    assert f"hasRole(1, {local_chain.auctioneer.address})" not in text


def test_other_code_is_named(local_chain: LocalChain) -> None:
    deployment = local_chain.deployment.model_copy(update={"registry": local_chain.token("USDC")})
    with pytest.raises(DeploymentMismatch, match="is not the SolverRegistry that was built"):
        check_deployment(local_chain.rpc, deployment, local_chain.administration)


def test_a_file_of_another_chain_is_refused_by_name(local_chain: LocalChain, tmp_path: Path) -> None:
    other = local_chain.deployment.model_copy(update={"genesis_hash": Hash32(b"\x07" * 32)})
    (tmp_path / "deployment.json").write_text(other.model_dump_json())
    with pytest.raises(SettingsError, match="is of chain 31337 with genesis 0x0707"):
        make_local_chain(local_chain.rpc_url, local_chain.rpc, tmp_path)
    assert json.loads((tmp_path / "deployment.json").read_text())["genesis_hash"] == "0x" + "07" * 32


def test_keys_are_made_once_and_kept_from_others(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "one.key"
    made = load_or_make_key(path)
    assert load_or_make_key(path).address == made.address
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="can be read by others"):
        load_key(path)
    path.chmod(0o600)
    path.write_text("0xnot a key")
    with pytest.raises(SettingsError, match=r"one\.key does not hold") as caught:
        load_key(path)
    assert "not a key" not in str(caught.value).replace("a private key", "")


def _production(chain: LocalChain, folder: Path) -> dict[str, str]:
    """A venue that brings its own keys to a chain which has everything but the venue's contracts."""
    chain.market.fund([Funding(load_or_make_key(folder / "keys" / "deployer.key").address, COIN)])
    (folder / "chain.json").write_text(chain.market.contracts.surroundings().model_dump_json())
    return {**chain.env(), "DATA_DIR": str(folder)}


def _deploy(env: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", "contracts", "deploy", *options]
    return subprocess.run(command, env=os.environ | env, capture_output=True, text=True, check=False, timeout=60)


def test_on_a_chain_that_is_not_local_only_the_venues_own_contracts_are_deployed(
    local_chain: LocalChain, tmp_path: Path
) -> None:
    env = _production(local_chain, tmp_path)
    owner = Signer(keccak(b"multisig")).address

    runs = [_deploy(env, "--surroundings", str(tmp_path / "chain.json"), "--owner", owner.checksum) for _ in range(2)]

    assert [run.returncode for run in runs] == [0, 0], runs

    deployment = read_deployment(tmp_path / "deployment.json")
    assert deployment.settlement != local_chain.deployment.settlement
    assert deployment.registry == local_chain.deployment.registry
    assert f"Settlement      {deployment.settlement.checksum}" in runs[0].stdout
    assert runs[0].stdout == runs[1].stdout
    assert load_key(tmp_path / "keys" / "receipts.key")  # without which the API does not start
    submitter = load_key(tmp_path / "keys" / "submitter.key").address
    meant = replace(local_chain.administration, owner=owner, fee_recipient=owner, pausers=(owner,))
    meant = replace(
        meant, submitters=(submitter,), auctioneers=(load_key(tmp_path / "keys" / "auctioneer.key").address,)
    )
    check_deployment(local_chain.rpc, deployment, meant)
    own = load_key(tmp_path / "keys" / "deployer.key").address
    assert local_chain.rpc.call("eth_getTransactionCount", str(own), "latest") == "0x1"


def test_a_bad_surroundings_file_is_named_in_one_line(local_chain: LocalChain, tmp_path: Path) -> None:
    env = {**local_chain.env(), "DATA_DIR": str(tmp_path)}
    file = tmp_path / "chain.json"
    file.write_text('{"wrapped_native": "0x12", "tokens": []}')
    run = _deploy(env, "--surroundings", str(file))
    assert (run.returncode, run.stderr) == (
        2,
        "settings: --surroundings: wrapped_native: expected 20 bytes, got 1\n",
    )
    run = _deploy(env)
    assert run.returncode == 2
    assert "--surroundings: expected a file" in run.stderr


def test_a_local_market_is_made_on_nothing_but_anvil(monkeypatch: pytest.MonkeyPatch, local_chain: LocalChain) -> None:
    monkeypatch.setattr(Rpc, "call", lambda *_: "Geth/v1.16")
    with pytest.raises(SettingsError, match="made on anvil alone, and this is Geth"):
        LocalMarket(local_chain.rpc, local_chain.deployer)
