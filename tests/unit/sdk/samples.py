"""Values that the SDK's tests share, and the strategies that make more of them."""

from __future__ import annotations

from hypothesis import strategies as st
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import (
    AuctionIntent,
    AuctionOpened,
    Bid,
    ConfigView,
    Intent,
    IntentState,
    Leg,
    Receipt,
    TokenView,
)
from intendly_sdk.primitives import UINT256_MAX, Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import PERMIT2, Domain

SETTLEMENT = Address("0x" + "5e" * 20)
DOMAIN = Domain(31_337, SETTLEMENT)
SWAPPER_KEY = keccak(b"swapper")
SWAPPER = Signer(SWAPPER_KEY)
SOLVER = Signer(keccak(b"solver"))
RECEIPTS = Signer(keccak(b"receipts"))
EXECUTOR = Address("0x" + "ee" * 20)
WETH = TokenView(address=Address("0x" + "01" * 20), symbol="WETH", name="Wrapped Ether", decimals=18)
USDC = TokenView(address=Address("0x" + "02" * 20), symbol="USDC", name="USD Coin", decimals=6)
NOW = 1_800_000_000

addresses = st.binary(min_size=20, max_size=20).map(Address)
hashes = st.binary(min_size=32, max_size=32).map(Hash32)
uint256 = st.one_of(st.just(0), st.just(UINT256_MAX), st.integers(0, UINT256_MAX))
seconds = st.integers(0, 2**53 - 1)
intents = st.builds(
    Intent,
    chain_id=st.integers(1, 2**53 - 1),
    spender=addresses,
    swapper=addresses,
    token_in=addresses,
    amount_in=uint256,
    token_out=addresses,
    min_amount_out=uint256,
    receiver=addresses,
    nonce=uint256,
    deadline=seconds,
    valid_from=seconds,
    open_after=seconds,
    partner=addresses,
    partner_fee_bps=st.integers(0, 10_000),
    app_data=hashes,
)
bids = st.builds(
    Bid,
    legs=st.lists(st.builds(Leg, intent_hash=hashes, amount_out=uint256, fee=uint256), min_size=1, max_size=8),
    auction_id=hashes,
    solver=addresses,
    executor=addresses,
    valid_until=seconds,
    call_data_hash=hashes,
    gas_limit=st.integers(21_000, 4_000_000),
    penalty=uint256,
)


def intent(**changes: object) -> Intent:
    """An intent of SWAPPER to sell one WETH for 3,000 USDC or more."""
    values: dict[str, object] = {
        "chain_id": 31_337,
        "spender": SETTLEMENT,
        "swapper": SWAPPER.address,
        "token_in": WETH.address,
        "amount_in": 10**18,
        "token_out": USDC.address,
        "min_amount_out": 3_000 * 10**6,
        "receiver": SWAPPER.address,
        "nonce": 7,
        "deadline": NOW + 600,
        "open_after": NOW + 600,
    }
    return Intent.model_validate(values | changes)


def auction(*asked: Intent, number: int = 1, ms_left: int = 2_000) -> AuctionOpened:
    """An auction for the intents (without any: for `intent()`), each with a fee of 1 USDC."""
    return AuctionOpened(
        auction_id=Hash32(number.to_bytes(32, "big")),
        intents=tuple(AuctionIntent(intent_hash=i.hash, intent=i, fee=10**6) for i in asked or (intent(),)),
        opened_at=NOW * 1000,
        closes_at=NOW * 1000 + 2_500,
        secret_hash=Hash32(bytes(32)),
        server_time=NOW * 1000,
        ms_left=ms_left,
    )


def receipt(intent_hash: Hash32, *, created: bool = True, signer: Signer = RECEIPTS) -> Receipt:
    """The venue's receipt for an intent that it accepted at NOW."""
    unsigned = Receipt(
        intent_hash=intent_hash,
        state=IntentState.OPEN,
        created=created,
        accepted_at=NOW,
        auction_id=Hash32(bytes(32)),
        signature=HexBytes(),
    )
    return unsigned.model_copy(update={"signature": signer.sign(unsigned.digest(DOMAIN))})


def config(stream_url: str = "ws://127.0.0.1:9/api/v1/stream") -> ConfigView:
    """What GET /config answers."""
    return ConfigView(
        chain_id=31_337,
        settlement=SETTLEMENT,
        registry=Address("0x" + "4e" * 20),
        permit2=PERMIT2,
        wrapped_native=WETH.address,
        domain={},
        permit2_domain={},
        intent_types={},
        house_fee_bps=5,
        max_fee_bps=100,
        max_partner_fee_bps=100,
        auction_window_ms=2_000,
        auction_min_ms=300,
        award_validity_s=10,
        deadline_max_s=86_400,
        open_intents_max=200,
        body_max_bytes=65_536,
        batch_max=500,
        batch_body_max_bytes=2_097_152,
        receipt_signer=RECEIPTS.address,
        stream_url=stream_url,
    )
