"""The stream on asyncio, and what both faces share: typed ends, heartbeats, bounds, a clean stop."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import threading
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

import pytest
from intendly_sdk import stream_connection
from intendly_sdk.async_stream import AsyncStreamClient
from intendly_sdk.errors import (
    ApiError,
    CloseReason,
    CursorGoneError,
    NetworkError,
    StreamClosedError,
    UnavailableError,
)
from intendly_sdk.stream import StreamClient
from intendly_sdk.stream_connection import BURST, QUEUE_MAX, StreamConnection, _Pace
from intendly_sdk.stream_messages import Hello, Login, PlaceBid, Reply, Subscribe
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from tests.unit.sdk import samples
from tests.unit.sdk.fixed_solver import FixedSolver, offer
from tests.unit.sdk.venue import CHALLENGE, Peer, stream_venue


def subscribed(peer: Peer, cursor: str = "1-0") -> Subscribe:
    """Accept logins, until a subscription."""
    peer.hello(cursor)
    while not isinstance(request := peer.hear(), Subscribe):
        assert isinstance(request, Login)
        peer.accept(request)
    peer.accept(request)
    return request


def ending(peer: Peer, code: int, why: str = "") -> None:
    """Close with a code."""
    peer._socket.close(code, why)


def run(main: Coroutine[Any, Any, None]) -> None:
    """The coroutine leaves no task behind."""

    async def checked() -> None:
        await main
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(checked())


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it; a hang is ended by the test's time limit."""
    while not condition():
        await asyncio.sleep(0.01)


async def cursors(stream: AsyncStreamClient, count: int) -> list[str]:
    """Of the next `count` events."""
    told: list[str] = []
    async for event in stream.events():
        told.append(event.cursor)
        if len(told) == count:
            break
    return told


def test_events_come_in_order_and_once_also_over_a_lost_line() -> None:
    heard: list[Subscribe] = []

    def first(peer: Peer) -> None:
        assert subscribed(peer).after is None
        for cursor in ("1-1", "1-2", "1-2"):
            peer.event(cursor)
        peer.drop()

    def second(peer: Peer) -> None:
        heard.append(subscribed(peer, "1-9"))
        for cursor in ("1-2", "1-3"):
            peer.event(cursor)
        peer.wait_closed()

    async def main(url: str) -> None:
        async with AsyncStreamClient(url) as stream:
            await stream.subscribe(swappers=(samples.SWAPPER.address,))
            assert await cursors(stream, 3) == ["1-1", "1-2", "1-3"]
            assert stream.cursor == "1-3"
            assert await stream.next_event(timeout=0.02) is None

    with stream_venue(first, second) as url:
        run(main(url))
    assert [(one.after, one.swappers) for one in heard] == [("1-2", (samples.SWAPPER.address,))]


def test_stop_ends_who_waits_on_either_face() -> None:
    over = threading.Event()

    def script(peer: Peer) -> None:
        subscribed(peer)
        over.wait(60)

    async def main(url: str) -> None:
        stream = AsyncStreamClient(url)
        await stream.subscribe(auctions=True)
        waiting = asyncio.create_task(stream.next_event())
        await until(lambda: stream._connection is not None and stream._connection._more is not None)
        stream.stop()
        assert await asyncio.wait_for(waiting, 30) is None
        over.set()
        await stream.close()

    with stream_venue(script, script) as url:
        run(main(url))
        over.clear()
        with StreamClient(url) as client:
            client.subscribe(auctions=True)
            told: list[object] = []
            waiting = threading.Thread(target=lambda: told.extend([*client.events(), client.next_event(timeout=250)]))
            waiting.start()
            client.stop()
            waiting.join(30)
            assert told == [None]
            over.set()
        assert not [one.name for one in threading.enumerate() if one.name.startswith("intendly")]
        with pytest.raises(NetworkError, match="closed"):
            client.subscribe(auctions=True)


def test_stop_ends_a_connect_that_hangs() -> None:
    is_open = threading.Event()

    def silent(peer: Peer) -> None:
        is_open.set()
        peer.wait_closed()

    async def main(url: str) -> None:
        stream = AsyncStreamClient(url, open_timeout=250)
        waiting = asyncio.create_task(stream.subscribe(auctions=True))
        await until(is_open.is_set)
        await stream.close()
        with pytest.raises(NetworkError, match="stopped"):
            await waiting

    with stream_venue(silent) as url:
        run(main(url))


def test_a_wait_that_is_cancelled_loses_no_event() -> None:
    go_on = threading.Event()

    def script(peer: Peer) -> None:
        subscribed(peer)
        go_on.wait(10)
        for number in range(1, 4):
            peer.event(f"1-{number}")
        peer.wait_closed()

    async def main(url: str) -> None:
        async with AsyncStreamClient(url) as stream:
            await stream.subscribe(auctions=True)
            waiting = asyncio.create_task(stream.next_event())
            await until(lambda: stream._connection is not None and stream._connection._more is not None)
            waiting.cancel()
            go_on.set()
            assert await cursors(stream, 3) == ["1-1", "1-2", "1-3"]

    with stream_venue(script) as url:
        run(main(url))


@pytest.mark.parametrize(
    ("code", "reason", "resumes"),
    [
        (1001, CloseReason.GOING_AWAY, True),
        (1008, CloseReason.POLICY, False),
        (1009, CloseReason.TOO_BIG, False),
        (1011, CloseReason.LOST, True),
        (1013, CloseReason.TRY_AGAIN, True),
        (4401, CloseReason.LOG_IN_AGAIN, True),
        (4408, CloseReason.TOO_SLOW, True),
        (4999, CloseReason.OTHER, True),
        (None, CloseReason.LOST, True),
    ],
)
def test_the_end_of_a_connection_says_why_and_whether_to_go_on(
    code: int | None, reason: CloseReason, resumes: bool
) -> None:
    def script(peer: Peer) -> None:
        subscribed(peer)
        if code is None:
            peer.drop()
        else:
            ending(peer, code, "because")

    with stream_venue(script) as url, StreamClient(url, reconnect=False) as stream:
        stream.subscribe(auctions=True)
        with pytest.raises(StreamClosedError) as closed:
            stream.next_event(timeout=10)
    assert (closed.value.code, closed.value.reason, closed.value.resumes) == (code, reason, resumes)
    assert code is None or closed.value.detail == "because"


@pytest.mark.parametrize("code", [1001, 1013, 4401, 4408, 4999])
def test_after_a_close_that_resumes_it_logs_in_anew_and_goes_on(code: int) -> None:
    logins: list[Login] = []

    def logged_in(peer: Peer) -> Subscribe:
        peer.hello()
        login, request = peer.hear(), None
        assert isinstance(login, Login)
        logins.append(login)
        peer.accept(login)
        request = peer.hear()
        assert isinstance(request, Subscribe)
        peer.accept(request)
        return request

    def first(peer: Peer) -> None:
        logged_in(peer)
        peer.event("1-1")
        ending(peer, code)

    def second(peer: Peer) -> None:
        assert logged_in(peer).after == "1-1"
        peer.event("1-2")
        peer.wait_closed()

    with (
        stream_venue(first, second) as url,
        StreamClient(url, signer=samples.SOLVER, domain=samples.DOMAIN) as stream,
    ):
        stream.subscribe(solver=True)
        events = stream.events()
        assert [next(events).cursor for _ in range(2)] == ["1-1", "1-2"]
    assert len(logins) == 2


def test_a_close_that_does_not_resume_is_raised_and_the_next_call_goes_on() -> None:
    def first(peer: Peer) -> None:
        subscribed(peer)
        peer.event("1-1")
        ending(peer, 1008, "too many messages")

    def second(peer: Peer) -> None:
        assert subscribed(peer).after == "1-1"
        peer.event("1-2")
        peer.wait_closed()

    with stream_venue(first, second) as url, StreamClient(url) as stream:
        stream.subscribe(auctions=True)
        assert stream.next_event(timeout=10) is not None, "what came before the close is told first"
        with pytest.raises(StreamClosedError, match="too many messages"):
            stream.next_event(timeout=10)
        event = stream.next_event(timeout=10)
        assert event is not None
        assert event.cursor == "1-2"


def test_what_a_newer_venue_says_more_breaks_nothing() -> None:
    def script(peer: Peer) -> None:
        hello = Hello(challenge=CHALLENGE, cursor="1-0", server_time=samples.NOW * 1000)
        peer.send(json.dumps({**json.loads(hello.model_dump_json()), "region": "eu"}))
        request = peer.hear()
        peer.send(json.dumps({"type": "reply", "id": request.id, "ok": True, "result": {}, "took_ms": 3}))
        peer.send(json.dumps({"type": "reply", "id": 77, "ok": True}))
        peer.send(json.dumps({"type": "weather", "sun": True}))
        peer._socket.send(b"\xff\xfe", text=True)
        peer.event("1-1", "solver.teleported", solver=str(samples.SOLVER.address))
        peer.event("1-2", "solver.changed", solver=str(samples.SOLVER.address), data={"active": False}, more=[1])
        peer.wait_closed()

    with stream_venue(script) as url, StreamClient(url) as stream:
        stream.subscribe(auctions=True)
        event = stream.next_event(timeout=10)
        assert event is not None
        assert (event.cursor, event.kind.value, event.data) == ("1-2", "solver.changed", {"active": False})


def test_a_consumer_that_is_slow_stops_the_reading_and_replies_come_all_the_same() -> None:
    count = 4 * QUEUE_MAX

    def script(peer: Peer) -> None:
        subscribed(peer)
        for number in range(1, count + 1):
            peer.event(f"1-{number}")
        request = peer.hear()
        assert isinstance(request, PlaceBid)
        peer.refuse(request, 409, "auction_closed")
        peer.wait_closed()

    signed = FixedSolver(offer()).answer(samples.auction())
    assert signed is not None

    async def main(url: str) -> None:
        async with AsyncStreamClient(url) as stream:
            await stream.subscribe(auctions=True)
            connection = stream._connection
            assert connection is not None
            await until(lambda: not connection._room.is_set() and len(connection._events) >= QUEUE_MAX)
            assert len(connection._events) == QUEUE_MAX
            for number in range(1, 11):
                event = await stream.next_event()
                assert event is not None
                assert event.cursor == f"1-{number}"
            await until(lambda: len(connection._events) >= QUEUE_MAX)
            assert len(connection._events) == QUEUE_MAX
            with pytest.raises(ApiError) as refused:
                await stream.bid(signed)
            assert refused.value.code == "auction_closed"
            assert await cursors(stream, count - 10) == [f"1-{number}" for number in range(11, count + 1)]

    with stream_venue(script) as url:
        run(main(url))


def test_no_more_messages_are_sent_than_the_venue_takes() -> None:
    async def main() -> None:
        pace = _Pace()
        turns = [asyncio.create_task(pace.turn()) for _ in range(3 * BURST)]
        await asyncio.sleep(0)
        went = sum(turn.done() for turn in turns)
        for turn in turns:
            turn.cancel()
        await asyncio.gather(*turns, return_exceptions=True)
        assert BURST <= went < 2 * BURST

    run(main())


def test_a_cursor_that_is_gone_on_an_open_connection_is_told_and_then_followed() -> None:
    over = threading.Event()

    def first(peer: Peer) -> None:
        subscribed(peer)
        peer.refuse(peer.hear(), 410, "cursor_gone")
        over.wait(60)

    def second(peer: Peer) -> None:
        assert subscribed(peer, "2-3").after is None
        peer.event("2-4")
        peer.wait_closed()

    with stream_venue(first, second) as url, StreamClient(url) as stream:
        stream.subscribe(auctions=True)
        with pytest.raises(CursorGoneError):
            stream.subscribe(solver=True, after="1-500")
        event = stream.next_event(timeout=30)
        over.set()
        assert event is not None
        assert event.cursor == "2-4"


def test_a_subscription_that_is_refused_is_not_asked_for_again() -> None:
    heard: list[Subscribe] = []

    def first(peer: Peer) -> None:
        subscribed(peer)
        peer.refuse(peer.hear(), 422, "too_many_topics")
        peer.drop()

    def second(peer: Peer) -> None:
        heard.append(subscribed(peer))
        peer.event("1-1")
        peer.wait_closed()

    with stream_venue(first, second) as url, StreamClient(url) as stream:
        stream.subscribe(auctions=True)
        with pytest.raises(ApiError) as refused:
            stream.subscribe(swappers=(samples.SWAPPER.address,))
        assert refused.value.code == "too_many_topics"
        assert stream.next_event(timeout=10) is not None
    assert heard[0].swappers == ()


def test_a_server_that_is_full_is_a_typed_error_and_tried_again() -> None:
    problem = {"type": "about:blank", "title": "full", "status": 503, "code": "stream_full", "detail": "try another"}
    answers = iter([HTTPStatus.SERVICE_UNAVAILABLE])

    def full(_: ServerConnection, __: Request) -> Response | None:
        status = next(answers, None)
        if status is None:
            return None
        body = json.dumps(problem).encode()
        headers = Headers({"Retry-After": "2", "Content-Length": str(len(body))})
        return Response(status.value, status.phrase, headers, body)

    def handler(socket: ServerConnection) -> None:
        subscribed(Peer(socket))
        Peer(socket).event("1-1")
        Peer(socket).wait_closed()

    server = serve(handler, "127.0.0.1", 0, process_request=full, close_timeout=0.2)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with StreamClient(f"ws://127.0.0.1:{server.socket.getsockname()[1]}") as stream:
            with pytest.raises(UnavailableError) as refused:
                stream.subscribe(auctions=True)
            assert (refused.value.code, refused.value.retry_after) == ("stream_full", 2.0)
            assert stream.next_event(timeout=10) is not None
    finally:
        server.shutdown()
        thread.join(5)


def test_a_line_that_is_dead_without_a_word_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert stream_connection.PING_EVERY_S + stream_connection.PONG_WITHIN_S <= 30
    monkeypatch.setattr(stream_connection, "PING_EVERY_S", 0.05)
    monkeypatch.setattr(stream_connection, "PONG_WITHIN_S", 0.05)
    monkeypatch.setattr(stream_connection, "CLOSE_WITHIN_S", 0.05)

    async def dead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Shakes hands, says hello, and is never heard of again."""
        asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.split(": ")[1] for line in asked.split("\r\n") if line.lower().startswith("sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest())  # noqa: S324
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        hello = Hello(challenge=CHALLENGE, cursor="1-0", server_time=0).model_dump_json().encode()
        writer.write(bytes([0x81, 126]) + len(hello).to_bytes(2, "big") + hello)
        await gone.wait()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(dead, "127.0.0.1", 0)
        connection = await StreamConnection.open(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await connection.more()
        with pytest.raises(StreamClosedError) as closed:
            connection.take()
        assert closed.value.reason is CloseReason.LOST
        await connection.close()
        gone.set()
        server.close()
        await server.wait_closed()
        await until(lambda: len(asyncio.all_tasks()) == 1)

    gone = asyncio.Event()
    run(main())


def test_the_waits_grow_while_connections_do_not_hold() -> None:
    async def main(url: str) -> None:
        async with AsyncStreamClient(url) as stream:
            waits: list[float] = []
            with pytest.raises(NetworkError):
                await stream.subscribe(auctions=True)
            for _ in range(4):
                before = stream._waits.until
                await stream.next_event(timeout=0.001)
                await until(lambda: stream._connecting is None or stream._connecting.done())
                await stream.next_event(timeout=0)
                waits.append(stream._waits.until - before)
            assert waits[-1] > waits[0]

    run(main("ws://127.0.0.1:9/api/v1/stream"))


def test_replies_are_told_to_who_goes_on() -> None:
    def script(peer: Peer) -> None:
        subscribed(peer)
        peer.accept(peer.hear())
        peer.refuse(peer.hear(), 409, "auction_closed")
        peer.wait_closed()

    signed = FixedSolver(offer()).answer(samples.auction())
    assert signed is not None
    told: list[tuple[bool, str]] = []
    came = threading.Semaphore(0)

    def on_reply(reply: Reply) -> None:
        told.append((reply.ok, reply.problem.code if reply.problem else ""))
        came.release()

    with stream_venue(script) as url, StreamClient(url) as stream:
        with pytest.raises(NetworkError, match="not connected"):
            stream.send_bid(signed, on_reply)
        stream.subscribe(auctions=True)
        for _ in range(2):
            stream.send_bid(signed, on_reply)
            assert came.acquire(timeout=10)
    assert told == [(True, ""), (False, "auction_closed")]
