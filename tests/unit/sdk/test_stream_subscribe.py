"""More is followed on a stream that is open: from a cursor on, as a solver, or refused. Each event comes once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from intendly_sdk.async_stream import AsyncStreamClient
from intendly_sdk.errors import ApiError, NetworkError
from intendly_sdk.stream_messages import Login, Subscribe

from tests.unit.sdk import samples
from tests.unit.sdk.venue import Peer, stream_venue

SWAPPER, OTHER = samples.SWAPPER.address, samples.SOLVER.address


def asked(peer: Peer) -> Subscribe:
    """The next request, which subscribes."""
    request = peer.hear()
    assert isinstance(request, Subscribe)
    return request


def subscribed(peer: Peer, cursor: str = "1-0") -> Subscribe:
    peer.hello(cursor)
    peer.accept(request := asked(peer))
    return request


def opened(peer: Peer, number: int, auction: int, ms_left: int = 20_000) -> None:
    one = samples.auction(number=auction, ms_left=ms_left)
    data = json.loads(one.model_dump_json(exclude={"auction_id", "server_time", "ms_left"}))
    clock = {"server_time": one.server_time, "ms_left": ms_left}
    peer.event(f"1-{number}", "auction.opened", auction_id=str(one.auction_id), data=data, **clock)


async def numbers(stream: AsyncStreamClient, count: int) -> list[int]:
    """Of the next `count` events, and there is none behind them."""
    told: list[int] = []
    for _ in range(count):
        event = await stream.next_event(timeout=10)
        assert event is not None, f"only {told} were told"
        told.append(int(event.cursor.split("-")[1]))
    assert await stream.next_event(timeout=0.05) is None
    return told


async def arrived(stream: AsyncStreamClient, count: int) -> None:
    """So many events wait to be taken."""
    connection = stream._connection
    assert connection is not None
    while len(connection._events) < count:
        await asyncio.sleep(0.01)


def test_after_begins_behind_its_cursor_though_newer_events_wait_to_be_taken() -> None:
    def script(peer: Peer) -> None:
        subscribed(peer, "1-60")
        for number in (61, 62, 63):
            peer.event(f"1-{number}")
        more = asked(peer)
        assert (more.after, more.swappers) == ("1-50", (SWAPPER, OTHER)), "all of it is told from there on"
        peer.event("1-64")
        peer.accept(more)
        for number in range(51, 66):
            peer.event(f"1-{number}")
        peer.wait_closed()

    async def main(url: str) -> None:
        async with AsyncStreamClient(url) as stream:
            await stream.subscribe(swappers=(SWAPPER,))
            assert await stream.next_event(10) is not None
            assert stream.cursor == "1-61"
            await arrived(stream, 2)
            await stream.subscribe(swappers=(OTHER,), after="1-50")
            assert await numbers(stream, 15) == list(range(51, 66))

    with stream_venue(script) as url:
        asyncio.run(main(url))


def test_what_waits_to_be_taken_from_before_after_is_told_first() -> None:
    def script(peer: Peer) -> None:
        subscribed(peer, "1-50")
        for number in range(51, 58):
            peer.event(f"1-{number}")
        peer.accept(asked(peer))
        for number in range(54, 59):
            peer.event(f"1-{number}")
        peer.wait_closed()

    async def main(url: str) -> None:
        async with AsyncStreamClient(url) as stream:
            await stream.subscribe(swappers=(SWAPPER,))
            await arrived(stream, 7)
            await stream.subscribe(swappers=(OTHER,), after="1-53")
            assert await numbers(stream, 8) == list(range(51, 59))

    with stream_venue(script) as url:
        asyncio.run(main(url))


def test_an_open_auction_is_handed_out_once_whatever_is_followed_besides() -> None:
    requests: list[Subscribe] = []

    def script(peer: Peer) -> None:
        requests.append(subscribed(peer, "1-9"))
        opened(peer, 5, auction=1)
        for _ in range(2):
            requests.append(more := asked(peer))
            peer.accept(more)
            if more.solver:  # as the venue does for who asks as a solver without a cursor
                opened(peer, 5, auction=1)
        opened(peer, 10, auction=2)
        opened(peer, 5, auction=1)
        peer.wait_closed()

    async def main(url: str) -> None:
        async with AsyncStreamClient(url) as stream:
            await stream.subscribe(solver=True)
            await stream.subscribe(swappers=(SWAPPER,))
            await stream.subscribe(solver=True, auctions=True)
            assert await numbers(stream, 2) == [5, 10]

    with stream_venue(script) as url:
        asyncio.run(main(url))
    assert [(one.solver, one.auctions, one.swappers) for one in requests] == [
        (True, False, ()),
        (False, False, (SWAPPER,)),
        (False, True, ()),
    ]


@pytest.mark.parametrize(("status", "code", "after"), [(422, "invalid_request", "soon"), (401, "login_required", None)])
def test_a_first_subscription_that_is_refused_leaves_the_client_as_it_was(
    status: int, code: str, after: str | None
) -> None:
    def refused(peer: Peer) -> None:
        peer.hello("1-3")
        text = json.loads(peer._socket.recv(timeout=5))  # its cursor may be none
        peer.refuse(Subscribe(id=text["id"]), status, code)
        peer.wait_closed()

    def script(peer: Peer) -> None:
        request = subscribed(peer, "1-3")
        assert (request.solver, request.after, request.swappers) == (False, None, (SWAPPER,))
        peer.event("1-4")
        peer.wait_closed()

    async def main(url: str) -> None:
        async with AsyncStreamClient(url) as stream:
            with pytest.raises(ApiError, match=code):
                await stream.subscribe(solver=code == "login_required", after=after)
            assert stream.cursor is None
            await stream.subscribe(swappers=(SWAPPER,))
            assert await numbers(stream, 1) == [4]

    with stream_venue(refused, script) as url:
        asyncio.run(main(url))


def test_a_later_one_that_is_refused_loses_nothing_and_its_cursor_is_not_kept() -> None:
    def first(peer: Peer) -> None:
        subscribed(peer, "1-3")
        for number in (4, 5):
            peer.event(f"1-{number}")
        text = json.loads(peer._socket.recv(timeout=5))
        peer.refuse(Subscribe(id=text["id"]), 422, "invalid_request")
        peer.event("1-6")
        peer.drop()

    def second(peer: Peer) -> None:
        request = subscribed(peer, "1-9")
        assert (request.after, request.swappers) == ("1-6", (SWAPPER,))
        peer.event("1-7")
        peer.wait_closed()

    async def main(url: str) -> None:
        async with AsyncStreamClient(url) as stream:
            await stream.subscribe(swappers=(SWAPPER,))
            await arrived(stream, 2)
            with pytest.raises(ApiError, match="invalid_request"):
                await stream.subscribe(swappers=(OTHER,), after="soon")
            assert await numbers(stream, 4) == [4, 5, 6, 7]

    with stream_venue(first, second) as url:
        asyncio.run(main(url))


def test_one_that_was_kept_and_is_refused_later_is_told_once_and_forgotten() -> None:
    def broken(peer: Peer) -> None:
        peer.drop()

    def refused(peer: Peer) -> None:
        peer.hello("1-3")
        text = json.loads(peer._socket.recv(timeout=5))
        assert text["after"] == "soon", "it was kept"
        peer.refuse(Subscribe(id=text["id"]), 422, "invalid_request")
        peer.wait_closed()

    def script(peer: Peer) -> None:
        assert subscribed(peer, "1-3").after is None
        peer.event("1-4")
        peer.wait_closed()

    async def main(url: str) -> None:
        async with AsyncStreamClient(url) as stream:
            with pytest.raises(NetworkError):
                await stream.subscribe(after="soon")
            with pytest.raises(ApiError, match="invalid_request"):
                await stream.next_event(timeout=10)
            await stream.subscribe(swappers=(SWAPPER,))
            assert await numbers(stream, 1) == [4]

    with stream_venue(broken, refused, script) as url:
        asyncio.run(main(url))


@pytest.mark.parametrize("after", [None, "1-2"])
def test_one_that_the_line_breaks_off_is_asked_for_on_the_next(after: str | None) -> None:
    def first(peer: Peer) -> None:
        subscribed(peer, "1-3")
        peer.event("1-4")
        asked(peer)
        peer.drop()

    def second(peer: Peer) -> None:
        request = subscribed(peer, "1-9")
        assert (request.after, request.swappers) == (after or "1-4", (SWAPPER, OTHER))
        for number in range(3, 6):
            peer.event(f"1-{number}")
        peer.wait_closed()

    async def main(url: str) -> None:
        async with AsyncStreamClient(url) as stream:
            await stream.subscribe(swappers=(SWAPPER,))
            await arrived(stream, 1)
            with pytest.raises(NetworkError):
                await stream.subscribe(swappers=(OTHER,), after=after)
            assert await numbers(stream, 3 if after else 2) == ([3, 4, 5] if after else [4, 5])

    with stream_venue(first, second) as url:
        asyncio.run(main(url))


def login(peer: Peer, answer: Callable[[Peer, Login], None]) -> Login:
    request = peer.hear()
    assert isinstance(request, Login)
    answer(peer, request)
    return request


def test_a_new_key_logs_in_from_when_the_venue_knows_it() -> None:
    new = samples.SWAPPER
    signatures: list[bytes] = []

    def takes_the_old_one(peer: Peer) -> None:
        peer.hello()
        signatures.append(login(peer, Peer.accept).signature)
        peer.accept(asked(peer))
        peer.event("1-1")
        peer.drop()

    def knows_the_new_one(peer: Peer) -> None:
        peer.hello()
        signatures.append(login(peer, lambda _, it: peer.refuse(it, 401, "login_invalid")).signature)
        signatures.append(login(peer, Peer.accept).signature)
        peer.accept(asked(peer))
        peer.event("1-2")
        peer.drop()

    def is_asked_by_it_alone(peer: Peer) -> None:
        peer.hello()
        signatures.append(login(peer, Peer.accept).signature)
        peer.accept(asked(peer))
        peer.event("1-3")
        peer.wait_closed()

    async def main(url: str) -> None:
        async with AsyncStreamClient(url, signer=samples.SOLVER, domain=samples.DOMAIN) as stream:
            stream.use_signer(new)
            await stream.subscribe(solver=True)
            assert await numbers(stream, 3) == [1, 2, 3]
            assert stream.signers == (new,)
        with pytest.raises(ValueError, match="both a signer"):
            AsyncStreamClient(url).use_signer(new)

    with stream_venue(takes_the_old_one, knows_the_new_one, is_asked_by_it_alone) as url:
        asyncio.run(main(url))
    old_first, old_again, by_new, by_new_again = signatures
    assert old_first == old_again != by_new == by_new_again
