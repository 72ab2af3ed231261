"""The clients for the HTTP API: what anyone may ask (`VenueClient`), and what a trader does (`TraderClient`)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Self

from pydantic import RootModel

from intendly_sdk.calls import spent_nonce
from intendly_sdk.errors import ProtocolError
from intendly_sdk.http_api import HttpApi
from intendly_sdk.messages import (
    AuctionView,
    BidAccepted,
    BidOutcome,
    BidOutcomes,
    Call,
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
from intendly_sdk.quote_check import checked_quote
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
    Where the venue says when to come again (Retry-After, up to 30 seconds), it waits for that.

    `chain_id` and `settlement` are where you mean to trade, known from elsewhere than the venue: where its config says
    otherwise, that is a `ProtocolError`, and nothing is signed. Name both wherever the money is real.
    """

    def __init__(
        self,
        api_url: str,
        *,
        chain_id: int | None = None,
        settlement: Address | str | None = None,
        timeout: float = 5.0,
        tries: int = 6,
    ) -> None:
        self._api = HttpApi(api_url, timeout=timeout, tries=tries)
        self._chain_id = chain_id
        self._settlement = None if settlement is None else Address(settlement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def config(self) -> ConfigView:
        """The chain, the addresses and the limits, as they are now."""
        config = self._api.get("/config", ConfigView)
        if self._chain_id not in (None, config.chain_id):
            raise ProtocolError(f"GET /config: expected the chain_id {self._chain_id}, got {config.chain_id}")
        if self._settlement not in (None, config.settlement):
            got = config.settlement.checksum
            raise ProtocolError(f"GET /config: expected the settlement {self._settlement.checksum}, got {got}")
        return config

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

        Raises `ProtocolError` where what it would have you sign or send is not what was asked for. `typed_data` and
        `permit2.permit` are built here.
        """
        domain = self.domain()
        view = self._api.post("/quotes", request, QuoteView)
        return checked_quote(view, request, domain, time.time())

    def solver(self, solver: Address) -> SolverView:
        """A registered solver."""
        return self._api.get(f"/solvers/{solver}", SolverView)

    def solvers(self, after: Address | None = None) -> SolverPage:
        """One page of the registered solvers, by address. `after` is the last page's `next`."""
        return self._api.get("/solvers", SolverPage, {"after": str(after)} if after else None)

    def get(self, intent_hash: Hash32) -> IntentView:
        """An intent, its state, and its fill when there is one. What it asks for is checked by its hash."""
        view = self._api.get(f"/intents/{intent_hash}", IntentView)
        if not view.intent_hash == view.intent.hash == intent_hash:
            raise ProtocolError(f"GET /intents/{intent_hash}: the intent in the answer is another one")
        return view

    def status(self, intent_hash: Hash32) -> IntentStatus:
        """Why the intent is not filled, in words."""
        return self._api.get(f"/intents/{intent_hash}/status", IntentStatus)

    def list(self, swapper: Address, after: str | None = None) -> IntentPage:
        """One page of a swapper's intents, newest first. `after` is the last page's `next`."""
        params = {"swapper": str(swapper)} | ({"after": after} if after else {})
        return self._api.get("/intents", IntentPage, params)


class TraderClient(VenueClient):
    """Signs, submits and follows intents. The swapper must have approved Permit2 for the token that it sells."""

    def __init__(
        self,
        api_url: str,
        signer: Signer,
        *,
        chain_id: int | None = None,
        settlement: Address | str | None = None,
        timeout: float = 5.0,
        tries: int = 6,
    ) -> None:
        super().__init__(api_url, chain_id=chain_id, settlement=settlement, timeout=timeout, tries=tries)
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

    def cancel(self, intent: Intent | Hash32) -> CancelReceipt:
        """Cancel an open intent, named by itself or its hash, free of charge. The same again is safe.

        The receipt is the venue's signed word that no award of it fills the intent after `not_after`; one that is not
        signed by it raises `ProtocolError`. So does a `spend_nonce` that does not void one of Permit2's nonces; that
        it is this intent's is checked where the intent itself is given. `state` and `exposure` are not signed.
        The code of an `ApiError` says why not: `award_live`, `intent_ended`, ...
        """
        intent_hash = intent.hash if isinstance(intent, Intent) else intent
        body = Cancel(signature=self.signer.sign(cancel_digest(intent_hash, self.domain())))
        receipt = self._api.post(f"/intents/{intent_hash}/cancel", body, CancelReceipt)
        self._check_receipt(receipt, intent_hash)
        self._check_spend_nonce(receipt.spend_nonce, intent)
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

    def _check_spend_nonce(self, call: Call, intent: Intent | Hash32) -> None:
        try:
            nonce = spent_nonce(call)
        except ValueError as error:
            raise ProtocolError(f"spend_nonce: {error}; do not send it") from None
        if call.chain_id != self.known_config.chain_id or (isinstance(intent, Intent) and nonce != intent.nonce):
            raise ProtocolError("spend_nonce is about another nonce than the intent's; do not send it")


def _check_count(outcomes: Sequence[object], asked: Sequence[object]) -> None:
    if len(outcomes) != len(asked):
        raise ProtocolError(f"expected {len(asked)} outcomes, got {len(outcomes)}")
