"""A relayer on a real local chain, its rows written by the index and the price task, and the market maker beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from intendly_sdk.client import TraderClient
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer

from intendly.adapters.chain.artifacts import CONTRACTS
from intendly.adapters.chain.local.market import COIN, Funding
from intendly.adapters.embedded.ports import free_port
from intendly.bootstrap.settlements import SettlementsVenue
from intendly.settings import load_settings
from tests.integration.web.conftest import ROOT, Relayer
from tests.venue import LocalChain


@dataclass(frozen=True)
class Quoting:
    """Who is there."""

    chain: LocalChain
    relayer: Relayer
    maker: Address

    def trader(self, tokens: dict[str, int] | None = None, key: bytes | None = None) -> TraderClient:
        """Someone new who holds these tokens; Permit2 may take none of them."""
        signer = Signer(key or os.urandom(32))
        self.chain.market.fund([Funding(signer.address, COIN, tokens or {})])
        return TraderClient(self.relayer.url, signer)


def index(chain: LocalChain, relayer: Relayer, redis_url: str) -> None:
    """What the coordinator does: write the registry, block time, and the tokens with their gas."""
    given = {**chain.env(), "DATABASE_URL": relayer.rows.url, "REDIS_URL": redis_url}
    with closing(SettlementsVenue(load_settings(given), process="test")) as venue:
        venue.index_chain.run()
        venue.price_tokens.run()


@contextmanager
def market_maker(chain: LocalChain, relayer: Relayer, folder: Path) -> Iterator[Address]:
    """The reference solver as a process of its own, with 100,000 USDC, registered with its endpoint."""
    key, port = os.urandom(32), free_port()
    account = Signer(key).address
    chain.market.fund([Funding(account, 10 * COIN, {"USDC": 100_000 * 10**6})])
    (folder / "maker.key").touch(mode=0o600)
    (folder / "maker.key").write_text(key.hex())
    environment = {
        "PATH": os.environ["PATH"],
        "INTENDLY_API_URL": relayer.url,
        "RPC_URL": chain.rpc_url,
        "SOLVER_KEY_FILE": str(folder / "maker.key"),
        "MARKETS_FILE": str(chain.data_dir / "markets.json"),
        "SOLVER_DATA_DIR": str(folder / "maker"),
        "CONTRACTS_OUT": str(CONTRACTS / "out"),
        "LISTEN_PORT": str(port),
    }
    with (folder / "maker.log").open("w") as log:
        command = [sys.executable, "-m", "solvers.market_maker"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 60
        while not _is_up(port):
            assert process.poll() is None, (folder / "maker.log").read_text()
            assert time.monotonic() < until, (folder / "maker.log").read_text()
            time.sleep(0.1)
        yield account
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def _is_up(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).is_success
    except httpx.TransportError:
        return False
