"""Redis only makes events fast: away, back, or full of what is not ours, it takes none away and adds none."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest
import redis

from intendly.adapters.embedded import embedded_valkey
from intendly.adapters.live import RedisLive
from intendly.domain.events import Published
from tests.external import RedisServer
from tests.integration.stream.conftest import Stream, change, health_of, intent, numbers

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def test_while_redis_is_away_events_come_from_the_database_at_once_and_health_says_so(
    stream: Stream, tmp_path: Path
) -> None:
    with embedded_valkey(tmp_path, durable=False) as server:
        stream.redis_url, port = server.url_of(0), server.port
        stream.serve()
        client = stream.client()
        client.subscribe(intents=[str(intent(1))])
        stream.publish(change())
        client.read(1)
        assert health_of(stream)["live"] is True
    time.sleep(0.5)
    took = []
    for count in range(2, 7):
        stream.publish(change(), lost=True)
        began = time.monotonic()
        client.read(count)
        took.append(time.monotonic() - began)
    assert sorted(took)[2] < 0.8, took
    assert health_of(stream)["live"] is False
    with embedded_valkey(tmp_path, port=port, durable=False) as server:
        assert server.port == port
        until = time.monotonic() + 10
        while not health_of(stream)["live"] and time.monotonic() < until:
            time.sleep(0.1)
        assert health_of(stream)["live"] is True
        stream.publish(change())
        client.read(7)
    assert numbers(client) == list(range(1, 8))


def test_what_is_not_an_event_stops_nothing(running: Stream) -> None:
    client = running.client()
    client.subscribe(intents=[str(intent(1))])
    with closing(redis.Redis.from_url(running.redis_url)) as admin:
        [channel] = admin.pubsub_channels(b"*events*")
        for nonsense in (b"\xff", b"{}", b"[1]", b'[{"number": 1}]', b'[{"roster": [], "color": "blue"}]'):
            admin.publish(channel, nonsense)
    running.publish(change())
    client.read(1, timeout_s=5)
    assert numbers(client) == [1]


def test_another_venue_on_the_same_redis_is_not_heard(running: Stream, valkey: RedisServer) -> None:
    """A restored copy of this venue even has the epoch and the next number of this one."""
    client = running.client()
    client.subscribe(intents=[str(intent(1))])
    head = running.store.head()
    foreign = Published(head.epoch, head.last + 1, "intent.accepted", '{"foreign": 1}', intent_hash=str(intent(1)))
    place = int(running.redis_url.rsplit("/", 1)[1])
    RedisLive(valkey.url_of((place + 1) % 16)).push([foreign])
    running.publish(change())
    client.read(1)
    assert client.read_for(0.3) == client.events
    assert numbers(client) == [1]
