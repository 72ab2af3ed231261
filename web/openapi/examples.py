"""One trade, told in the messages of the API: every example of the document, really signed, by keys that all may know.

The same words always give the same bytes, so the document has one form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from intendly_sdk import eip712_json
from intendly_sdk.calls import approve_permit2, spend_nonce
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import (
    AuctionBid,
    AuctionIntent,
    AuctionState,
    AuctionView,
    Bid,
    BidAccepted,
    BidFate,
    BidOutcome,
    BidOutcomes,
    Cancel,
    CancelReceipt,
    ConfigView,
    Event,
    EventKind,
    FillView,
    Intent,
    IntentOutcome,
    IntentOutcomes,
    IntentPage,
    IntentState,
    IntentStatus,
    IntentView,
    Leg,
    Permit2Standing,
    Problem,
    QuoteKind,
    QuoteRequest,
    QuoteSource,
    QuoteView,
    Receipt,
    RosterAnswer,
    SignedBid,
    SignedIntent,
    SolverPage,
    SolverView,
    TokenView,
)
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import PERMIT2, Domain, cancel_digest, cancel_receipt_digest, intent_receipt_digest
from pydantic import BaseModel

from intendly.domain.bid import closed
from intendly.domain.errors import AmountInvalid
from intendly.domain.opening import FIRST_VERSION, auction_id_of
from intendly.domain.reasons import WORDS, Reason
from web.problems import problem_of
from web.tokens import Tokens

SWAPPER: Final = Signer(keccak(b"an example's swapper"))
SOLVER: Final = Signer(keccak(b"an example's solver"))
RECEIPTS: Final = Signer(keccak(b"an example's receipts"))
DOMAIN: Final = Domain(chain_id=196, settlement=Address("0x" + "5e" * 20))
_WOKB: Final = Address("0xe538905cf8410324e03a5a23c1c177a474d59b2b")
_USDC: Final = Address("0x74b7f16337b8972027f6196a17a631ac6de26d22")
_NOW: Final = 1_800_000_000
_FEE: Final = 75_000


def examples() -> Mapping[type[BaseModel], BaseModel]:
    """An example of each message that a request or an answer is."""
    intent = _intent()
    bid = _bid(intent)
    view = IntentView(
        intent_hash=intent.hash,
        intent=intent,
        state=IntentState.SETTLED,
        version=4,
        created_at=_NOW * 1_000,
        auction_id=bid.bid.auction_id,
        fill=_fill(bid),
    )
    accepted = BidAccepted(bid_hash=bid.bid.hash(DOMAIN), auction_id=bid.bid.auction_id, created=True)
    solver = SolverView(address=SOLVER.address, signing_key=SOLVER.address, active=True, asked_over="stream")
    told: tuple[BaseModel, ...] = (
        _asked(intent),
        _quote(intent),
        SignedIntent(intent=intent, signature=SWAPPER.sign(intent.hash)),
        _receipt(intent),
        IntentOutcomes(outcomes=(IntentOutcome(receipt=_receipt(intent)), IntentOutcome(problem=_refused()))),
        Cancel(signature=SWAPPER.sign(cancel_digest(intent.hash, DOMAIN))),
        _cancel_receipt(intent),
        view,
        IntentPage(intents=(view,), next=f"{_NOW}000000-{intent.hash.hex()}"),
        _status(intent, bid),
        bid,
        accepted,
        BidOutcomes(outcomes=(BidOutcome(accepted=accepted), BidOutcome(problem=problem_of(closed())))),
        _auction(intent, bid),
        solver,
        SolverPage(solvers=(solver,)),
        _config(),
        Tokens((TokenView(address=_USDC, symbol="USDC", name="USD Coin", decimals=6, gas_fee=50_000),)),
    )
    return {type(one): one for one in told}


def heard() -> Event:
    """An example of what the stream tells."""
    intent = _intent()
    return Event(
        cursor="1-4711",
        kind=EventKind.INTENT_ACCEPTED,
        at=_NOW * 1_000,
        intent_hash=intent.hash,
        swapper=intent.swapper,
    )


def _intent() -> Intent:
    return Intent(
        chain_id=DOMAIN.chain_id,
        spender=DOMAIN.settlement,
        swapper=SWAPPER.address,
        token_in=_WOKB,
        amount_in=10**18,
        token_out=_USDC,
        min_amount_out=50 * 10**6,
        receiver=SWAPPER.address,
        nonce=int.from_bytes(keccak(b"an example's nonce"), "big"),
        deadline=_NOW + 600,
        open_after=_NOW + 600,
    )


def _asked(intent: Intent) -> QuoteRequest:
    return QuoteRequest(
        swapper=intent.swapper, token_in=intent.token_in, amount_in=intent.amount_in, token_out=intent.token_out
    )


def _quote(intent: Intent) -> QuoteView:
    return QuoteView(
        amount_out=intent.min_amount_out * 200 // 199,
        min_amount_out=intent.min_amount_out,
        fee=_FEE,
        sources=(
            QuoteSource(
                kind=QuoteKind.POOLS, amount_out=intent.min_amount_out * 200 // 199, age_ms=3, block_number=12_340
            ),
        ),
        permit2=Permit2Standing(
            balance=10**19, allowance=0, is_enough=False, approve=approve_permit2(DOMAIN.chain_id, intent.token_in)
        ),
        warnings=("Permit2 may not move the token yet: send `approve`",),
        intent_hash=intent.hash,
        intent=intent,
        typed_data=eip712_json.to_typed_data(intent),
    )


def _bid(intent: Intent) -> SignedBid:
    data = HexBytes(b"how the executor fills it")
    bid = Bid(
        legs=(Leg(intent_hash=intent.hash, amount_out=51 * 10**6, fee=_FEE),),
        auction_id=auction_id_of(intent.hash, FIRST_VERSION),
        solver=SOLVER.address,
        executor=Address("0x" + "ee" * 20),
        valid_until=_NOW + 12,
        call_data_hash=Hash32(keccak(data)),
        gas_limit=300_000,
    )
    return SignedBid(bid=bid, data=data, signature=SOLVER.sign(bid.hash(DOMAIN)))


def _receipt(intent: Intent) -> Receipt:
    auction_id = auction_id_of(intent.hash, FIRST_VERSION)
    digest = intent_receipt_digest(intent.hash, _NOW, auction_id, DOMAIN)
    return Receipt(
        intent_hash=intent.hash,
        state=IntentState.OPEN,
        created=True,
        accepted_at=_NOW,
        auction_id=auction_id,
        signature=RECEIPTS.sign(digest),
    )


def _cancel_receipt(intent: Intent) -> CancelReceipt:
    return CancelReceipt(
        intent_hash=intent.hash,
        state=IntentState.CANCELLED,
        not_after=_NOW,
        signature=RECEIPTS.sign(cancel_receipt_digest(intent.hash, _NOW, DOMAIN)),
        exposure="this venue awards it to nobody any more; without an award nobody can fill it",
        spend_nonce=spend_nonce(DOMAIN.chain_id, intent.nonce),
    )


def _fill(bid: SignedBid) -> FillView:
    (leg,) = bid.bid.legs
    return FillView(
        bid_hash=bid.bid.hash(DOMAIN),
        solver=SOLVER.address,
        amount_out=leg.amount_out,
        fee=leg.fee,
        tx_hash=Hash32(keccak(b"an example's transaction")),
        block_number=12_345,
        block_hash=Hash32(keccak(b"an example's block")),
        confirmations=3,
        final=False,
    )


def _status(intent: Intent, bid: SignedBid) -> IntentStatus:
    return IntentStatus(
        intent_hash=intent.hash,
        state=IntentState.SUBMITTED,
        reason=Reason.SUBMITTED,
        detail=WORDS[Reason.SUBMITTED],
        best_amount_out=bid.bid.legs[0].amount_out,
        attempts=1,
    )


def _auction(intent: Intent, bid: SignedBid) -> AuctionView:
    secret = Hash32(keccak(b"an example's secret"))
    seen = AuctionBid(
        bid_hash=bid.bid.hash(DOMAIN),
        bid=bid.bid,
        signature=bid.signature,
        received_at=_NOW * 1_000 + 250,
        fate=BidFate.WON,
    )
    return AuctionView(
        auction_id=bid.bid.auction_id,
        state=AuctionState.CLOSED,
        intents=(AuctionIntent(intent_hash=intent.hash, intent=intent, fee=_FEE),),
        roster=(SOLVER.address,),
        answers=(RosterAnswer(solver=SOLVER.address, answer="bid"),),
        opened_at=_NOW * 1_000 + 20,
        closes_at=_NOW * 1_000 + 320,
        closed_at=_NOW * 1_000 + 330,
        secret_hash=Hash32(keccak(secret)),
        secret=secret,
        winner=seen.bid_hash,
        bids=(seen,),
    )


def _config() -> ConfigView:
    return ConfigView(
        chain_id=DOMAIN.chain_id,
        settlement=DOMAIN.settlement,
        registry=Address("0x" + "7e" * 20),
        permit2=PERMIT2,
        wrapped_native=_WOKB,
        domain=eip712_json.settlement_domain(DOMAIN),
        permit2_domain=eip712_json.permit2_domain(DOMAIN.chain_id),
        intent_types=eip712_json.INTENT_TYPES,
        house_fee_bps=5,
        max_fee_bps=1_000,
        max_partner_fee_bps=300,
        auction_window_ms=2_000,
        auction_min_ms=300,
        award_validity_s=10,
        deadline_max_s=2_592_000,
        open_intents_max=200,
        body_max_bytes=65_536,
        batch_max=500,
        batch_body_max_bytes=2_097_152,
        receipt_signer=RECEIPTS.address,
        stream_url="wss://stream.example/api/v1/stream",
    )


def _refused() -> Problem:
    return problem_of(AmountInvalid("expected more than 0", field="intent.amount_in"))
