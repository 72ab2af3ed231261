"""The SDK's stream on asyncio against websocket-server: no gap, a registration that changes, a server that is full."""

from __future__ import annotations

import asyncio

import pytest
from intendly_sdk.async_stream import AsyncStreamClient
from intendly_sdk.errors import UnavailableError
from intendly_sdk.messages import EventKind
from intendly_sdk.signatures import Signer

from tests.integration.stream.conftest import SOLVER, Client, Stream, change, changed, intent, opened
from tests.integration.web.world import DEPLOYMENT

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

NEW = Signer(b"\x53" * 32)


async def _numbers(client: AsyncStreamClient, count: int) -> list[int]:
    """Of the next `count` events."""
    told: list[int] = []
    while len(told) < count:
        event = await client.next_event(timeout=30)
        assert event is not None, f"only {told} were told"
        told.append(int(event.cursor.split("-")[1]))
    return told


def test_a_crowd_goes_on_after_a_kill_without_a_gap_or_a_repeat(stream: Stream) -> None:
    server = stream.serve()

    async def main() -> None:
        crowd = [AsyncStreamClient(stream.url) for _ in range(20)]
        try:
            for client in crowd:
                await client.subscribe(intents=(intent(1),))
            telling = [asyncio.create_task(_numbers(client, 450)) for client in crowd]
            for batch in range(3):
                await asyncio.to_thread(stream.publish, *(change() for _ in range(50)))
                if batch == 1:
                    for worker in server.children():
                        worker.kill()
                await asyncio.to_thread(stream.publish, *(change() for _ in range(100)))
            assert await asyncio.gather(*telling) == [list(range(1, 451))] * len(crowd)
        finally:
            await asyncio.gather(*(client.close() for client in crowd))
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_after_a_changed_registration_it_logs_in_again_and_hears_of_it(stream: Stream) -> None:
    stream.serve()

    async def main() -> None:
        async with AsyncStreamClient(stream.url, signer=SOLVER, domain=DEPLOYMENT.domain) as solver:
            await solver.subscribe(solver=True)
            gone = changed(SOLVER, SOLVER, active=False)
            await asyncio.to_thread(stream.publish, gone)
            told = await solver.next_event(timeout=30)
            assert told is not None
            assert (told.kind, told.data) == (EventKind.SOLVER_CHANGED, gone.data)
            assert solver.is_connected

    asyncio.run(main())


def test_a_key_that_was_rotated_logs_in_for_its_solver(stream: Stream) -> None:
    stream.rows.run("UPDATE solvers SET signing_key = %s WHERE address = %s", bytes(NEW.address), bytes(SOLVER.address))
    stream.serve()

    async def main() -> None:
        async with AsyncStreamClient(stream.url, signer=NEW, domain=DEPLOYMENT.domain, solver=SOLVER.address) as solver:
            await solver.subscribe(solver=True)
            await asyncio.to_thread(stream.publish, opened(1, SOLVER))
            told = await solver.next_event(timeout=30)
            assert told is not None
            assert told.kind == EventKind.AUCTION_OPENED

    asyncio.run(main())


def test_a_server_that_is_full_says_so_and_lets_in_who_comes_again(stream: Stream) -> None:
    stream.serve(WS_MAX_CONNECTIONS="1")

    async def main() -> None:
        with Client(stream.url) as first:
            first.subscribe(auctions=True)
            async with AsyncStreamClient(stream.url) as second:
                with pytest.raises(UnavailableError) as refused:
                    await second.subscribe(intents=(intent(1),))
                assert refused.value.code == "stream_full"
                first.socket.close()
                waiting = asyncio.create_task(second.next_event(timeout=60))
                while not second.is_connected:
                    await asyncio.sleep(0.02)
                await asyncio.to_thread(stream.publish, change())
                assert await waiting is not None

    asyncio.run(main())
