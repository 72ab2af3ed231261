"""The outbox on a real database."""

from __future__ import annotations

import pytest
from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Address, Hash32

from intendly.adapters.db import outbox
from intendly.domain.events import Change
from tests.integration.desk import Desk
from tests.integration.statements import statements

pytestmark = pytest.mark.integration


def test_changes_are_written_in_their_order_by_one_statement_however_many(desk: Desk) -> None:
    changes = [
        Change(
            EventKind.INTENT_ACCEPTED,
            Hash32(number.to_bytes(32, "big")),
            swapper=Address(b"\x5a" * 20),
            data={"number": number, "text": '{"a", NULL}\\ é'},
        )
        for number in range(3_000)
    ]
    with statements(desk.database) as seen, desk.database.transaction() as connection:
        outbox.record(connection, changes)
    assert len(seen) == 1
    with desk.database.transaction() as connection:
        rows = connection.exec_driver_sql("SELECT kind, intent_hash, auction_id, swapper, data FROM outbox ORDER BY id")
        told = [(kind, bytes(name), auction, bytes(who), data) for kind, name, auction, who, data in rows]
    assert told == [(one.kind, one.intent_hash, None, one.swapper, one.data) for one in changes]
