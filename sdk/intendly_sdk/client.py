"""The clients for the HTTP API: what anyone may ask (`VenueClient`), and what a trader does (`TraderClient`)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Self

from pydantic import RootModel

from intendly_sdk.errors import ProtocolError
from intendly_sdk.http_api import HttpApi
from intendly_sdk.messages import (
    AuctionView,
    BidAccepted,
    BidOutcome,
    BidOutcomes,
    Cancel,
    CancelReceipt,
    ConfigView,
    Intent,
    IntentOutcome,
    IntentOutcomes,
    IntentPage,
    IntentStatus,
    IntentView,
    Message,
    QuoteRequest,
    QuoteView,
    Receipt,
    SignedBid,
    SignedIntent,
    SolverPage,
    SolverView,
    TokenView,
)
from intendly_sdk.primitives import ZERO_ADDRESS, ZERO_HASH, Address, Hash32
from intendly_sdk.settlement_wait import wait_until_settled
from intendly_sdk.signatures import SignatureError, Signer, recover
from intendly_sdk.typed_data import Domain, cancel_digest


class _Batch(Message):
    intents: tuple[SignedIntent, ...]


class VenueClient:
    """What the venue tells anyone. Every method raises `ApiError`, `NetworkError` or `ProtocolError`.

    `api_url` is the venue's address, such as http://127.0.0.1:3001; with /api/v1 behind it, it is the same.
    `timeout` is in seconds, of one try. After `tries` of them, with growing waits between, it gives up: the default
    bridges about three seconds, 12 half a minute.
    """

    def __init__(self, api_url: str, *, timeout: float = 5.0, tries: int = 6) -> None:
        self._api = HttpApi(api_url, timeout=timeout, tries=tries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def config(self) -> ConfigView:
        """The chain, the addresses and the limits, as they are now."""
        return self._api.get("/config", ConfigView)

    @cached_property
    def known_config(self) -> ConfigView:
        """`config()`, asked once."""
        return self.config()

    def domain(self) -> Domain:
        """Where signatures for this venue count."""
        return Domain(self.known_config.chain_id, self.known_config.settlement)

    def tokens(self) -> tuple[TokenView, ...]:
        """The tokens that the venue trades."""
        return self._api.get("/tokens", RootModel[tuple[TokenView, ...]]).root

    def auction(self, auction_id: Hash32) -> AuctionView:
        """An auction; its bids once it is closed."""
        return self._api.get(f"/auctions/{auction_id}", AuctionView)

    def place_bid(self, bid: SignedBid) -> BidAccepted:
        """POST a bid. Another by the same solver replaces it until the close; the same one again is safe."""
        return self._api.post("/bids", bid, BidAccepted)

    def place_bids(self, bids: Sequence[SignedBid]) -> tuple[BidOutcome, ...]:
        """POST several, `batch_max` at most; each one's outcome, in their order."""
        outcomes = self._api.post("/bids", RootModel[tuple[SignedBid, ...]](tuple(bids)), BidOutcomes).outcomes
        _check_count(outcomes, bids)
        return outcomes

    def quote(self, request: QuoteRequest) -> QuoteView:
        """What the solvers and pools would give now, and an intent to sign. Nobody is bound by it.

        Raises `ProtocolError` too where the intent is not one that was asked for.
        """
        view = self._api.post("/quotes", request, QuoteView)
        if view.intent != self._asked_for(request, view) or view.intent_hash != view.intent.hash:
            raise ProtocolError("POST /quotes: the intent in the answer is not what was asked for; do not sign it")
        return view

    def _asked_for(self, request: QuoteRequest, view: QuoteView) -> Intent:
        """The intent that the venue may suggest: only nonce, deadline and minimum are for it to choose."""
        return Intent(
            chain_id=self.known_config.chain_id,
            spender=self.known_config.settlement,
            swapper=request.swapper,
            token_in=request.token_in,
            amount_in=request.amount_in,
            token_out=request.token_out,
            min_amount_out=view.min_amount_out,
            receiver=request.swapper if request.receiver is None else request.receiver,
            nonce=view.intent.nonce,
            deadline=view.intent.deadline,
            open_after=view.intent.deadline,
        )

    def solver(self, solver: Address) -> SolverView:
        """A registered solver."""
        return self._api.get(f"/solvers/{solver}", SolverView)

    def solvers(self, after: Address | None = None) -> SolverPage:
        """One page of the registered solvers, by address. `after` is the last page's `next`."""
        return self._api.get("/solvers", SolverPage, {"after": str(after)} if after else None)

    def get(self, intent_hash: Hash32) -> IntentView:
        """An intent, its state, and its fill when there is one."""
        return self._api.get(f"/intents/{intent_hash}", IntentView)

    def status(self, intent_hash: Hash32) -> IntentStatus:
        """Why the intent is not filled, in words."""
        return self._api.get(f"/intents/{intent_hash}/status", IntentStatus)

    def list(self, swapper: Address, after: str | None = None) -> IntentPage:
        """One page of a swapper's intents, newest first. `after` is the last page's `next`."""
        params = {"swapper": str(swapper)} | ({"after": after} if after else {})
        return self._api.get("/intents", IntentPage, params)


class TraderClient(VenueClient):
    """Signs, submits and follows intents. The swapper must have approved Permit2 for the token that it sells."""

    def __init__(self, api_url: str, signer: Signer, *, timeout: float = 5.0, tries: int = 6) -> None:
        super().__init__(api_url, timeout=timeout, tries=tries)
        self.signer = signer

    def build_intent(
        self,
        token_in: Address,
        amount_in: int,
        token_out: Address,
        min_amount_out: int,
        *,
        deadline: int | None = None,
        receiver: Address | None = None,
        valid_from: int = 0,
        open_after: int | None = None,
        partner: Address = ZERO_ADDRESS,
        partner_fee_bps: int = 0,
        app_data: Hash32 = ZERO_HASH,
        nonce: int | None = None,
    ) -> Intent:
        """An intent of this signer's account. Amounts in the tokens' smallest units, times in unix seconds.

        Without a `deadline` it lives ten minutes; without `open_after` only an auction's winner may fill it;
        without a `nonce` it takes a random one, as Permit2's nonces have no order.
        """
        config = self.known_config
        ends = int(time.time()) + 600 if deadline is None else deadline
        return Intent(
            chain_id=config.chain_id,
            spender=config.settlement,
            swapper=self.signer.address,
            token_in=token_in,
            amount_in=amount_in,
            token_out=token_out,
            min_amount_out=min_amount_out,
            receiver=receiver or self.signer.address,
            nonce=secrets.randbits(256) if nonce is None else nonce,
            deadline=ends,
            valid_from=valid_from,
            open_after=ends if open_after is None else open_after,
            partner=partner,
            partner_fee_bps=partner_fee_bps,
            app_data=app_data,
        )

    def sign(self, intent: Intent) -> SignedIntent:
        """Sign what Permit2 verifies. Nothing is sent."""
        return SignedIntent(intent=intent, signature=self.signer.sign(intent.hash))

    def submit(self, signed: SignedIntent) -> Receipt:
        """POST an intent. The receipt means that it is committed; the same one again is safe and says so.

        The receipt is the venue's signed word: one that is not signed by it raises `ProtocolError`.
        """
        self.domain()  # what the receipt is checked with must not be missing once the intent is accepted
        receipt = self._api.post("/intents", signed, Receipt)
        self._check_receipt(receipt, signed.intent.hash)
        return receipt

    def submit_batch(self, signed: Sequence[SignedIntent]) -> tuple[IntentOutcome, ...]:
        """POST several, `batch_max` at most; each one's outcome, in their order, the receipts checked as by `submit`.

        One that is refused does not hinder the others.
        """
        self.domain()
        outcomes = self._api.post("/intents/batch", _Batch(intents=tuple(signed)), IntentOutcomes).outcomes
        _check_count(outcomes, signed)
        for one, outcome in zip(signed, outcomes, strict=True):
            if outcome.receipt is not None:
                self._check_receipt(outcome.receipt, one.intent.hash)
        return outcomes

    def cancel(self, intent_hash: Hash32) -> CancelReceipt:
        """Cancel an open intent, free of charge. The same again is safe.

        The receipt is the venue's signed word that no award of it fills the intent after `not_after`; one that is not
        signed by it raises `ProtocolError`. The code of an `ApiError` says why not: `award_live`, `intent_ended`, ...
        """
        body = Cancel(signature=self.signer.sign(cancel_digest(intent_hash, self.domain())))
        receipt = self._api.post(f"/intents/{intent_hash}/cancel", body, CancelReceipt)
        self._check_receipt(receipt, intent_hash)
        return receipt

    def wait_until_settled(self, intent_hash: Hash32, timeout: float = 60.0) -> IntentView:
        """The intent with its fill, once it is mined. `timeout` in seconds.

        Raises `IntentNotFilledError` when it ended without one, `WaitTimeoutError` when time is up; both say why.
        """
        return wait_until_settled(self, self.known_config.stream_url, intent_hash, timeout)

    def _check_receipt(self, receipt: Receipt | CancelReceipt, intent_hash: Hash32) -> None:
        if receipt.intent_hash != intent_hash:
            raise ProtocolError(f"the receipt for {intent_hash} is about {receipt.intent_hash}")
        try:
            signer = recover(receipt.digest(self.domain()), receipt.signature)
        except SignatureError as error:
            raise ProtocolError(f"the receipt for {intent_hash} is not signed: {error}") from None
        if signer != self.known_config.receipt_signer:
            raise ProtocolError(f"the receipt for {intent_hash} is signed by {signer}, which is not the venue's key")


def _check_count(outcomes: Sequence[object], asked: Sequence[object]) -> None:
    if len(outcomes) != len(asked):
        raise ProtocolError(f"expected {len(asked)} outcomes, got {len(outcomes)}")
