"""Each award goes out in exactly one transaction, whatever ends the process between two steps."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import IntegrityError

from intendly.adapters.db.lanes import LaneStore
from intendly.adapters.db.settlements import SettlementStore
from intendly.services.submit_settlements import SubmitSettlements
from tests.integration.desk import LANE, Desk, Nudged
from tests.integration.settlements.conftest import Crash, ScriptedNode

pytestmark = pytest.mark.integration


def _expire_lease(desk: Desk) -> None:
    desk.execute("UPDATE lanes SET leased_until = clock_timestamp() - interval '1 second'")


def test_a_due_award_goes_out_once(desk: Desk, node: ScriptedNode, submit: SubmitSettlements) -> None:
    row = desk.awarded()
    assert submit.run() == 1
    assert submit.run() == 0
    assert len(node.sent) == 1
    assert desk.intent(row) == ("submitted", "submitted")
    assert desk.award(row) == "submitted"
    assert desk.is_live(row)
    assert desk.changes(row) == [("intent.submitted", False)]
    assert desk.value("SELECT state FROM settlements") == "broadcast"


def test_the_lane_begins_at_the_accounts_nonce_and_counts_on_by_itself(
    desk: Desk, node: ScriptedNode, submit: SubmitSettlements
) -> None:
    desk.awarded()
    submit.run()
    node.next_nonce = 3  # a node that lags is not asked again
    desk.awarded()
    submit.run()
    assert desk.value("SELECT array_agg(nonce ORDER BY nonce) FROM settlements") == [7, 8]


def test_an_award_without_its_signature_waits(desk: Desk, node: ScriptedNode, submit: SubmitSettlements) -> None:
    desk.awarded(signed=False)
    assert submit.run() == 0
    assert node.sent == []


@pytest.mark.parametrize("point", ["before signing", "before broadcast", "after broadcast"])
def test_a_crash_at_any_point_ends_in_one_transaction(
    desk: Desk, node: ScriptedNode, submitter: Callable[[str], SubmitSettlements], point: str
) -> None:
    row = desk.awarded()
    node.crash_at = point
    with pytest.raises(Crash):
        submitter("first").run()
    _expire_lease(desk)
    node.next_nonce = 99
    submitter("second").run()
    assert len(set(node.sent)) == 1
    assert desk.value("SELECT count(*) FROM settlements") == 1
    assert desk.value("SELECT count(*) FROM attempts") == 1
    assert desk.intent(row)[0] == "submitted"
    assert submitter("third").run() == 0


def test_a_lane_has_one_owner_at_a_time(
    desk: Desk, node: ScriptedNode, submitter: Callable[[str], SubmitSettlements]
) -> None:
    lanes = LaneStore(desk.database)
    lanes.open(LANE, 0)
    assert lanes.claim(LANE, "another", 60) is not None
    desk.awarded()
    assert submitter("first").run() == 0
    assert node.sent == []
    _expire_lease(desk)
    assert submitter("first").run() == 1


def test_an_owner_whose_lease_was_taken_over_cannot_reserve(desk: Desk, store: SettlementStore) -> None:
    row = desk.awarded()
    lanes = LaneStore(desk.database)
    lanes.open(LANE, 0)
    old = lanes.claim(LANE, "old", 60)
    _expire_lease(desk)
    new = lanes.claim(LANE, "new", 60)
    assert old is not None
    assert new is not None
    assert not store.reserve(old, [row.bid], b"", 1)
    assert store.reserve(new, [row.bid], b"", 1)


def test_many_submitters_at_once_send_each_award_once(
    desk: Desk, node: ScriptedNode, submitter: Callable[[str], SubmitSettlements]
) -> None:
    rows = [desk.awarded() for _ in range(10)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: submitter(f"owner {n}").run(), range(12)))
    assert all(desk.intent(row)[0] == "submitted" for row in rows)
    assert desk.value("SELECT count(*) FROM settlement_legs") == 10
    assert len(node.sent) == len(set(node.sent)) == desk.value("SELECT count(*) FROM settlements")


@pytest.mark.parametrize(("size", "batches"), [(2_000, [6, 12, 12]), (24_000, [5] * 6)], ids=["gas", "calldata"])
def test_a_batch_keeps_to_what_one_transaction_takes(
    desk: Desk, node: ScriptedNode, submit: SubmitSettlements, size: int, batches: list[int]
) -> None:
    node.bundle_size = size
    for _ in range(30):
        desk.awarded()
    assert submit.run() == len(batches)
    counts = desk.value("SELECT array_agg(n) FROM (SELECT count(*) AS n FROM settlement_legs GROUP BY settlement_id) x")
    assert isinstance(counts, list)
    assert sorted(counts) == batches


def test_an_award_that_would_be_void_when_mined_lapses(
    desk: Desk, node: ScriptedNode, submit: SubmitSettlements, nudged: Nudged
) -> None:
    late, good = desk.awarded(exclusive_until=1_002), desk.awarded(exclusive_until=1_003)
    assert submit.run() == 2
    assert (desk.intent(late), desk.award(late)) == (("open", "award_lapsed"), "lapsed")
    assert desk.intent(good)[0] == "submitted"
    assert desk.changes(late) == [("intent.reopened", False)]
    assert desk.value("SELECT count(*) FROM intents WHERE state = 'open' AND next_due_at IS NOT NULL") == 1
    assert (nudged.tasks, nudged.work) == (["auctions.open"], 1)


def test_a_node_that_refuses_leaves_the_settlement_to_be_looked_after(
    desk: Desk, node: ScriptedNode, submit: SubmitSettlements
) -> None:
    node.refuses = "insufficient funds"
    desk.awarded()
    assert submit.run() == 1
    assert desk.value("SELECT next_due_at IS NOT NULL FROM settlements WHERE state = 'broadcast'") is True


def test_the_tables_let_a_swapper_nonce_have_one_live_settlement(desk: Desk) -> None:
    desk.submitted()
    second = desk.submitted()
    with pytest.raises(IntegrityError, match="uq_settlement_legs_live_nonce"):
        desk.execute(f"UPDATE settlement_legs SET nonce = nonce - 1 WHERE intent_hash = '\\x{second.intent.hex()}'")
    with pytest.raises(IntegrityError, match="uq_intents_live_nonce"):
        desk.execute(f"UPDATE intents SET nonce = nonce - 1 WHERE hash = '\\x{second.intent.hex()}'")
