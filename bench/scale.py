"""What an intent costs where many are stored, beside what it costs where few are."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Final, TypeVar

from bench import trade
from bench.rows import Reading, Rounds, Run, Spec, ratio_at_most, subject
from bench.stored import fill
from bench.walk import SETTINGS, Walk, walk

Given = TypeVar("Given")
_INTENTS: Final = 20
_WALKS: Final = 10
_WORK: Final = {
    "post": "POST /intents, from the parsed intent to its receipt",
    "get": "GET /intents/{hash}, from the hash to what is answered",
    "close": f"a tick that closes {_INTENTS} auctions of two bids each",
    "index": f"a tick that indexes a block of {_INTENTS} fills",
}
_FEW: Final = 1_000
_MANY: Final = {"100k": 100_000, "1m": 1_000_000}
_WITHOUT_DISK: Final = """
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$
"""


@subject(
    *(
        Spec(
            f"scale.{work}.{size}",
            f"{what}; {count:,} intents are stored",
            "ms",
            f"the same where {_FEW:,} are",
            ratio_at_most(1.2),
        )
        for work, what in _WORK.items()
        for size, count in _MANY.items()
    )
)
def scale(run: Run) -> Rounds:
    """By the venue's own services in one process; a size's turn is one walk, so that all meet the same weather."""
    with ExitStack() as stack:
        few = stack.enter_context(_stored(run, run.size(_FEW, 100)))
        many = {size: stack.enter_context(_stored(run, run.size(count, 100))) for size, count in _MANY.items()}
        for one in (few, *many.values()):
            _walked(one)  # statements are prepared, and read from the disk
        while True:
            floor: dict[str, list[float]] = defaultdict(list)
            found: dict[str, list[float]] = defaultdict(list)
            for _ in range(run.size(_WALKS, 1)):
                for work, took in _walked(few).items():
                    floor[work] += took
                for size, one in many.items():
                    for work, took in _walked(one).items():
                        found[f"scale.{work}.{size}"] += took
            yield {name: Reading(median(took), median(floor[name.split(".")[1]])) for name, took in found.items()}


def _walked(one: Walk) -> dict[str, list[float]]:
    """How long each piece of the work took, milliseconds."""
    signed = one.intents(_INTENTS)
    hashes = [each.intent.hash for each in signed]
    took = {
        "post": [_ms(one.venue.submit_intents.submit, each) for each in signed],
        "get": [_ms(one.venue.read_intents.find, each) for each in hashes],
    }
    one.open(hashes)
    one.bid(hashes)
    took["close"] = [_ms(one.close, hashes)]
    one.send(hashes)
    took["index"] = [_ms(one.index, hashes)]
    return took


def _ms(work: Callable[[Given], object], given: Given) -> float:
    began = time.perf_counter()
    work(given)
    return (time.perf_counter() - began) * 1_000


@contextmanager
def _stored(run: Run, count: int) -> Iterator[Walk]:
    """A site where so many intents are stored. A commit does not wait for the disk, which takes any size as long."""
    settings = run.ground.site(**SETTINGS)
    fill(settings, count)
    with trade.connected(settings) as at:
        at.execute(_WITHOUT_DISK)
        at.execute("CHECKPOINT")
    with walk(settings) as one:
        yield one
