"""A TCP proxy before several stream servers, as one stands in production; a test cuts its connections."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self


class Balancer:
    """Within a with block, each connection to `url` goes to one of the `upstream` ports that is up, at random."""

    def __init__(self, upstream: Sequence[int], chance: random.Random) -> None:
        self._upstream, self._chance = upstream, chance
        self._open: set[tuple[asyncio.WriteTransport, asyncio.WriteTransport]] = set()
        self._is_up = threading.Event()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="balancer", daemon=True)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._is_up.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/api/v1/stream"

    def cut(self, share: float) -> None:
        """End that share of the connections, on both sides, without a word: no close frame."""
        self._loop.call_soon_threadsafe(self._cut, share)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with await asyncio.start_server(self._carry, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            self._is_up.set()
            await self._over.wait()
            self._cut(1)
            while self._open:
                await asyncio.sleep(0.01)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for port in self._chance.sample(self._upstream, len(self._upstream)):
            try:
                their_reader, their_writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            pair = (writer.transport, their_writer.transport)
            self._open.add(pair)
            await asyncio.gather(_pump(reader, their_writer), _pump(their_reader, writer))
            self._open.discard(pair)
            return
        writer.close()

    def _cut(self, share: float) -> None:
        for ends in list(self._open):
            if self._chance.random() < share:
                for transport in ends:
                    transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # one that is cut is at its end as well
    finally:
        writer.close()
