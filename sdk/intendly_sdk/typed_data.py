"""The EIP-712 digests of everything that is signed, packed by hand (design: What is signed).

Every function returns the full digest, keccak256(0x1901 ‖ domain separator ‖ struct hash). The layouts are
fixed, so packing them is several times faster than a general encoder; the test vectors hold them to
eth-account, viem and the contracts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import Address, Hash32

if TYPE_CHECKING:
    from intendly_sdk.messages import Award, Bid, Intent

PERMIT2 = Address("0x000000000022D473030F116dDEE9F6B43aC78BA3")

TOKEN_PERMISSIONS_TYPE = "TokenPermissions(address token,uint256 amount)"  # noqa: S105
INTENT_TYPE = (
    "Intent(address swapper,address tokenOut,uint256 minAmountOut,address receiver,uint256 validFrom,"
    "uint256 openAfter,address partner,uint256 partnerFeeBps,bytes32 appData)"
)
PERMIT_TYPE = (
    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
    "Intent witness)" + INTENT_TYPE + TOKEN_PERMISSIONS_TYPE
)
LEG_TYPE = "Leg(bytes32 intentHash,uint256 amountOut,uint256 fee)"
BID_TYPE = (
    "Bid(Leg[] legs,bytes32 auctionId,address solver,address executor,uint256 validUntil,bytes32 callDataHash,"
    "uint256 gasLimit,uint256 penalty)" + LEG_TYPE
)
AWARD_TYPE = "Award(bytes32 bidHash,bytes32 transcriptRoot,uint256 exclusiveUntil)"
INTENT_RECEIPT_TYPE = "IntentReceipt(bytes32 intentHash,uint256 acceptedAt,bytes32 auctionId)"
CANCEL_TYPE = "Cancel(bytes32 intentHash)"
CANCEL_RECEIPT_TYPE = "CancelReceipt(bytes32 intentHash,uint256 notAfter)"
BID_RECEIPT_TYPE = "BidReceipt(bytes32 bidHash,uint256 receivedAt)"
STREAM_LOGIN_TYPE = "StreamLogin(address solver,bytes32 challenge,uint256 expiresAt)"

(
    _PERMIT,
    _TOKEN_PERMISSIONS,
    _INTENT,
    _LEG,
    _BID,
    _AWARD,
    _INTENT_RECEIPT,
    _CANCEL,
    _CANCEL_RECEIPT,
    _BID_RECEIPT,
    _STREAM_LOGIN,
) = (
    keccak(text.encode())
    for text in (
        PERMIT_TYPE,
        TOKEN_PERMISSIONS_TYPE,
        INTENT_TYPE,
        LEG_TYPE,
        BID_TYPE,
        AWARD_TYPE,
        INTENT_RECEIPT_TYPE,
        CANCEL_TYPE,
        CANCEL_RECEIPT_TYPE,
        BID_RECEIPT_TYPE,
        STREAM_LOGIN_TYPE,
    )
)
_PAD = bytes(12)


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature counts: one chain, and one Settlement on it."""

    chain_id: int
    settlement: Address

    @property
    def separator(self) -> bytes:
        """Settlement's own EIP-712 domain separator: name "Intendly", version "1"."""
        return _settlement_separator(self.chain_id, self.settlement)

    @property
    def permit2_separator(self) -> bytes:
        """Permit2's domain separator on this chain: name "Permit2", no version."""
        return _permit2_separator(self.chain_id)


def domain_separator(name: str, version: str, chain_id: int, contract: Address) -> bytes:
    """The EIP-712 domain separator of a contract with name and version, as most have."""
    kind = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    return keccak(kind + keccak(name.encode()) + keccak(version.encode()) + _uint(chain_id) + _PAD + contract)


@lru_cache(maxsize=64)
def _settlement_separator(chain_id: int, settlement: Address) -> bytes:
    return domain_separator("Intendly", "1", chain_id, settlement)


@lru_cache(maxsize=64)
def _permit2_separator(chain_id: int) -> bytes:
    kind = keccak(b"EIP712Domain(string name,uint256 chainId,address verifyingContract)")
    return keccak(kind + keccak(b"Permit2") + _uint(chain_id) + _PAD + PERMIT2)


def _uint(value: int) -> bytes:
    return value.to_bytes(32, "big")


def _digest(separator: bytes, struct_hash: bytes) -> Hash32:
    return Hash32(keccak(b"\x19\x01" + separator + struct_hash))


def witness_hash(intent: Intent) -> bytes:
    """The struct hash of Permit2's witness, the `Intent`."""
    return keccak(
        b"".join(
            (
                _INTENT,
                _PAD,
                intent.swapper,
                _PAD,
                intent.token_out,
                _uint(intent.min_amount_out),
                _PAD,
                intent.receiver,
                _uint(intent.valid_from),
                _uint(intent.open_after),
                _PAD,
                intent.partner,
                _uint(intent.partner_fee_bps),
                intent.app_data,
            )
        )
    )


def intent_hash(intent: Intent) -> Hash32:
    """The digest that the swapper signs, and the intent's name everywhere: Permit2's PermitWitnessTransferFrom."""
    permitted = keccak(_TOKEN_PERMISSIONS + _PAD + intent.token_in + _uint(intent.amount_in))
    struct = keccak(
        b"".join(
            (
                _PERMIT,
                permitted,
                _PAD,
                intent.spender,
                _uint(intent.nonce),
                _uint(intent.deadline),
                witness_hash(intent),
            )
        )
    )
    return _digest(_permit2_separator(intent.chain_id), struct)


def bid_hash(bid: Bid, domain: Domain) -> Hash32:
    """The digest that the solver signs; the bid's name everywhere."""
    legs = b"".join(keccak(_LEG + leg.intent_hash + _uint(leg.amount_out) + _uint(leg.fee)) for leg in bid.legs)
    struct = keccak(
        b"".join(
            (
                _BID,
                keccak(legs),
                bid.auction_id,
                _PAD,
                bid.solver,
                _PAD,
                bid.executor,
                _uint(bid.valid_until),
                bid.call_data_hash,
                _uint(bid.gas_limit),
                _uint(bid.penalty),
            )
        )
    )
    return _digest(domain.separator, struct)


def award_digest(award: Award, domain: Domain) -> Hash32:
    """The digest that the auctioneer signs: who won, until when the win is exclusive."""
    struct = keccak(_AWARD + award.bid_hash + award.transcript_root + _uint(award.exclusive_until))
    return _digest(domain.separator, struct)


def intent_receipt_digest(intent: Hash32, accepted_at: int, auction: Hash32, domain: Domain) -> Hash32:
    """The digest of the venue's receipt for an intent, `accepted_at` in unix seconds."""
    return _digest(domain.separator, keccak(_INTENT_RECEIPT + intent + _uint(accepted_at) + auction))


def cancel_digest(intent: Hash32, domain: Domain) -> Hash32:
    """The digest of a swapper's free cancel."""
    return _digest(domain.separator, keccak(_CANCEL + intent))


def cancel_receipt_digest(intent: Hash32, not_after: int, domain: Domain) -> Hash32:
    """The digest of the auctioneer's answer to a cancel: no award fills the intent after `not_after` (seconds)."""
    return _digest(domain.separator, keccak(_CANCEL_RECEIPT + intent + _uint(not_after)))


def bid_receipt_digest(bid: Hash32, received_at: int, domain: Domain) -> Hash32:
    """The digest of the auctioneer's receipt for a bid, `received_at` in unix seconds."""
    return _digest(domain.separator, keccak(_BID_RECEIPT + bid + _uint(received_at)))


def stream_login_digest(solver: Address, challenge: Hash32, expires_at: int, domain: Domain) -> Hash32:
    """The digest by which a solver logs in to the stream, `expires_at` in unix seconds."""
    return _digest(domain.separator, keccak(_STREAM_LOGIN + _PAD + solver + challenge + _uint(expires_at)))
