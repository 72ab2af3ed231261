"""What the chain says becomes our rows: once, in order, and taken back with the blocks that said it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from intendly_sdk.primitives import ZERO_HASH, Address
from sqlalchemy import text

from intendly.adapters.db.chain_index import ChainIndexStore
from intendly.adapters.db.expiry import ExpiryStore
from intendly.domain.chain import SolverChanged
from intendly.domain.errors import ChainUnavailable
from intendly.services.expire_intents import ExpireIntents
from intendly.services.index_chain import IndexChain
from tests.integration.desk import NOWHERE, SOLVER, Desk
from tests.integration.index.conftest import WrittenChain
from tests.integration.statements import statements

pytestmark = pytest.mark.integration
_SETTLED = [("intent.settled", False), ("intent.settled", True)]
"""For everyone, and for the solver whose bid it was."""


def test_a_fill_settles_its_intent_and_ends_all_that_was_under_way(
    desk: Desk, chain: WrittenChain, index: IndexChain
) -> None:
    row = desk.submitted()
    chain.mine(row.filled(1_234))
    assert index.run() == 1
    assert desk.intent(row) == ("settled", "settled")
    assert desk.award(row) == "filled"
    assert not desk.is_live(row)
    assert desk.value("SELECT nonce FROM spent_nonces") == row.nonce
    assert desk.changes(row) == _SETTLED
    assert desk.value("SELECT data->>'amount_out' FROM outbox WHERE solver IS NULL") == "1234"
    assert desk.value("SELECT data->>'amount_out' FROM outbox WHERE solver = :x AND auction_id IS NOT NULL", SOLVER)


def test_an_open_fill_was_nobodys_bid(desk: Desk, chain: WrittenChain, index: IndexChain) -> None:
    row = desk.submitted()
    chain.mine(replace(row.filled(), bid_hash=ZERO_HASH))
    index.run()
    assert desk.changes(row) == [("intent.settled", False)]
    chain.fork(1, "fork")
    chain.mine()
    chain.mine()
    index.run()
    assert desk.changes(row) == [("intent.settled", False), ("intent.reopened", False)]


def test_a_tick_without_a_new_block_does_nothing(desk: Desk, chain: WrittenChain, index: IndexChain) -> None:
    row = desk.submitted()
    chain.mine(row.filled())
    index.run()
    assert index.run() == 0
    assert desk.changes(row) == _SETTLED


def test_two_indexes_at_once_write_each_effect_once(desk: Desk, chain: WrittenChain) -> None:
    row = desk.submitted()
    block = chain.mine(row.filled())
    first, second = ChainIndexStore(desk.database), ChainIndexStore(desk.database)
    assert first.advance(None, [block], chain.logs_of([block.hash]), 0)
    assert not second.advance(None, [block], chain.logs_of([block.hash]), 0)
    assert desk.changes(row) == _SETTLED


@pytest.mark.parametrize(
    ("fault", "reason", "is_left_out"),
    [
        ("solver", "solver_failed", True),
        ("swapper", "swapper_failed", False),
        ("token", "token_failed", False),
        ("receiver", "receiver_failed", False),
        ("submitter", "settlement_failed", False),
        ("none", "settlement_failed", False),
    ],
)
def test_a_failed_bundle_opens_the_intent_again(
    desk: Desk, chain: WrittenChain, index: IndexChain, fault: str, reason: str, is_left_out: bool
) -> None:
    row = desk.submitted()
    chain.mine(row.failed(fault))
    index.run()
    assert desk.intent(row) == ("open", reason)
    assert desk.award(row) == "failed"
    assert not desk.is_live(row)
    assert desk.value("SELECT next_due_at IS NOT NULL FROM intents") is True
    assert desk.value("SELECT count(*) FROM left_out WHERE solver = :x", SOLVER) == int(is_left_out)
    assert desk.changes(row) == [("fill.failed", False), ("fill.failed", True), ("intent.reopened", False)]
    assert desk.value("SELECT data->>'call_data' FROM outbox WHERE solver IS NOT NULL") == "0xcafe"
    assert desk.value("SELECT count(*) FROM outbox WHERE solver IS NULL AND data ? 'call_data'") == 0


def test_a_bundle_that_was_not_tried_is_due_again_while_its_award_lasts(
    desk: Desk, chain: WrittenChain, index: IndexChain
) -> None:
    soon, late = desk.submitted(exclusive_until=5_000), desk.submitted(exclusive_until=1_001)
    chain.mine(soon.failed("not_tried"), late.failed("not_tried"))
    index.run()
    assert (desk.intent(soon), desk.award(soon)) == (("awarded", "awarded"), "due")
    assert (desk.intent(late), desk.award(late)) == (("open", "award_lapsed"), "lapsed")
    assert not desk.is_live(soon)
    assert desk.value("SELECT count(*) FROM left_out") == 0


def test_a_reorg_takes_the_fill_back_and_the_same_settlement_is_waited_for(
    desk: Desk, chain: WrittenChain, index: IndexChain
) -> None:
    row, other = desk.submitted(), desk.submitted()
    chain.mine(other.filled())
    chain.mine(row.filled())
    chain.mine()
    index.run()
    chain.fork(2, "fork")
    chain.mine()
    chain.mine()
    chain.mine()
    index.run()
    assert desk.intent(row) == ("submitted", "reorged")
    assert desk.intent(other) == ("settled", "settled")
    assert desk.is_live(row)
    assert desk.award(row) == "submitted"
    assert desk.value("SELECT count(*) FROM spent_nonces") == 1
    assert desk.value("SELECT block_number FROM chain_cursor") == 4
    chain.mine(row.filled())
    index.run()
    assert desk.intent(row) == ("settled", "settled")
    reopened = [("intent.reopened", False), ("intent.reopened", True)]
    assert desk.changes(row) == [*_SETTLED, *reopened, *_SETTLED]
    assert desk.value("SELECT data->>'state' FROM outbox WHERE kind = 'intent.reopened' AND solver = :x", SOLVER) == (
        "submitted"
    )
    assert desk.value("SELECT count(*) FROM fills WHERE canonical AND intent_hash = :x", row.intent) == 1


def test_a_fill_taken_back_leaves_its_intent_open_where_a_sibling_holds_the_nonce(
    desk: Desk, chain: WrittenChain, index: IndexChain
) -> None:
    row = desk.submitted()
    chain.mine(row.filled())
    index.run()
    sibling = desk.awarded(nonce=row.nonce)  # by a chain that had forked before the index knew
    chain.fork(1, "fork")
    chain.mine()
    chain.mine()
    index.run()
    assert desk.intent(row) == ("open", "reorged")
    assert desk.intent(sibling) == ("awarded", "awarded")
    assert not desk.is_live(row)
    # Its account nonce is to be used all the same, or whatever was sent after it would wait for ever.
    assert desk.value("SELECT state FROM settlements WHERE next_due_at IS NOT NULL") == "broadcast"
    chain.mine(row.filled())
    index.run()
    assert desk.intent(row) == ("settled", "settled")


def test_a_fork_that_comes_back_brings_its_fill_back(desk: Desk, chain: WrittenChain, index: IndexChain) -> None:
    row = desk.submitted()
    block = chain.mine(row.filled())
    index.run()
    chain.fork(1, "short-lived")
    chain.mine()
    index.run()
    assert desk.intent(row)[0] == "submitted"
    chain.fork(1, "main")
    chain.chain.append(block)
    chain.mine()
    index.run()
    assert desk.intent(row)[0] == "settled"


def test_an_endpoint_that_lags_rolls_nothing_back_and_a_fork_does_once_it_is_as_long(
    desk: Desk, chain: WrittenChain, index: IndexChain
) -> None:
    row = desk.submitted()
    chain.mine()
    chain.mine(row.filled())
    index.run()
    chain.fork(1, "cut")
    index.run()
    assert desk.intent(row)[0] == "settled"
    chain.mine()
    index.run()
    assert desk.intent(row)[0] == "submitted"
    assert desk.value("SELECT block_number FROM chain_cursor") == 2


def test_catching_up_by_range_meets_the_tip_by_hash(desk: Desk, chain: WrittenChain, index: IndexChain) -> None:
    early, late = desk.submitted(), desk.submitted()
    for _ in range(40):
        chain.mine()
    chain.mine(early.filled())
    for _ in range(100):
        chain.mine()
    chain.mine(late.filled())
    assert index.run() == 2
    assert desk.intent(early)[0] == desk.intent(late)[0] == "settled"
    assert desk.value("SELECT block_number FROM chain_cursor") == 142


def test_a_fill_is_final_once_and_only_behind_the_final_block(
    desk: Desk, chain: WrittenChain, index: IndexChain
) -> None:
    row = desk.submitted()
    chain.mine(row.filled())
    index.run()
    chain.mine()
    index.run()
    assert desk.intent(row) == ("settled", "settled")
    chain.final = 1
    chain.mine()
    index.run()
    chain.mine()
    index.run()
    assert desk.intent(row) == ("settled", "final")
    assert [kind for kind, _ in desk.changes(row)].count("intent.final") == 1


def test_a_solver_registers_moves_and_leaves(desk: Desk, chain: WrittenChain, index: IndexChain) -> None:
    key, new_key = Address(b"\x01" * 20), Address(b"\x02" * 20)
    chain.mine(SolverChanged(NOWHERE, SOLVER, True, key, "http://127.0.0.1:9/"))
    index.run()
    assert desk.value("SELECT endpoint FROM solvers WHERE active") == "http://127.0.0.1:9/"
    chain.mine(SolverChanged(NOWHERE, SOLVER, True, new_key, None))
    index.run()
    assert desk.value("SELECT count(*) FROM solvers WHERE signing_key = :x AND endpoint <> ''", new_key) == 1
    chain.mine(SolverChanged(NOWHERE, SOLVER, False, None, None))
    index.run()
    assert desk.value("SELECT active FROM solvers") is False
    chain.mine(SolverChanged(NOWHERE, SOLVER, False, None, None))  # nothing new in it
    index.run()
    assert _told(desk) == [(key, True, True), (new_key, True, True), (new_key, False, True)]


def test_each_of_many_solvers_is_told_of_its_own_change_by_one_statement(
    desk: Desk, chain: WrittenChain, index: IndexChain
) -> None:
    solvers = [Address(bytes([n]) * 20) for n in range(1, 21)]
    chain.mine(*(SolverChanged(NOWHERE, solver, True, solver, "") for solver in solvers))
    with statements(desk.database) as seen:
        index.run()
    assert sum("INTO solvers" in one for one in seen) == 1
    assert _told(desk) == [(solver, True, False) for solver in solvers]
    assert (
        desk.value(
            "SELECT count(DISTINCT solver) FROM outbox WHERE data ->> 'signing_key' = '0x' || encode(solver, 'hex')"
        )
        == 20
    )


def test_a_registration_in_a_lost_block_is_asked_for_again(desk: Desk, chain: WrittenChain, index: IndexChain) -> None:
    key, new_key = Address(b"\x01" * 20), Address(b"\x02" * 20)
    chain.mine(SolverChanged(NOWHERE, SOLVER, True, key, ""))
    chain.mine(SolverChanged(NOWHERE, SOLVER, True, new_key, None))
    index.run()
    chain.fork(1, "fork")
    chain.mine()
    chain.registry[SOLVER] = SolverChanged(NOWHERE, SOLVER, True, key, "")
    index.run()
    assert desk.value("SELECT count(*) FROM solvers WHERE signing_key = :x", key) == 1
    assert _told(desk) == [(new_key, True, False), (key, True, False)]


def test_a_roll_back_waits_for_the_registry_rather_than_leave_a_solver_as_it_was(
    desk: Desk, chain: WrittenChain, index: IndexChain
) -> None:
    key, new_key = Address(b"\x01" * 20), Address(b"\x02" * 20)
    chain.mine(SolverChanged(NOWHERE, SOLVER, True, key, ""))
    index.run()
    chain.fork(1, "fork")
    chain.mine()
    chain.registry[SOLVER] = SolverChanged(NOWHERE, SOLVER, True, new_key, "")
    chain.registry_is_away = True
    with pytest.raises(ChainUnavailable):
        index.run()
    assert desk.value("SELECT count(*) FROM blocks WHERE NOT canonical") == 0
    chain.registry_is_away = False
    index.run()
    assert desk.value("SELECT count(*) FROM solvers WHERE signing_key = :x", new_key) == 1
    assert desk.value("SELECT count(*) FROM blocks WHERE NOT canonical") == 1


def test_a_tick_costs_as_many_statements_for_a_fill_and_a_failure_as_for_fifty(
    desk: Desk, chain: WrittenChain, index: IndexChain
) -> None:
    counts = []
    for size in (2, 50):
        rows = [desk.submitted() for _ in range(size)]
        half = rows[: size // 2]
        chain.mine(*(row.filled() if row in half else row.failed("solver") for row in rows))
        with statements(desk.database) as seen:
            index.run()
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_expired_needs_an_indexed_block_past_the_deadline(desk: Desk, chain: WrittenChain, index: IndexChain) -> None:
    row = desk.submitted(deadline=1_002)
    expire = ExpireIntents(ExpiryStore(desk.database))
    assert expire.run() == 0
    chain.mine()
    chain.mine()
    index.run()
    assert expire.run() == 0  # the block at the deadline itself may still hold the fill
    chain.mine()
    index.run()
    assert expire.run() == 1
    assert desk.intent(row) == ("expired", "deadline_passed")
    assert not desk.is_live(row)
    assert desk.award(row) == "lapsed"
    assert expire.run() == 0
    assert desk.changes(row) == [("intent.expired", False)]


def test_an_intent_filled_at_its_deadline_does_not_expire(desk: Desk, chain: WrittenChain, index: IndexChain) -> None:
    row = desk.submitted(deadline=1_001)
    chain.mine(row.filled())
    chain.mine()
    index.run()
    assert ExpireIntents(ExpiryStore(desk.database)).run() == 0
    assert desk.intent(row)[0] == "settled"


def _told(desk: Desk) -> list[tuple[Address, bool, bool]]:
    """What solvers were told of their registration, each of its own alone."""
    with desk.database.transaction() as connection:
        rows = connection.execute(
            text("SELECT solver, data FROM outbox WHERE kind = 'solver.changed' ORDER BY id")
        ).all()
    assert all(row.solver is not None for row in rows)
    return [(Address(row.data["signing_key"]), row.data["active"], row.data["endpoint_set"]) for row in rows]
