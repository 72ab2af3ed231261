"""Messages through the broker: what trade adds to those of a venue without any."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Final

from redis import Redis

from bench.mined import trading_venue
from bench.rows import NotMeasured, Reading, Rounds, Run, Spec, subject, value_at_most

_STEADY_S: Final = 4.0
"""After that intents of every age are under way: an auction lasts two seconds, a fill about one."""
_TOO_SLOW: Final = 1.5
"""Of the time that it was to take; beyond it the machine is too busy to tell. Fewer a second share fewer messages, so
what is slower only looks worse."""


@subject(
    Spec(
        "broker.messages",
        "messages through the broker per 1,000 intents at 50 a second, above the idle rate",
        "messages",
        aim=value_at_most(50),
    ),
)
def broker(run: Run) -> Rounds:
    """The venue idle first, then with trade that hardly stops, of which each round counts some seconds."""
    rate, window_s = run.size(50, 5), run.size(3, 1)
    with (
        trading_venue(run) as trading,
        closing(Redis.from_url(trading.settings.redis_url.get_secret_value())) as redis,
    ):
        began, before = time.monotonic(), _pushes(redis)
        time.sleep(2 * window_s)
        idle = (_pushes(redis) - before) / (time.monotonic() - began)
        trading.posted_at(rate, _STEADY_S if not run.small else 1.0)
        while True:
            began, before = time.monotonic(), _pushes(redis)
            posted = len(trading.posted_at(rate, window_s))
            messages, took_s = _pushes(redis) - before, time.monotonic() - began
            if took_s > _TOO_SLOW * window_s and not run.small:
                raise NotMeasured(f"{posted / took_s:.0f} intents a second were accepted, {rate} were to be")
            yield {"broker.messages": Reading(max(0.0, messages - idle * took_s) / posted * 1_000)}


def _pushes(redis: Redis) -> int:
    """Messages so far: each is an LPUSH, and nothing else is."""
    return int(redis.info("commandstats").get("cmdstat_lpush", {}).get("calls", 0))
