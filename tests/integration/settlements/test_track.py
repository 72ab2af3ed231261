"""A settlement ends as the chain says, by receipts and nonces."""

from __future__ import annotations

import pytest

from intendly.domain.errors import ChainUnavailable
from intendly.services.submit_settlements import SubmitSettlements
from intendly.services.track_settlements import TrackSettlements
from tests.integration.desk import Desk, Row
from tests.integration.settlements.conftest import ScriptedNode
from tests.integration.statements import statements

pytestmark = pytest.mark.integration


@pytest.fixture
def sent(desk: Desk, submit: SubmitSettlements) -> Row:
    row = desk.awarded()
    submit.run()
    return row


def _due(desk: Desk, age_s: int = 0) -> None:
    desk.execute("UPDATE settlements SET next_due_at = statement_timestamp() WHERE next_due_at IS NOT NULL")
    desk.execute(f"UPDATE attempts SET created_at = created_at - interval '{age_s} seconds'")


def _state(desk: Desk) -> object:
    return desk.value("SELECT state FROM settlements")


def test_mined_then_final(desk: Desk, node: ScriptedNode, track: TrackSettlements, sent: Row) -> None:
    node.mine(node.sent[0], block=5)
    _due(desk)
    assert track.run() == 1
    assert _state(desk) == "mined"
    node.final_number = 5
    _due(desk)
    assert track.run() == 1
    assert _state(desk) == "final"
    assert desk.value("SELECT next_due_at FROM settlements") is None


def test_a_tick_takes_as_many_statements_for_five_mined_settlements_as_for_one(
    desk: Desk, node: ScriptedNode, submit: SubmitSettlements, track: TrackSettlements
) -> None:
    counts = []
    for size in (1, 5):
        before = len(node.sent)
        for _ in range(size):
            desk.awarded()
            submit.run()
        for number, raw in enumerate(node.sent[before:]):
            node.mine(raw, block=5 + number)
        _due(desk)
        with statements(desk.database) as seen:
            assert track.run() == size
        counts.append(len(seen))
    assert counts[0] == counts[1]
    blocks = "SELECT string_agg(block_number::text, ' ' ORDER BY nonce) FROM settlements WHERE state = 'mined'"
    assert desk.value(blocks) == "5 5 6 7 8 9"


def test_nothing_due_asks_nobody(desk: Desk, node: ScriptedNode, track: TrackSettlements, sent: Row) -> None:
    desk.execute("UPDATE settlements SET next_due_at = statement_timestamp() + interval '1 minute'")
    assert track.run() == 0
    assert len(node.sent) == 1


def test_a_chain_that_is_away_delays_no_look_longer_than_that(
    desk: Desk, node: ScriptedNode, track: TrackSettlements, sent: Row
) -> None:
    node.is_away = True
    _due(desk)
    with pytest.raises(ChainUnavailable):
        track.run()
    assert desk.value("SELECT next_due_at < statement_timestamp() + interval '2 seconds' FROM settlements") is True


def test_what_the_node_forgot_is_sent_again_as_it_was(
    desk: Desk, node: ScriptedNode, track: TrackSettlements, sent: Row
) -> None:
    _due(desk)
    track.run()
    assert node.sent == [node.sent[0]] * 2


def test_what_waits_too_long_offers_an_eighth_more_under_the_same_nonce(
    desk: Desk, node: ScriptedNode, track: TrackSettlements, sent: Row
) -> None:
    _due(desk, age_s=10)
    track.run()
    assert len(set(node.sent)) == 2
    assert desk.value("SELECT max_fee_per_gas FROM attempts WHERE n = 2") == 113
    assert desk.value("SELECT max_priority_fee_per_gas FROM attempts WHERE n = 2") == 2
    assert desk.value("SELECT count(*) FROM settlements") == 1
    node.mine(node.sent[0], block=9)  # the first one made it after all
    _due(desk)
    track.run()
    assert _state(desk) == "mined"


def test_a_reorg_sends_it_again(desk: Desk, node: ScriptedNode, track: TrackSettlements, sent: Row) -> None:
    node.mine(node.sent[0], block=5)
    _due(desk)
    track.run()
    node.mined.clear()
    _due(desk)
    track.run()
    assert _state(desk) == "broadcast"
    assert node.sent[-1] == node.sent[0]


def test_a_revert_opens_the_intent_only_once_it_is_final(
    desk: Desk, node: ScriptedNode, track: TrackSettlements, sent: Row
) -> None:
    node.mine(node.sent[0], block=5, succeeded=False)
    _due(desk)
    track.run()
    assert desk.intent(sent)[0] == "submitted"
    node.final_number = 5
    _due(desk)
    track.run()
    assert (_state(desk), desk.intent(sent)) == ("failed", ("open", "settlement_failed"))
    assert not desk.is_live(sent)
    assert desk.award(sent) == "failed"
    assert desk.changes(sent)[-1] == ("intent.reopened", False)
    assert desk.value("SELECT count(*) FROM left_out") == 0


def test_a_nonce_that_another_transaction_took_for_good(
    desk: Desk, node: ScriptedNode, track: TrackSettlements, sent: Row
) -> None:
    node.spent_for_good = 7
    _due(desk)
    track.run()
    assert _state(desk) == "broadcast"
    node.spent_for_good = 8
    _due(desk)
    track.run()
    assert (_state(desk), desk.intent(sent)[0]) == ("replaced", "open")


def test_a_settled_intent_is_not_opened_by_a_replaced_settlement(
    desk: Desk, node: ScriptedNode, track: TrackSettlements, sent: Row
) -> None:
    desk.execute("UPDATE intents SET state = 'settled'")
    node.spent_for_good = 8
    _due(desk)
    track.run()
    assert desk.intent(sent)[0] == "settled"
