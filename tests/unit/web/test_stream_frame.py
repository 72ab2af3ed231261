"""A frame is encoded once, as the library that reads it would have encoded it."""

from __future__ import annotations

import json

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

from intendly.domain.events import Published
from web.stream_frame import Frame, text_frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_it_is_the_frame_that_the_library_sends(size: int) -> None:
    text = "ä" * (size // 2) + "x" * (size % 2)
    assert text_frame(text) == Connection(ConnectionType.SERVER).send(TextMessage(data=text))


def test_all_who_hear_an_event_share_its_bytes() -> None:
    frame = Frame.of(Published(1, 7, "intent.accepted", '{"a":1}'), lambda: 0)
    assert frame.websocket() is frame.websocket()
    assert frame.server_sent() == b'id: 1-7\ndata: {"a":1}\n\n'


def test_an_opened_auction_tells_the_time_that_is_left_when_it_is_sent() -> None:
    now = 1_000
    frame = Frame.of(Published(1, 7, "auction.opened", '{"a":1}', closes_at=3_000), lambda: now)
    assert json.loads(frame.text()) == {"a": 1, "server_time": 1_000, "ms_left": 2_000}
    assert frame.websocket() is frame.websocket()
    now = 3_500
    assert frame.websocket() == text_frame(frame.text())
    assert json.loads(frame.text()) == {"a": 1, "server_time": 3_500, "ms_left": 0}
