"""Both solvers as processes of their own: they enrol, answer, say that they are up, restart, and stop clean."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import BidRequest, BidResponse, SignedBid
from intendly_sdk.signatures import Signer
from intendly_sdk.stream_messages import ClientMessage, PlaceBid

from tests.integration.solvers.local_chain import CONTRACTS, LocalChain
from tests.unit.sdk.venue import HttpVenue, Peer, http_venue, stream_venue

pytestmark = pytest.mark.integration


class Start:
    """What a solver's process is started with."""

    def __init__(self, chain: LocalChain, venue: HttpVenue, folder: Path, key: bytes) -> None:
        self.solver = Signer(key).address
        self.port = _free_port()
        self.log = folder / "log"
        (folder / "key").write_text(key.hex())
        (folder / "key").chmod(0o600)
        (folder / "markets.json").write_text(json.dumps(chain.markets()))
        self.environment = {
            "PATH": os.environ["PATH"],
            "INTENDLY_API_URL": venue.url,
            "RPC_URL": chain.rpc_url,
            "SOLVER_KEY_FILE": str(folder / "key"),
            "MARKETS_FILE": str(folder / "markets.json"),
            "SOLVER_DATA_DIR": str(folder / "data"),
            "CONTRACTS_OUT": str(CONTRACTS / "out"),
            "LISTEN_PORT": str(self.port),
        }

    @contextmanager
    def running(self, module: str) -> Iterator[httpx.Client]:
        """The process, once it is healthy; SIGTERM in the end, which it must follow."""
        with self.log.open("w") as log:
            process = subprocess.Popen([sys.executable, "-m", module], env=self.environment, stderr=log)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False) as http:
                self._until_healthy(process, http)
                yield http
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0, self.log.read_text()

    def _until_healthy(self, process: subprocess.Popen[bytes], http: httpx.Client) -> None:
        for _ in range(300):
            try:
                if http.get("/health").status_code == 200:
                    return
            except httpx.TransportError:
                assert process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())


@pytest.fixture
def key(chain: LocalChain, request: pytest.FixtureRequest) -> bytes:
    """A new account with coins and tokens."""
    found = keccak(request.node.name.encode())
    chain.give_coins(Signer(found).address)
    chain.give(chain.usdc, Signer(found).address, 10**12)
    return found


def test_the_market_maker(chain: LocalChain, tmp_path: Path, key: bytes) -> None:
    with http_venue(lambda *_: (200, json.loads(chain.config.model_dump_json()))) as venue:
        start = Start(chain, venue, tmp_path, key)
        bids: list[SignedBid] = []
        for number in (101, 102):
            auction = chain.auction(number, chain.weth, 10**18, chain.usdc)
            with start.running("solvers.market_maker") as http:
                answer = http.post("/bids", content=BidRequest(auctions=(auction,)).model_dump_json())
                bids += BidResponse.model_validate_json(answer.content).bids
            assert chain.fill(auction, bids[-1]) == bids[-1].bid.legs[0].amount_out
        assert bids[0].bid.executor == bids[1].bid.executor, "the second start deployed nothing"
    info = chain.registry.functions.solverInfo(start.solver.checksum).call()
    assert info[2] == f"http://127.0.0.1:{start.port}/bids"
    _says_nothing_secret(start, key)


def test_the_pool_router(chain: LocalChain, tmp_path: Path, key: bytes) -> None:
    auction = chain.auction(201, chain.weth, 10**18, chain.usdc)
    heard: list[ClientMessage] = []
    own = str(Signer(key).address)
    known = {"address": own, "signing_key": own, "active": True, "asked_over": "stream"}
    missing = {"type": "", "title": "", "status": 404, "code": "not_found", "detail": "no such solver"}
    answers = [(404, missing), (200, known | {"active": False}), (200, known)]

    def script(peer: Peer) -> None:
        assert not answers, "it does not knock before the venue knows it"
        peer.hello()
        peer.accept(peer.hear())
        peer.accept(peer.hear())
        body = json.loads(auction.model_dump_json(exclude={"auction_id", "server_time", "ms_left"}))
        clock = {"server_time": auction.server_time, "ms_left": auction.ms_left}
        peer.event("1-1", "auction.opened", auction_id=str(auction.auction_id), data=body, **clock)
        heard.append(peer.hear())
        peer.accept(heard[0])
        peer.wait_closed()

    with stream_venue(script) as url:
        config = chain.config.model_copy(update={"stream_url": url})
        told = json.loads(config.model_dump_json())
        with http_venue(lambda _, path: answers.pop(0) if "/solvers/" in path else (200, told)) as venue:
            start = Start(chain, venue, tmp_path, key)
            with start.running("solvers.pool_router"):
                for _ in range(400):
                    if heard:
                        break
                    time.sleep(0.05)
    (placed,) = heard
    assert isinstance(placed, PlaceBid)
    assert chain.fill(auction, placed.signed_bid) == placed.signed_bid.bid.legs[0].amount_out
    _says_nothing_secret(start, key)


def test_what_is_missing_is_named_and_exits_with_2(chain: LocalChain, tmp_path: Path, key: bytes) -> None:
    with http_venue(lambda *_: (200, json.loads(chain.config.model_dump_json()))) as venue:
        start = Start(chain, venue, tmp_path, key)
        (tmp_path / "markets.json").unlink()
        command = [sys.executable, "-m", "solvers.market_maker"]
        done = subprocess.run(command, env=start.environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "MARKETS_FILE: No such file or directory" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("module", ["solvers.market_maker", "solvers.pool_router"])
def test_a_port_that_is_taken_is_named_and_exits_with_2(
    chain: LocalChain, tmp_path: Path, key: bytes, module: str
) -> None:
    told = json.loads(chain.config.model_dump_json())
    own = str(Signer(key).address)
    known = {"address": own, "signing_key": own, "active": True, "asked_over": "stream"}
    with (
        http_venue(lambda _, path: (200, known if "/solvers/" in path else told)) as venue,
        socket.create_server(("127.0.0.1", 0)) as taken,
    ):
        start = Start(chain, venue, tmp_path, key)
        port = taken.getsockname()[1]
        command, env = [sys.executable, "-m", module], start.environment | {"LISTEN_PORT": str(port)}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    said = f"LISTEN_HOST, LISTEN_PORT: 127.0.0.1:{port}: Address already in use; expected an address of this machine"
    assert done.stderr.splitlines()[-1].startswith(said)
    assert "Traceback" not in done.stderr


def test_an_endpoint_that_does_not_answer_is_not_spelt_out(chain: LocalChain, tmp_path: Path, key: bytes) -> None:
    with http_venue(lambda *_: (200, json.loads(chain.config.model_dump_json()))) as venue:
        start = Start(chain, venue, tmp_path, key)
        start.environment |= {"RPC_URL": "http://127.0.0.1:9/api-key-of-ours", "START_TIMEOUT_S": "1"}
        command = [sys.executable, "-m", "solvers.pool_router"]
        done = subprocess.run(command, env=start.environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "RPC_URL" in done.stderr
    assert "api-key-of-ours" not in done.stderr


def _says_nothing_secret(start: Start, key: bytes) -> None:
    lines = start.log.read_text().splitlines()
    assert any("auction.answered" in line and "bid=yes" in line for line in lines), lines
    assert not any(key.hex() in line for line in lines)
    assert all(line[:4].isdigit() for line in lines), "one line each, none without its time"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
