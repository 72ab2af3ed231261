"""Accepting intents: checked against what the database knows, written with their events, by one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from intendly_sdk.messages import IntentState
from intendly_sdk.primitives import Hash32
from sqlalchemy import Row

from intendly.adapters.db.engine import Database
from intendly.adapters.db.prepared import Prepared
from intendly.domain.errors import NonceSpent, Refused, TooManyOpenIntents
from intendly.domain.intent import NewIntent
from intendly.services.ports import Accepted

# Which intents are new and allowed is decided and written by one statement, in a transaction of its own. An intent
# that is there already is found first: whatever became of it since is no reason to refuse it.
_ACCEPT = Prepared("""
    WITH input AS (
        SELECT * FROM unnest(
            CAST(:hash AS bytea[]), CAST(:swapper AS bytea[]), CAST(:nonce AS numeric[]),
            CAST(:token_in AS bytea[]), CAST(:amount_in AS numeric[]), CAST(:token_out AS bytea[]),
            CAST(:min_amount_out AS numeric[]), CAST(:receiver AS bytea[]), CAST(:deadline AS bigint[]),
            CAST(:valid_from AS bigint[]), CAST(:open_after AS bigint[]), CAST(:partner AS bytea[]),
            CAST(:partner_fee_bps AS integer[]), CAST(:app_data AS bytea[]), CAST(:signature AS bytea[]),
            CAST(:reason AS text[]), CAST(:due_in_s AS bigint[]), CAST(:told AS text[])
        ) WITH ORDINALITY AS i (
            hash, swapper, nonce, token_in, amount_in, token_out, min_amount_out, receiver, deadline, valid_from,
            open_after, partner, partner_fee_bps, app_data, signature, reason, due_in_s, told, position
        )
    ), seen AS (
        SELECT i.*, t.state AS known, t.created_at, s.nonce IS NOT NULL AS spent
        FROM input i
        LEFT JOIN LATERAL (SELECT state, created_at FROM intents WHERE hash = i.hash LIMIT 1) t ON true
        LEFT JOIN LATERAL (
            SELECT nonce FROM spent_nonces WHERE swapper = i.swapper AND nonce = i.nonce LIMIT 1
        ) s ON true
    ), open_now AS (
        SELECT w.swapper, held.count
        FROM (SELECT DISTINCT swapper FROM input) w
        CROSS JOIN LATERAL (
            SELECT count(*) FROM (
                SELECT FROM intents t
                WHERE t.swapper = w.swapper AND t.state IN ('open', 'awarded', 'submitted')
                LIMIT CAST(:open_max AS integer)
            ) t
        ) held
    ), fresh AS (
        SELECT s.*, o.count + row_number() OVER (PARTITION BY s.swapper ORDER BY s.position) AS nth
        FROM seen s JOIN open_now o USING (swapper)
        WHERE s.known IS NULL AND NOT s.spent
    ), written AS (
        INSERT INTO intents (
            hash, swapper, nonce, token_in, amount_in, token_out, min_amount_out, receiver, deadline, valid_from,
            open_after, partner, partner_fee_bps, app_data, signature, reason, next_due_at
        )
        SELECT hash, swapper, nonce, token_in, amount_in, token_out, min_amount_out, receiver, deadline, valid_from,
               open_after, partner, partner_fee_bps, app_data, signature, reason,
               statement_timestamp() + due_in_s * interval '1 second'
        FROM fresh WHERE nth <= CAST(:open_max AS integer)
        ORDER BY hash
        ON CONFLICT (hash) DO NOTHING
        RETURNING hash
    ), noted AS (
        INSERT INTO outbox (kind, intent_hash, swapper, data)
        SELECT 'intent.accepted', i.hash, i.swapper, i.told::jsonb
        FROM input i JOIN written w USING (hash)
        ORDER BY i.position
    )
    SELECT s.hash, s.known, s.spent, w.hash IS NOT NULL AS created,
           coalesce(f.nth > CAST(:open_max AS integer), false) AS over_cap,
           floor(extract(epoch FROM coalesce(s.created_at, statement_timestamp())))::bigint AS accepted_at
    FROM seen s
    LEFT JOIN fresh f ON f.position = s.position
    LEFT JOIN written w ON w.hash = s.hash
""")


class IntentStore:
    """Accepts signed intents that were checked. `open_max` is how many open intents a swapper may have.

    Two processes that accept for one swapper at the same moment may pass the cap by what one statement carries: it
    is there to bound the work, not to be exact.
    """

    def __init__(self, database: Database, *, open_max: int) -> None:
        self._database = database
        self._open_max = open_max

    def accept_many(self, new: Sequence[NewIntent]) -> list[Accepted | Refused]:
        """Commit the new ones with their events; one outcome for each, in order. Refused ones leave nothing behind.

        Safe to repeat. Of two that are the same intent the first is the one that created it.
        """
        unique = {one.hash: one for one in new}
        outcomes: dict[Hash32, Accepted | Refused] = {}
        # A twin that commits between this statement's snapshot and its insert is seen by the next one.
        while missing := [one for intent_hash, one in unique.items() if intent_hash not in outcomes]:
            outcomes |= self._accept(missing)
        answers: list[Accepted | Refused] = []
        for one in new:
            answers.append(outcomes[one.hash])
            outcomes[one.hash] = _again(outcomes[one.hash])
        return answers

    def _accept(self, new: Sequence[NewIntent]) -> dict[Hash32, Accepted | Refused]:
        with self._database.statement() as connection:
            rows = _ACCEPT.all(connection, _columns(new) | {"open_max": self._open_max})
        outcomes = {Hash32(row.hash): self._outcome(row) for row in rows}
        return {intent_hash: outcome for intent_hash, outcome in outcomes.items() if outcome is not None}

    def _outcome(self, row: Row[Any]) -> Accepted | Refused | None:
        if row.known is not None:
            return Accepted(IntentState(row.known), created=False, accepted_at=row.accepted_at)
        if row.created:
            return Accepted(IntentState.OPEN, created=True, accepted_at=row.accepted_at)
        if row.spent:
            return NonceSpent("Permit2 shows this nonce as used; sign with another one", field="intent.nonce")
        if row.over_cap:
            return TooManyOpenIntents(
                f"expected at most {self._open_max} open intents of one swapper; wait until one ends",
                field="intent.swapper",
            )
        return None


def _again(outcome: Accepted | Refused) -> Accepted | Refused:
    return replace(outcome, created=False) if isinstance(outcome, Accepted) else outcome


def _columns(new: Sequence[NewIntent]) -> dict[str, Any]:
    signed = [one.signed.intent for one in new]
    return {
        "hash": [bytes(one.hash) for one in new],
        "swapper": [bytes(intent.swapper) for intent in signed],
        "nonce": [intent.nonce for intent in signed],
        "token_in": [bytes(intent.token_in) for intent in signed],
        "amount_in": [intent.amount_in for intent in signed],
        "token_out": [bytes(intent.token_out) for intent in signed],
        "min_amount_out": [intent.min_amount_out for intent in signed],
        "receiver": [bytes(intent.receiver) for intent in signed],
        "deadline": [intent.deadline for intent in signed],
        "valid_from": [intent.valid_from for intent in signed],
        "open_after": [intent.open_after for intent in signed],
        "partner": [bytes(intent.partner) for intent in signed],
        "partner_fee_bps": [intent.partner_fee_bps for intent in signed],
        "app_data": [bytes(intent.app_data) for intent in signed],
        "signature": [bytes(one.signed.signature) for one in new],
        "reason": [str(one.reason) for one in new],
        "due_in_s": [one.due_in_s for one in new],
        "told": [f'{{"intent":{one.signed.intent.model_dump_json()}}}' for one in new],
    }
