"""Fifty solvers over HTTP, of which ten hang, ten lie and ten are slow: they delay no auction and cost no good bid.

Judged by the database's own times: of the roster's answers and of the close.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, suppress

import pytest
from intendly_sdk.messages import BidRequest, BidResponse, SignedBid
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import Signer

from intendly.adapters.asking import endpoint
from intendly.adapters.asking.endpoint import FAILURES
from intendly.adapters.asking.line import ANSWER_MAX_BYTES
from intendly.adapters.asking.solvers import HttpSolvers
from intendly.adapters.db.asks import AskStore
from intendly.services.collect_bids import CollectBids
from tests.integration.asking.test_http_solvers import wait_for_what_hangs
from tests.integration.auction.desk import Desk
from tests.integration.web.world import DEPLOYMENT, signed_bid

pytestmark = pytest.mark.integration

LIMIT_MS, WINDOW_MS = 1_500, 10_000
AUCTIONS = 3
OTHERS_AUCTION = Hash32(b"\x99" * 32)
Write = asyncio.StreamWriter
Behaviour = Callable[["Stranger", BidRequest, Write], Awaitable[None]]


def _bids(stranger: Stranger, request: BidRequest, **changes: object) -> tuple[SignedBid, ...]:
    """A bid in each auction, the solvers' in the order of their numbers: the last of the good ones pays most."""
    terms = {"amount_out": 3_010 * 10**6 + stranger.number, **changes}
    return tuple(
        signed_bid(
            stranger.signer,
            auction.auction_id,
            auction.intents[0].intent_hash,
            auction.closes_at,
            fee=auction.intents[0].fee,
            valid_until=auction.closes_at // 1000 + 2,
            **terms,  # type: ignore[arg-type]
        )
        for auction in request.auctions
    )


def _send(write: Write, body: bytes, status: str = "200 OK", *headers: str) -> None:
    head = "\r\n".join((f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""))
    write.write(head.encode() + body)


async def good(stranger: Stranger, request: BidRequest, write: Write) -> None:
    _send(write, BidResponse(bids=_bids(stranger, request)).model_dump_json().encode())


async def slow(stranger: Stranger, request: BidRequest, write: Write) -> None:
    await asyncio.sleep(2 * LIMIT_MS / 1000)
    await good(stranger, request, write)


async def hang(_stranger: Stranger, _request: BidRequest, _write: Write) -> None:
    await asyncio.sleep(3_600)


async def drip(_stranger: Stranger, _request: BidRequest, write: Write) -> None:
    write.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:
        write.write(b" ")
        await asyncio.sleep(1)


async def not_json(_stranger: Stranger, _request: BidRequest, write: Write) -> None:
    _send(write, b'{"bids": [{')


async def signed_by_another(stranger: Stranger, request: BidRequest, write: Write) -> None:
    _send(write, BidResponse(bids=_bids(stranger, request, signer=Signer(b"\x77" * 32))).model_dump_json().encode())


async def in_anothers_auction(stranger: Stranger, request: BidRequest, write: Write) -> None:
    wrong = request.model_copy(
        update={"auctions": tuple(one.model_copy(update={"auction_id": OTHERS_AUCTION}) for one in request.auctions)}
    )
    _send(write, BidResponse(bids=_bids(stranger, wrong)).model_dump_json().encode())


async def huge(_stranger: Stranger, _request: BidRequest, write: Write) -> None:
    _send(write, b" " * (4 * ANSWER_MAX_BYTES))


async def redirect(_stranger: Stranger, _request: BidRequest, write: Write) -> None:
    _send(write, b"", "307 Temporary Redirect", "location: http://127.0.0.1:1/")


BEHAVIOURS: tuple[Behaviour, ...] = (
    *[hang] * 5,
    *[drip] * 5,
    *[not_json, signed_by_another, in_anothers_auction, huge, redirect] * 2,
    *[slow] * 10,
    *[good] * 20,
)
FAILS_TO_ANSWER: tuple[Behaviour, ...] = (hang, drip, not_json, huge, redirect, slow)
TOLD: dict[Behaviour, str] = {
    **dict.fromkeys(FAILS_TO_ANSWER, "failed"),
    signed_by_another: "failed",
    in_anothers_auction: "declined",
    good: "bid",
}


class Stranger:
    """One solver with a server of its own."""

    def __init__(self, number: int, behaviour: Behaviour) -> None:
        self.number = number
        self.signer = Signer(bytes([number + 1]) * 32)
        self.behaviour = behaviour
        self.requests = 0
        self.url = ""

    async def listen(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/bids"

    async def _serve(self, read: asyncio.StreamReader, write: Write) -> None:
        with suppress(EOFError, OSError, asyncio.CancelledError):
            while head := await read.readuntil(b"\r\n\r\n"):
                fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
                request = BidRequest.model_validate_json(await read.readexactly(int(fields[b"content-length"])))
                self.requests += 1
                await self.behaviour(self, request, write)
                await write.drain()
        write.close()
        with suppress(OSError):
            await write.wait_closed()


@pytest.fixture
def strangers() -> Iterator[list[Stranger]]:
    """All fifty, served by one thread."""
    found = [Stranger(number, behaviour) for number, behaviour in enumerate(BEHAVIOURS)]
    loop = asyncio.new_event_loop()

    async def listen() -> None:
        for stranger in found:
            await stranger.listen()

    loop.run_until_complete(listen())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield found
    asyncio.run_coroutine_threadsafe(_end_all(found), loop)
    thread.join(10)
    loop.close()


async def _end_all(strangers: list[Stranger]) -> None:
    """The servers, whatever they serve, and then the loop."""
    for stranger in strangers:
        stranger.server.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    asyncio.get_running_loop().stop()


@pytest.fixture
def desk(database_url: str, strangers: list[Stranger]) -> Iterator[Desk]:
    with closing(Desk(database_url)) as one:
        one.rows.seed(*(stranger.signer for stranger in strangers))
        one.set_block_time()
        for stranger in strangers:
            one.rows.run(
                "UPDATE solvers SET endpoint = %s WHERE address = %s", stranger.url, bytes(stranger.signer.address)
            )
        yield one


def test_fifty_of_which_ten_hang_ten_lie_and_ten_are_slow(
    desk: Desk, strangers: list[Stranger], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "PAUSE_S", 60.0)  # no trial falls into this test
    solvers = HttpSolvers(timeout_ms=LIMIT_MS, allow_private=True)
    desk.closing.callback(solvers.close)
    tick = CollectBids(AskStore(desk.database, DEPLOYMENT), solvers, desk.bids, timeout_ms=LIMIT_MS)
    behaviours = {stranger.signer.address: stranger.behaviour for stranger in strangers}
    best = max((one for one in strangers if one.behaviour is good), key=lambda one: one.number)

    for round_ in range(FAILURES + 1):
        desk.accept(AUCTIONS)
        desk.opener(window_ms=WINDOW_MS).run()
        wait_for_what_hangs(solvers)
        before = {stranger.number: stranger.requests for stranger in strangers}
        assert tick.run() == len(strangers)

        answers, latest_good, earliest_failed = _answers(desk, behaviours)
        assert answers == {address: {TOLD[behaviour]} for address, behaviour in behaviours.items()}
        waited = desk.rows.one("SELECT max(closes_at - opened_at) < %s * interval '1 ms' FROM auctions", LIMIT_MS)
        asked = {stranger.number for stranger in strangers if stranger.requests > before[stranger.number]}
        if round_ < FAILURES:
            # The good are in while the others are waited for, until the limit and not until the window's end.
            assert not waited
            assert latest_good < earliest_failed
            assert len(asked) == len(strangers)
        else:
            # Those that failed are not asked any more, so nobody is waited for.
            assert waited
            assert asked == {one.number for one in strangers if one.behaviour not in FAILS_TO_ANSWER}
        early = "SELECT bool_and(closes_at < opened_at + %s * interval '1 ms') FROM auctions WHERE state = 'open'"
        assert desk.rows.one(early, WINDOW_MS // 2)
        assert desk.closer().run() == AUCTIONS
        winners = desk.rows.run("SELECT DISTINCT b.solver FROM auctions a JOIN bids b ON b.hash = a.winner")
        assert [Address(bytes(solver)) for (solver,) in winners] == [best.signer.address]
        assert desk.rows.count("bids") == 20 * AUCTIONS
        _forget(desk)


def _answers(desk: Desk, behaviours: dict[Address, Behaviour]) -> tuple[dict[Address, set[str]], float, float]:
    """What each is noted with in these auctions, when the last good bid was in, and when the first hanging one failed.

    Seconds from the opening of the auction.
    """
    rows = desk.rows.run(
        "SELECT r.solver, r.answer, extract(epoch FROM r.answered_at - a.opened_at)::float8"
        " FROM auction_solvers r JOIN auctions a ON a.id = r.auction_id WHERE r.answered_at < a.closes_at + '1 ms'"
    )
    assert len(rows) == len(behaviours) * AUCTIONS
    told: dict[Address, set[str]] = {}
    good_at, hung_at = [], []
    for address, answer, at in rows:
        solver = Address(bytes(address))
        told.setdefault(solver, set()).add(answer)
        if behaviours[solver] is good:
            good_at.append(at)
        elif behaviours[solver] in (hang, drip, slow):
            hung_at.append(at)
    return told, max(good_at), min(hung_at)


def _forget(desk: Desk) -> None:
    desk.rows.run("TRUNCATE intents, auctions, auction_intents, auction_solvers, bids, bid_legs, awards CASCADE")
