"""Intents on their walk through the venue's own services and stores, in one process. Their chain is made up."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from typing import Final

from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Bid, Leg, SignedBid, SignedIntent
from intendly_sdk.primitives import ZERO_HASH, Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer
from psycopg2.extras import execute_values
from sqlalchemy import text

from bench import trade
from bench.child import BenchError
from bench.ground import DEPLOYMENT
from bench.stored import LANE, LAST_BLOCK
from intendly.adapters.chain.facts import RpcChain
from intendly.adapters.db.chain_index import ChainIndexStore
from intendly.adapters.db.lanes import LaneStore
from intendly.adapters.nudges import CeleryNudges
from intendly.bootstrap.auctions import AuctionsVenue
from intendly.bootstrap.relayer import RelayerVenue
from intendly.bootstrap.settlements import SettlementsVenue
from intendly.domain.chain import Block, BundleFailed, Filled, Log, Place, SolverChanged
from intendly.domain.settlement import Fees, IntentFacts, Receipt
from intendly.services.index_chain import IndexChain
from intendly.services.ports import SignedBytes
from intendly.settings import Settings

SETTINGS: Final = {"AUCTION_MIN_MS": "0"}
"""What a site needs so that an auction is due as soon as all have bid."""
_DEADLINE_S: Final = 600
_HOLDS_S: Final = 5
_AMOUNTS_OUT: Final = (3_020 * 10**6, 3_010 * 10**6)
_DATA: Final = b"route"
_FEES: Final = Fees(10**9, 10**9)
_AMPLE: Final = IntentFacts(balance=10**30, allowance=10**30, nonce_spent=False)
_AUCTIONS: Final = text("""
    SELECT ai.intent_hash, ai.auction_id, ai.fee, floor(extract(epoch FROM a.closes_at))::bigint AS closes_at
    FROM auctions a JOIN auction_intents ai ON ai.auction_id = a.id
    WHERE a.state = 'open' AND ai.intent_hash = ANY(:hashes)
""")


class Walk:
    """Takes intents along, a step of all of them at a time."""

    def __init__(self, venue: StagedVenue, solvers: Sequence[Signer]) -> None:
        self.venue = venue
        self._solvers = solvers
        self._won: dict[Hash32, SignedBid] = {}

    def intents(self, count: int) -> list[SignedIntent]:
        """As many to be accepted, each of a swapper of its own."""
        return [trade.signed_intent(int(time.time()) + _DEADLINE_S) for _ in range(count)]

    def accept(self, signed: Sequence[SignedIntent]) -> list[Hash32]:
        """All by one statement. Their hashes."""
        for outcome in self.venue.submit_intents.submit_many(signed):
            if isinstance(outcome, Exception):
                raise outcome
        return [one.intent.hash for one in signed]

    def open(self, hashes: Sequence[Hash32]) -> None:
        """One tick, which opens the auctions of these intents."""
        self._expect(self.venue.open_auctions.run(), hashes)

    def bid(self, hashes: Sequence[Hash32]) -> None:
        """A bid of each solver in each auction: they are due to be closed."""
        with self.venue.database.transaction() as connection:
            rows = connection.execute(_AUCTIONS, {"hashes": [bytes(one) for one in hashes]}).all()
        for solver, amount_out in zip(self._solvers, _AMOUNTS_OUT, strict=True):
            bids = {
                Hash32(row.intent_hash): _bid(solver, Hash32(row.auction_id), Hash32(row.intent_hash), int(row.fee),
                                              row.closes_at + _HOLDS_S, amount_out)
                for row in rows
            }  # fmt: skip
            for outcome in self.venue.place_bids.place_many(list(bids.values())):
                if isinstance(outcome, Exception):
                    raise outcome
            self._won = bids | self._won

    def close(self, hashes: Sequence[Hash32]) -> None:
        """One tick; their awards are signed."""
        self._expect(self.venue.close_auctions.run(), hashes)

    def send(self, hashes: Sequence[Hash32], *, fills: bool = True) -> None:
        """Their bundles are in one transaction, which is in the chain's newest block: filled, or failed by a solver."""
        store, lanes = self.venue.settlement_store, LaneStore(self.venue.database)
        bundles = store.due_awards(len(hashes))
        self._expect(len(bundles), hashes)
        lane = lanes.claim(LANE, "bench", lease_s=10)
        if lane is None or not store.reserve(lane, [one.bid_hash for one in bundles], _DATA, 3_000_000):
            raise BenchError("the lane is not free")
        lanes.release(lane)
        (settlement,) = store.unsent(LANE)
        store.add_attempt(settlement.id, 1, SignedBytes(Hash32(os.urandom(32)), HexBytes(_DATA)), _FEES)
        store.mark_broadcast(settlement.id, 1)
        block = self.venue.made_up.mine([self._won.pop(one) for one in hashes], fills=fills)
        store.mark_mined({settlement.id: Receipt(Hash32(os.urandom(32)), block.number, block.hash, succeeded=True)})

    def index(self, hashes: Sequence[Hash32]) -> None:
        """One tick, which reads the fills in the newest block."""
        self._expect(self.venue.index_chain.run(), hashes)

    def _expect(self, done: int, hashes: Sequence[Hash32]) -> None:
        if done != len(hashes):
            raise BenchError(f"expected a step of {len(hashes)} intents, {done} did it")


@contextmanager
def walk(settings: Settings) -> Iterator[Walk]:
    """Of a site that `bench.stored` has filled, with `SETTINGS`; with two more solvers, who bid over the stream."""
    solvers = [Signer(os.urandom(32)) for _ in _AMOUNTS_OUT]
    with trade.connected(settings) as at:
        execute_values(
            at,
            "INSERT INTO solvers (address, signing_key, endpoint, active, block_number) VALUES %s",
            [(bytes(one.address), bytes(one.address), "", True, 1) for one in solvers],
        )
    with closing(StagedVenue(settings, process="bench")) as venue:
        yield Walk(venue, solvers)


class StagedVenue(RelayerVenue, AuctionsVenue, SettlementsVenue):
    """The venue as production wires it, but for the chain; nudges go nowhere."""

    @cached_property
    def nudges(self) -> CeleryNudges:
        return _NoNudges(self.settings.redis_url.get_secret_value())

    @cached_property
    def chain(self) -> RpcChain:
        return _AmpleChain(self.rpc, self.deployment)

    @cached_property
    def made_up(self) -> _MadeUpChain:
        return _MadeUpChain()

    @cached_property
    def index_chain(self) -> IndexChain:
        return IndexChain(self.made_up, ChainIndexStore(self.database), deploy_block=1)


class _NoNudges(CeleryNudges):
    def nudge(self, task: str, *, work: int = 1, at_once: bool = False) -> None:
        pass


class _AmpleChain(RpcChain):
    """Knows at once, of every intent, that it can be filled."""

    def facts(self, intents: Sequence[SignedIntent]) -> Mapping[Hash32, IntentFacts]:
        return {signed.intent.hash: _AMPLE for signed in intents}

    def executor_refusals(self, _pairs: Collection[tuple[Address, Address]]) -> Mapping[tuple[Address, Address], str]:
        return {}

    def block_time(self) -> int:
        return int(time.time())


class _MadeUpChain:
    """`ChainReader` of a chain whose blocks hold the fills that it is told of."""

    def __init__(self) -> None:
        self._blocks: dict[int, Block] = {}
        self._head = Block(LAST_BLOCK, ZERO_HASH, ZERO_HASH, int(time.time()))
        self._logs: list[Log] = []

    def mine(self, won: Sequence[SignedBid], *, fills: bool = True) -> Block:
        """The next block, with the fills of these bids, or with word that they failed."""
        block_hash, tx_hash = Hash32(os.urandom(32)), Hash32(os.urandom(32))
        self._head = Block(self._head.number + 1, block_hash, self._head.hash, int(time.time()))
        self._blocks[self._head.number] = self._head
        log = _filled if fills else _failed
        self._logs = [
            log(Place(self._head.number, block_hash, tx_hash, place), one.bid) for place, one in enumerate(won)
        ]
        return self._head

    def fork(self) -> None:
        """Another block takes the place of the newest, without its logs."""
        self._head = self._blocks[self._head.number - 1]
        self.mine([])

    def head(self) -> Block:
        return self._head

    def final_number(self) -> int:
        return self._head.number - 1

    def blocks(self, numbers: Sequence[int]) -> list[Block | None]:
        return [self._blocks.get(number) for number in numbers]

    def logs_between(self, first: int, last: int) -> list[Log]:
        raise NotImplementedError

    def logs_of(self, hashes: Sequence[Hash32]) -> list[Log]:
        return [log for log in self._logs if log.place.block_hash in hashes]

    def registered(self, solvers: Sequence[Address]) -> list[SolverChanged]:
        raise NotImplementedError


def _filled(place: Place, bid: Bid) -> Filled:
    (leg,) = bid.legs
    digest = Hash32(bid.hash(DEPLOYMENT.domain))
    return Filled(place, leg.intent_hash, digest, bid.executor, bid.solver, leg.amount_out, leg.fee)


def _failed(place: Place, bid: Bid) -> BundleFailed:
    return BundleFailed(place, Hash32(bid.hash(DEPLOYMENT.domain)), bid.solver, "solver", "callback", ZERO_HASH)


def _bid(
    solver: Signer, auction_id: Hash32, intent_hash: Hash32, fee: int, valid_until: int, amount_out: int
) -> SignedBid:
    bid = Bid(
        legs=(Leg(intent_hash=intent_hash, amount_out=amount_out, fee=fee),),
        auction_id=auction_id,
        solver=solver.address,
        executor=Address("0x" + "ee" * 20),
        valid_until=valid_until,
        call_data_hash=HexBytes(keccak(_DATA)),
        gas_limit=300_000,
    )
    return SignedBid(bid=bid, data=HexBytes(_DATA), signature=solver.sign(bid.hash(DEPLOYMENT.domain)))
