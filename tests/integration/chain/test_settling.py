"""From a won auction to tokens in the swapper's wallet, and back again: real Settlement, real Permit2, real rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from intendly_sdk.primitives import HexBytes
from sqlalchemy import text

from intendly.adapters.chain.encoding import settle_calldata
from intendly.adapters.chain.facts import RpcChain
from intendly.adapters.chain.reader import RpcChainReader
from intendly.adapters.chain.sender import RpcSender
from intendly.adapters.chain.transactions import intrinsic_gas
from intendly.adapters.db.chain_index import ChainIndexStore
from intendly.adapters.db.expiry import ExpiryStore
from intendly.adapters.db.lanes import LaneStore
from intendly.adapters.db.settlements import SettlementStore
from intendly.domain.bundle import gas_limit
from intendly.domain.settlement import Fees, Settlement
from intendly.services.expire_intents import ExpireIntents
from intendly.services.index_chain import IndexChain
from intendly.services.ports import SignedBytes
from intendly.services.submit_settlements import SubmitSettlements
from intendly.services.track_settlements import TrackSettlements
from tests.integration.chain.trading import AMOUNT_OUT, FEE, Trading, Won
from tests.integration.desk import Desk, Nudged
from tests.integration.statements import statements
from tests.venue import LocalChain

pytestmark = pytest.mark.integration


class Crash(BaseException):
    """The process is gone at this point: nothing of ours catches it."""


class CrashingSender(RpcSender):
    """A real sender in a process that ends at a point of the test's choice."""

    crash_at = ""

    def sign(self, settlement: Settlement, fees: Fees) -> SignedBytes:
        self._may_crash("before signing")
        return super().sign(settlement, fees)

    def broadcast(self, raw: bytes) -> str | None:
        self._may_crash("before broadcast")
        refused = super().broadcast(raw)
        self._may_crash("after broadcast")
        return refused

    def _may_crash(self, point: str) -> None:
        if self.crash_at == point:
            self.crash_at = ""
            raise Crash(point)


@dataclass
class Pipeline:
    """The services of one venue on real parts."""

    desk: Desk
    trading: Trading
    sender: CrashingSender
    submit: SubmitSettlements
    track: TrackSettlements
    index: IndexChain
    expire: ExpireIntents

    def index_now(self) -> None:
        self.trading.wait_mined()
        self.index.run()

    def track_now(self) -> int:
        self.desk.execute("UPDATE settlements SET next_due_at = statement_timestamp() WHERE next_due_at IS NOT NULL")
        return self.track.run()

    def intent(self, won: Won) -> tuple[str, str]:
        with self.desk.database.transaction() as connection:
            row = connection.execute(
                text("SELECT state, reason FROM intents WHERE hash = :x"), {"x": bytes(won.intent_hash)}
            ).one()
        return row.state, row.reason

    def canonical_fills(self, won: Won) -> object:
        return self.desk.value("SELECT count(*) FROM fills WHERE canonical AND intent_hash = :x", won.intent_hash)

    def kinds(self, won: Won) -> list[str]:
        with self.desk.database.transaction() as connection:
            found = connection.execute(
                text("SELECT kind FROM outbox WHERE intent_hash = :x ORDER BY id"), {"x": bytes(won.intent_hash)}
            )
            return [row.kind for row in found]


@pytest.fixture
def trading(local_chain: LocalChain, desk: Desk) -> Trading:
    return Trading(local_chain, desk.database)


@pytest.fixture
def pipeline(local_chain: LocalChain, trading: Trading, desk: Desk, nudged: Nudged) -> Pipeline:
    rpc, deployment, database = local_chain.rpc, local_chain.deployment, desk.database
    sender = CrashingSender(rpc, local_chain.submitter, chain_id=deployment.chain_id, settlement=deployment.settlement)
    store = SettlementStore(database, deployment)
    return Pipeline(
        desk,
        trading,
        sender,
        SubmitSettlements(RpcChain(rpc, deployment), sender, LaneStore(database), store, nudged, owner="test"),
        TrackSettlements(sender, store, nudged),
        IndexChain(RpcChainReader(rpc, deployment), ChainIndexStore(database), deploy_block=deployment.deploy_block),
        ExpireIntents(ExpiryStore(database)),
    )


@pytest.fixture
def by_hand(local_chain: LocalChain) -> Iterator[Callable[[], None]]:
    """Blocks come only when the test mines them."""
    local_chain.rpc.call("evm_setAutomine", False)
    yield lambda: local_chain.rpc.call("evm_mine")
    local_chain.rpc.call("evm_setAutomine", True)


def test_a_won_intent_becomes_tokens_in_the_wallet(trading: Trading, pipeline: Pipeline) -> None:
    swapper = trading.swapper("alice")
    trading.stock(AMOUNT_OUT + FEE)
    won = trading.won(swapper)
    before = trading.balance(swapper.address, "USDC")

    assert pipeline.submit.run() == 1
    pipeline.index_now()

    assert trading.balance(swapper.address, "USDC") - before == AMOUNT_OUT
    assert trading.balance(swapper.address, "WOKB") == 0
    assert trading.fills(won.intent_hash) == 1
    assert pipeline.intent(won) == ("settled", "settled")
    assert pipeline.kinds(won) == ["intent.submitted", "intent.settled", "intent.settled"]
    assert pipeline.desk.value("SELECT state FROM awards") == "filled"
    assert pipeline.track_now() == 1
    trading.mine(3)
    pipeline.track_now()
    pipeline.index_now()
    assert pipeline.desk.value("SELECT state FROM settlements") == "final"
    assert pipeline.kinds(won)[-1] == "intent.final"
    assert pipeline.desk.value("SELECT endpoint FROM solvers WHERE active") == "http://mm/bids"
    assert pipeline.submit.run() == 0


@pytest.mark.parametrize("point", ["before signing", "before broadcast", "after broadcast"])
def test_after_a_crash_the_same_bytes_fill_once(trading: Trading, pipeline: Pipeline, point: str) -> None:
    swapper = trading.swapper(point)
    trading.stock(AMOUNT_OUT + FEE)
    won = trading.won(swapper)
    pipeline.sender.crash_at = point
    with pytest.raises(Crash):
        pipeline.submit.run()
    assert trading.fills(won.intent_hash) == (1 if point == "after broadcast" else 0)
    raw = pipeline.desk.value("SELECT raw FROM attempts")

    pipeline.submit.run()
    pipeline.index_now()

    assert trading.fills(won.intent_hash) == 1
    assert pipeline.intent(won)[0] == "settled"
    assert pipeline.desk.value("SELECT count(*) FROM attempts") == 1
    if point != "before signing":
        assert pipeline.desk.value("SELECT raw FROM attempts") == raw
    nonce = trading.chain.rpc.call("eth_getTransactionCount", str(pipeline.sender.address), "latest")
    assert pipeline.desk.value("SELECT next_nonce FROM lanes") == int(nonce, 16)


def test_a_solver_that_cannot_pay_is_left_out_and_the_others_are_filled(trading: Trading, pipeline: Pipeline) -> None:
    trading.stock(AMOUNT_OUT + FEE)
    greedy, modest = trading.swapper("greedy"), trading.swapper("modest")
    too_much = trading.won(greedy, amount_out=AMOUNT_OUT * 1_000, age_s=1)
    fine = trading.won(modest)
    assert pipeline.submit.run() == 1
    pipeline.index_now()
    assert pipeline.intent(too_much) == ("open", "solver_failed")
    assert pipeline.intent(fine) == ("settled", "settled")
    assert trading.balance(greedy.address, "WOKB") == 10**18
    assert pipeline.desk.value("SELECT count(*) FROM left_out WHERE solver = :x", trading.solver.address) == 1
    assert pipeline.kinds(too_much) == ["intent.submitted", "fill.failed", "fill.failed", "intent.reopened"]
    assert pipeline.desk.value("SELECT step FROM failures ORDER BY block_number DESC LIMIT 1") == "payout"


def test_an_award_that_is_mined_too_late_is_nobodys_fault(
    trading: Trading, pipeline: Pipeline, by_hand: Callable[[], None], local_chain: LocalChain
) -> None:
    trading.stock(AMOUNT_OUT + FEE)
    swapper = trading.swapper("late")
    won = trading.won(swapper)
    pipeline.submit.run()
    local_chain.rpc.call("evm_setNextBlockTimestamp", won.bid.valid_until)
    by_hand()
    pipeline.index_now()
    assert trading.fills(won.intent_hash) == 0
    assert pipeline.intent(won)[0] == "open"
    assert pipeline.desk.value("SELECT count(*) FROM left_out") == 0
    assert pipeline.desk.value("SELECT fault FROM failures ORDER BY block_number DESC LIMIT 1") == "submitter"


def test_a_reorg_takes_the_fill_back_and_the_same_bytes_fill_again(
    trading: Trading, pipeline: Pipeline, local_chain: LocalChain
) -> None:
    trading.stock(AMOUNT_OUT + FEE)
    won = trading.won(trading.swapper("reorged"))
    pipeline.submit.run()
    pipeline.index_now()
    assert pipeline.intent(won)[0] == "settled"
    first = pipeline.desk.value("SELECT tx_hash FROM attempts")

    local_chain.rpc.call("anvil_reorg", 1, [])
    assert trading.fills(won.intent_hash) == 0
    pipeline.index_now()
    assert pipeline.intent(won) == ("submitted", "reorged")
    assert pipeline.canonical_fills(won) == 0
    assert pipeline.kinds(won)[-1] == "intent.reopened"

    pipeline.track_now()
    pipeline.index_now()
    assert trading.fills(won.intent_hash) == 1
    assert pipeline.intent(won) == ("settled", "settled")
    assert pipeline.desk.value("SELECT tx_hash FROM attempts") == first
    assert pipeline.canonical_fills(won) == 1


def test_a_stuck_transaction_is_replaced_by_a_dearer_one_and_one_fills(
    trading: Trading, pipeline: Pipeline, by_hand: Callable[[], None]
) -> None:
    trading.stock(AMOUNT_OUT + FEE)
    swapper = trading.swapper("stuck")
    won = trading.won(swapper)
    pipeline.submit.run()
    pipeline.desk.execute("UPDATE attempts SET created_at = created_at - interval '10 seconds'")
    pipeline.track_now()
    assert pipeline.desk.value("SELECT count(*) FROM attempts") == 2
    by_hand()
    pipeline.index_now()
    pipeline.track_now()
    assert trading.fills(won.intent_hash) == 1
    assert pipeline.desk.value("SELECT state FROM settlements") == "mined"


def test_an_open_fill_by_somebody_else_holds_up_nobody(trading: Trading, pipeline: Pipeline) -> None:
    """An award whose intent has moved on is passed over; those behind it go out."""
    trading.stock(AMOUNT_OUT + FEE)
    gone = trading.won(trading.swapper("gone"), age_s=5)
    won = trading.won(trading.swapper("behind"))
    pipeline.desk.execute(f"UPDATE intents SET state = 'settled' WHERE hash = '\\x{gone.intent_hash.hex()}'")
    assert pipeline.submit.run() == 1
    pipeline.index_now()
    assert pipeline.intent(won)[0] == "settled"
    assert trading.fills(gone.intent_hash) == 0


def test_twelve_at_once_fit_into_the_gas_that_was_worked_out(trading: Trading, pipeline: Pipeline) -> None:
    trading.stock(12 * (AMOUNT_OUT + FEE))
    swappers = [trading.swapper(f"one of twelve {number}") for number in range(12)]
    all_won = [trading.won(swapper, lasts_s=13) for swapper in swappers]
    store = SettlementStore(pipeline.desk.database, trading.chain.deployment)
    bundles = store.due_awards(12)
    costs = [pipeline.sender.cost(one) for one in bundles]
    for count in (1, 12):
        some = bundles[:count]
        least = trading.required_gas(some) + intrinsic_gas(settle_calldata(some))
        assert least <= sum(one.whole for one in costs[:count]) < least + count * 40_000, "all that Settlement may use"
    assert pipeline.submit.run() == 1
    limit = pipeline.desk.value("SELECT gas_limit FROM settlements")
    assert limit == gas_limit(costs) < sum(one.whole for one in costs) / 2 < 2**24
    pipeline.index_now()
    tx_hash = pipeline.desk.value("SELECT '0x' || encode(tx_hash, 'hex') FROM attempts")
    receipt = trading.chain.rpc.call("eth_getTransactionReceipt", tx_hash)
    used = int(receipt["gasUsed"], 16)
    assert used < sum(one.usual for one in costs) < 2 * used, "what is usual is near what they take, and not less"
    assert [pipeline.intent(won)[0] for won in all_won] == ["settled"] * 12
    assert pipeline.desk.value("SELECT count(*) FROM settlements") == 1


def test_a_batch_takes_as_many_statements_as_one_award(trading: Trading, pipeline: Pipeline) -> None:
    trading.stock(9 * (AMOUNT_OUT + FEE))
    counts: list[int] = []
    for size in (1, 1, 7):  # the first tick of all opens the lane
        for number in range(size):
            trading.won(trading.swapper(f"{len(counts)} of a batch {number}"), lasts_s=13)
        with statements(pipeline.desk.database) as seen:
            assert pipeline.submit.run() == 1
        counts.append(len(seen))
    assert counts[1] == counts[2]


def test_expired_needs_an_indexed_block_past_the_deadline(
    trading: Trading, pipeline: Pipeline, local_chain: LocalChain
) -> None:
    won = trading.won(trading.swapper("patient"))
    snapshot = local_chain.rpc.call("evm_snapshot")
    pipeline.index_now()
    local_chain.rpc.call("evm_setNextBlockTimestamp", won.intent.deadline)
    trading.mine()
    pipeline.index_now()
    assert pipeline.expire.run() == 0  # the deadline's own second still counts
    local_chain.rpc.call("evm_setNextBlockTimestamp", won.intent.deadline + 1)
    trading.mine()
    assert pipeline.expire.run() == 0  # not indexed yet
    pipeline.index_now()
    assert pipeline.expire.run() == 1
    assert pipeline.intent(won) == ("expired", "deadline_passed")
    local_chain.rpc.call("evm_revert", snapshot)


def test_bytes_that_the_node_has_are_no_refusal(trading: Trading, pipeline: Pipeline) -> None:
    trading.stock(AMOUNT_OUT + FEE)
    trading.won(trading.swapper("twice"))
    pipeline.submit.run()
    raw = pipeline.desk.value("SELECT raw FROM attempts")
    assert isinstance(raw, bytes | memoryview)
    assert pipeline.sender.broadcast(HexBytes(raw)) is None
