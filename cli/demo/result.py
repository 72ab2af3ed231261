"""What a run of the demo comes to, worked out from what was seen."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

BPS = 10_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """One intent's end: `ms` from POST until the swapper heard that it was mined; None for one that was not filled.

    `best_pool` is what the best single pool would have given at the block before the fill.
    """

    ms: float | None
    amount_out: int = 0
    best_pool: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """The demo's last line."""

    intents: int
    settled: int
    unfilled: int
    solvers: int
    bids: int
    settled_on_chain: int
    p50_ms: int | None
    p95_ms: int | None
    improvement_bps: float | None
    seed: int

    def line(self) -> str:
        return json.dumps(asdict(self))


def improvement_bps(amount_out: int, best_pool: int) -> float:
    """How much better than the best single pool a fill was, in basis points; negative for a worse one."""
    return (amount_out - best_pool) * BPS / best_pool


def result_of(outcomes: Sequence[Outcome], *, solvers: int, bids: int, settled_on_chain: int, seed: int) -> Result:
    """Add up. Percentiles by nearest rank; the improvement is the mean over the fills that a pool compares with."""
    waits = sorted(outcome.ms for outcome in outcomes if outcome.ms is not None)
    gains = [
        improvement_bps(each.amount_out, each.best_pool) for each in outcomes if each.ms is not None and each.best_pool
    ]
    return Result(
        intents=len(outcomes),
        settled=len(waits),
        unfilled=len(outcomes) - len(waits),
        solvers=solvers,
        bids=bids,
        settled_on_chain=settled_on_chain,
        p50_ms=_percentile(waits, 50),
        p95_ms=_percentile(waits, 95),
        improvement_bps=round(sum(gains) / len(gains), 2) if gains else None,
        seed=seed,
    )


def _percentile(ascending: Sequence[float], percent: int) -> int | None:
    if not ascending:
        return None
    return round(ascending[math.ceil(len(ascending) * percent / 100) - 1])
