"""The same typed data as JSON, for `eth_signTypedData_v4` and every library that takes its form.

The types are read from the type strings of `typed_data`, so that there is one source. Integers of 256 bits are
decimal strings, which wallets accept and JSON keeps exact.
"""

from __future__ import annotations

import re
from typing import Any

from intendly_sdk import typed_data
from intendly_sdk.messages import Award, Bid, Intent
from intendly_sdk.primitives import UINT256_MAX, Address, Hash32
from intendly_sdk.typed_data import PERMIT2, Domain

_STRUCT = re.compile(r"(\w+)\(([^)]*)\)")
TOKEN_PERMIT_TYPE = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"  # noqa: S105
"""EIP-2612's, of the tokens that have one."""
_DOMAIN_FIELDS = {
    "name": "string",
    "version": "string",
    "chainId": "uint256",
    "verifyingContract": "address",
}


def types_of(type_string: str) -> dict[str, list[dict[str, str]]]:
    """The structs of an EIP-712 type string: name -> fields, in order."""
    return {
        name: [{"name": field, "type": kind} for kind, field in (pair.split(" ") for pair in fields.split(","))]
        for name, fields in _STRUCT.findall(type_string)
    }


INTENT_TYPES = types_of(typed_data.PERMIT_TYPE)
"""The types of what a swapper signs, without the domain's."""


def permit2_domain(chain_id: int) -> dict[str, Any]:
    """Permit2's EIP-712 domain on a chain. It has no version."""
    return {"name": "Permit2", "chainId": chain_id, "verifyingContract": PERMIT2.checksum}


def settlement_domain(domain: Domain) -> dict[str, Any]:
    """Settlement's EIP-712 domain."""
    return {
        "name": "Intendly",
        "version": "1",
        "chainId": domain.chain_id,
        "verifyingContract": domain.settlement.checksum,
    }


def to_typed_data(intent: Intent) -> dict[str, Any]:
    """What a swapper's wallet signs: Permit2's PermitWitnessTransferFrom with the intent as its witness."""
    message = {
        "permitted": {"token": intent.token_in.checksum, "amount": str(intent.amount_in)},
        "spender": intent.spender.checksum,
        "nonce": str(intent.nonce),
        "deadline": str(intent.deadline),
        "witness": {
            "swapper": intent.swapper.checksum,
            "tokenOut": intent.token_out.checksum,
            "minAmountOut": str(intent.min_amount_out),
            "receiver": intent.receiver.checksum,
            "validFrom": str(intent.valid_from),
            "openAfter": str(intent.open_after),
            "partner": intent.partner.checksum,
            "partnerFeeBps": str(intent.partner_fee_bps),
            "appData": str(intent.app_data),
        },
    }
    return _payload(permit2_domain(intent.chain_id), typed_data.PERMIT_TYPE, message)


def bid_to_typed_data(bid: Bid, domain: Domain) -> dict[str, Any]:
    """What a solver signs to bid."""
    message = {
        "legs": [
            {"intentHash": str(leg.intent_hash), "amountOut": str(leg.amount_out), "fee": str(leg.fee)}
            for leg in bid.legs
        ],
        "auctionId": str(bid.auction_id),
        "solver": bid.solver.checksum,
        "executor": bid.executor.checksum,
        "validUntil": str(bid.valid_until),
        "callDataHash": str(bid.call_data_hash),
        "gasLimit": str(bid.gas_limit),
        "penalty": str(bid.penalty),
    }
    return _payload(settlement_domain(domain), typed_data.BID_TYPE, message)


def award_to_typed_data(award: Award, domain: Domain) -> dict[str, Any]:
    """What the auctioneer signs to name the winner."""
    message = {
        "bidHash": str(award.bid_hash),
        "transcriptRoot": str(award.transcript_root),
        "exclusiveUntil": str(award.exclusive_until),
    }
    return _payload(settlement_domain(domain), typed_data.AWARD_TYPE, message)


def intent_receipt_to_typed_data(intent: Hash32, accepted_at: int, auction: Hash32, domain: Domain) -> dict[str, Any]:
    """What the venue signs to say that an intent is committed; `accepted_at` in unix seconds."""
    message = {"intentHash": str(intent), "acceptedAt": str(accepted_at), "auctionId": str(auction)}
    return _payload(settlement_domain(domain), typed_data.INTENT_RECEIPT_TYPE, message)


def cancel_to_typed_data(intent: Hash32, domain: Domain) -> dict[str, Any]:
    """What a swapper signs to cancel, free of charge."""
    return _payload(settlement_domain(domain), typed_data.CANCEL_TYPE, {"intentHash": str(intent)})


def cancel_receipt_to_typed_data(intent: Hash32, not_after: int, domain: Domain) -> dict[str, Any]:
    """What the auctioneer answers to a cancel with; `not_after` in unix seconds."""
    message = {"intentHash": str(intent), "notAfter": str(not_after)}
    return _payload(settlement_domain(domain), typed_data.CANCEL_RECEIPT_TYPE, message)


def bid_receipt_to_typed_data(bid: Hash32, received_at: int, domain: Domain) -> dict[str, Any]:
    """What the auctioneer answers to a bid with; `received_at` in unix seconds."""
    message = {"bidHash": str(bid), "receivedAt": str(received_at)}
    return _payload(settlement_domain(domain), typed_data.BID_RECEIPT_TYPE, message)


def stream_login_to_typed_data(solver: Address, challenge: Hash32, expires_at: int, domain: Domain) -> dict[str, Any]:
    """What a solver signs to log in to the stream; `expires_at` in unix seconds."""
    message = {"solver": solver.checksum, "challenge": str(challenge), "expiresAt": str(expires_at)}
    return _payload(settlement_domain(domain), typed_data.STREAM_LOGIN_TYPE, message)


def token_permit_to_typed_data(
    domain: dict[str, Any], owner: Address, nonce: int, deadline: int, value: int = UINT256_MAX
) -> dict[str, Any]:
    """What lets Permit2 take `value`, or any amount, of this domain's EIP-2612 token; `deadline` in unix seconds."""
    message = {
        "owner": owner.checksum,
        "spender": PERMIT2.checksum,
        "value": str(value),
        "nonce": str(nonce),
        "deadline": str(deadline),
    }
    return _payload(domain, TOKEN_PERMIT_TYPE, message)


def _payload(domain: dict[str, Any], type_string: str, message: dict[str, Any]) -> dict[str, Any]:
    structs = types_of(type_string)
    domain_type = [{"name": name, "type": kind} for name, kind in _DOMAIN_FIELDS.items() if name in domain]
    primary = next(iter(structs))
    return {
        "types": {"EIP712Domain": domain_type, **structs},
        "primaryType": primary,
        "domain": domain,
        "message": message,
    }
