"""What a client must know to sign for this venue, and the limits that it is held to."""

from __future__ import annotations

from intendly_sdk import eip712_json
from intendly_sdk.messages import ConfigView
from intendly_sdk.primitives import Address

from intendly.domain.deployment import Deployment
from intendly.settings import Settings


def describe_venue(
    settings: Settings, deployment: Deployment, receipt_signer: Address, paused: str | None
) -> ConfigView:
    """The answer of GET /config: all but `paused`, the reason of a pause, changes only with a restart."""
    return ConfigView(
        chain_id=deployment.chain_id,
        settlement=deployment.settlement,
        registry=deployment.registry,
        permit2=deployment.permit2,
        wrapped_native=deployment.wrapped_native,
        domain=eip712_json.settlement_domain(deployment.domain),
        permit2_domain=eip712_json.permit2_domain(deployment.chain_id),
        intent_types=eip712_json.INTENT_TYPES,
        house_fee_bps=settings.house_fee_bps,
        max_fee_bps=deployment.max_fee_bps,
        max_partner_fee_bps=deployment.max_partner_fee_bps,
        auction_window_ms=settings.auction_window_ms,
        auction_min_ms=settings.auction_min_ms,
        award_validity_s=settings.award_validity_s,
        deadline_max_s=settings.deadline_max_s,
        open_intents_max=settings.open_intents_max,
        body_max_bytes=settings.body_max_bytes,
        batch_max=settings.batch_max,
        batch_body_max_bytes=settings.batch_body_max_bytes,
        receipt_signer=receipt_signer,
        stream_url=settings.stream_url,
        paused=paused,
    )
