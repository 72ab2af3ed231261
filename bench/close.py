"""The close of auctions: a tick from the claim of what is due to awards that are signed and committed."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Final

import coincurve
from intendly_sdk.messages import SignedIntent
from intendly_sdk.primitives import Address, Hash32, HexBytes
from sqlalchemy import text

from bench import trade
from bench.child import BenchError
from bench.due import analyse, stage
from bench.ground import DEPLOYMENT
from bench.publish import logging_as_in_production
from bench.rows import Reading, Rounds, Run, Spec, ratio_at_most, subject
from intendly.adapters.chain.keys import load_key
from intendly.adapters.db.awards import AwardStore
from intendly.adapters.db.closings import ClosingStore
from intendly.adapters.db.engine import Database
from intendly.adapters.signing import KeyAuctioneer
from intendly.domain.settlement import IntentFacts
from intendly.services.close_auctions import CloseAuctions
from intendly.settings import Settings

_FLOOR: Final = "coincurve signs as many digests, and one UPDATE of as many rows is committed"
_BIDS: Final = 10
_AMPLE: Final = IntentFacts(balance=10**30, allowance=10**30, nonce_spent=False)
_UNSIGNED: Final = text("CREATE TABLE floor_awards (hash bytea PRIMARY KEY, signature bytea)")
_WON: Final = text("INSERT INTO floor_awards SELECT unnest(CAST(:hash AS bytea[]))")
_SIGN: Final = text("""
    UPDATE floor_awards a SET signature = x.signature
    FROM unnest(CAST(:hash AS bytea[]), CAST(:signature AS bytea[])) AS x (hash, signature)
    WHERE a.hash = x.hash
""")
_TAKE: Final = text("UPDATE awards SET state = 'lapsed' WHERE state = 'due' AND signature IS NOT NULL")


@subject(
    Spec("close.of_1", "an auction of 10 bids: read, its award signed and committed", "ms", _FLOOR, ratio_at_most(5)),
    Spec("close.of_100", "100 such auctions in one tick", "ms", _FLOOR, ratio_at_most(5)),
    Spec("close.of_1000", "1,000 such auctions in one tick", "ms", _FLOOR, ratio_at_most(5)),
)
def closes(run: Run) -> Rounds:
    """Ticks up to their last commit; the chain's facts are there at once, and nudges go nowhere."""
    settings = run.ground.site()
    trade.seed(settings)
    with _desk(settings) as desk, logging_as_in_production(settings.data_dir / "close.log"):
        while True:
            yield {
                "close.of_1000": desk.reading(run.size(1_000, 20), times=1),
                "close.of_100": desk.reading(run.size(100, 10), times=3),
                "close.of_1": desk.reading(1, times=run.size(15, 2)),
            }


class _AmpleChain:
    """`ClosingChain` that knows at once, of every intent, that it can be filled."""

    def facts(self, intents: Sequence[SignedIntent]) -> Mapping[Hash32, IntentFacts]:
        return {signed.intent.hash: _AMPLE for signed in intents}

    def executor_refusals(self, _pairs: Collection[tuple[Address, Address]]) -> Mapping[tuple[Address, Address], str]:
        return {}

    def block_time(self) -> int:
        return 0


class _Awards(AwardStore):
    """Knows when the last signatures were committed."""

    signed_at = 0.0

    def sign(self, signatures: Mapping[Hash32, HexBytes]) -> int:
        count = super().sign(signatures)
        self.signed_at = time.perf_counter()
        return count


class _NoNudges:
    def nudge(self, task: str, *, work: int = 1, at_once: bool = False) -> None:
        pass


class _Desk:
    """Auctions prepared and closed, and as many digests signed and stored."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._analysed = False
        self._key = coincurve.PrivateKey()
        self._awards = _Awards(database)
        self._close = CloseAuctions(
            ClosingStore(database, DEPLOYMENT),
            self._awards,
            _AmpleChain(),
            KeyAuctioneer(load_key(settings.auctioneer_key_path), DEPLOYMENT.domain),
            _NoNudges(),
            award_validity_s=settings.award_validity_s,
        )

    def reading(self, count: int, times: int) -> Reading:
        """Milliseconds until a tick has closed `count` auctions, and of its floor: the medians of as many `times`."""
        both = [(self._closed(count), self._signed(count)) for _ in range(times)]
        return Reading(median(took for took, _ in both), median(took for _, took in both))

    def _closed(self, count: int) -> float:
        stage(self._settings, self._database, count, _BIDS)
        if not self._analysed:  # once, since a venue's statements are planned long before most of their ticks
            analyse(self._settings)
            self._analysed = True
        began = time.perf_counter()
        closed = self._close.run()
        took = self._awards.signed_at - began
        with self._database.transaction() as connection:
            signed = connection.execute(_TAKE).rowcount
        if (closed, signed) != (count, count):
            raise BenchError(f"of {count} auctions {closed} were closed, and {signed} awards signed")
        return took * 1_000

    def _signed(self, count: int) -> float:
        digests = [os.urandom(32) for _ in range(count)]
        with self._database.transaction() as connection:
            connection.execute(_WON, {"hash": digests})
        began = time.perf_counter()
        signatures = [self._key.sign_recoverable(digest, hasher=None) for digest in digests]
        with self._database.transaction() as connection:
            connection.execute(_SIGN, {"hash": digests, "signature": signatures})
        return (time.perf_counter() - began) * 1_000


@contextmanager
def _desk(settings: Settings) -> Iterator[_Desk]:
    database = Database(settings.sqlalchemy_url, pool_size=1, application="bench close")
    try:
        with database.transaction() as connection:
            connection.execute(_UNSIGNED)
        gc.freeze()  # as a worker does (adapters/loading.py)
        yield _Desk(settings, database)
    finally:
        gc.unfreeze()
        database.dispose()
