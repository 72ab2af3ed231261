"""Events through Redis, from the publisher to every stream server: fast, and allowed to get lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog
from pydantic_core import from_json, to_json
from redis import Redis
from redis.exceptions import RedisError

from intendly.adapters.breaker import Breaker
from intendly.domain.events import Published

log = structlog.get_logger(__name__)

_PUSH_TIMEOUT_S: Final = 0.5
_BLOCK_S: Final = 1.0
"""How long one wait for a message lasts; redis-py's own socket time-out must be longer."""


class LiveUnavailable(Exception):
    """Redis does not answer."""


def channel_of(redis: Redis) -> str:
    """The channel of a venue. Redis has one set of channels for all its databases, so its name tells them apart."""
    return f"intendly:events:{redis.connection_pool.connection_kwargs.get('db', 0)}"


class RedisLive:
    """`LivePush`: one message for a batch."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url, socket_timeout=_PUSH_TIMEOUT_S, socket_connect_timeout=_PUSH_TIMEOUT_S)
        self._breaker = Breaker(open_s=1.0, trial_s=1.0)

    def push(self, events: Sequence[Published]) -> None:
        if not self._breaker.allows():
            return
        try:
            self._redis.publish(channel_of(self._redis), to_json(events))
        except RedisError as error:
            self._breaker.failed()
            log.warning("live_push_failed", error=type(error).__name__, events=len(events))
        else:
            self._breaker.succeeded()


class RedisFeed:
    """The other end: what was pushed, for one reader of a process."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url, socket_timeout=3 * _BLOCK_S, socket_connect_timeout=_BLOCK_S)
        self._channel = self._redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self._is_attached = False

    def attach(self) -> None:
        """Begin to hear, unless it is heard already. Raises `LiveUnavailable`."""
        if self._is_attached:
            return
        try:
            self._channel.subscribe(channel_of(self._redis))
            self._channel.get_message(timeout=_BLOCK_S)  # the answer: from here on nothing is missed
        except (RedisError, OSError) as error:
            raise self._lost(error) from None
        self._is_attached = True

    def receive(self) -> list[Published]:
        """The next batch; empty when none came within a second, or one that this version cannot read.

        Raises `LiveUnavailable`, and attaches anew then.
        """
        self.attach()
        try:
            message = self._channel.get_message(timeout=_BLOCK_S)
        except (RedisError, OSError) as error:
            raise self._lost(error) from None
        return [] if message is None else _read(message["data"])

    def _lost(self, error: Exception) -> LiveUnavailable:
        self._is_attached = False
        self._channel.reset()
        return LiveUnavailable(type(error).__name__)


def _read(data: bytes) -> list[Published]:
    try:
        return [Published(**{**each, "roster": tuple(each["roster"])}) for each in from_json(data)]
    except (ValueError, TypeError, KeyError) as error:
        # A publisher of another version, or a stranger: the events are in PostgreSQL all the same.
        log.warning("live_batch_unreadable", error=type(error).__name__, size=len(data))
        return []
