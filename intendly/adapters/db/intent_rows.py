"""From a row of `intents` back to the intent that was signed."""

from __future__ import annotations

from typing import Any

from intendly_sdk.messages import Intent
from intendly_sdk.primitives import Address, Hash32

from intendly.domain.deployment import Deployment


def intent_of(row: Any, deployment: Deployment) -> Intent:
    """The intent that the row holds. It was checked when it was written, so it is not checked again."""
    return Intent.model_construct(
        chain_id=deployment.chain_id,
        spender=deployment.settlement,
        swapper=Address(row.swapper),
        token_in=Address(row.token_in),
        amount_in=int(row.amount_in),
        token_out=Address(row.token_out),
        min_amount_out=int(row.min_amount_out),
        receiver=Address(row.receiver),
        nonce=int(row.nonce),
        deadline=row.deadline,
        valid_from=row.valid_from,
        open_after=row.open_after,
        partner=Address(row.partner),
        partner_fee_bps=row.partner_fee_bps,
        app_data=Hash32(row.app_data),
    )
