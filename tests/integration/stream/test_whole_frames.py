"""Frames stay whole where the kernel takes a part of one and other frames wait behind it."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from tests.integration.stream.conftest import Client, Stream, change, intent, numbers

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

EVENTS = 400
SIZE = 60_000


def narrow(url: str) -> socket.socket:
    """A line of which the kernel keeps little: the server's own buffers are full all the while."""
    parts = urlsplit(url)
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    line.connect((parts.hostname, parts.port))
    return line


def filler(number: int) -> str:
    return f"{number:05d}" * (SIZE // 5)


def test_big_frames_pongs_and_replies_are_whole_and_in_order_for_a_slow_reader(running: Stream) -> None:
    with Client(running.url, running.begin, sock=narrow(running.url), max_queue=1) as client:
        client.subscribe(intents=[str(intent(1))])
        for first in range(1, EVENTS + 1, 20):
            running.publish(*(change(1, filler=filler(number)) for number in range(first, first + 20)))
        pongs = []
        for number in range(EVENTS // 4):
            pongs.append(client.socket.ping())  # answered by the library, in between what the events' writer sends
            assert client.subscribe(intents=[str(intent(2 + number))])["ok"]
            client.read(min(4 * number, EVENTS))
        client.read(EVENTS)
        assert all(pong.wait(timeout=5) for pong in pongs)
        assert numbers(client) == list(range(1, EVENTS + 1))
        assert all(event["data"]["filler"] == filler(number) for number, event in enumerate(client.events, start=1))
