"""A solver's answers over the stream: priced, sent, and sent again where the line broke before the reply."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from intendly_sdk.async_stream import AsyncStreamClient
from intendly_sdk.errors import ApiError, NetworkError
from intendly_sdk.messages import AuctionOpened, SignedBid
from intendly_sdk.pricing import Pricing, Shed, Turns
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer, recover
from intendly_sdk.typed_data import Domain

_NOT_THE_KEY = "signature_invalid"
log = logging.getLogger("intendly_sdk.solver")
Reply = Awaitable[dict[str, Any]]


class Answers:
    """The auctions of one run that are being answered, each by a task."""

    def __init__(self, pricing: Pricing, stream: AsyncStreamClient, domain: Domain, backlog: int) -> None:
        self._pricing = pricing
        self._stream = stream
        self._domain = domain
        self._declining = Turns(1, backlog)
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, auction: AuctionOpened) -> None:
        """Answer it, unless its time is over before its turn."""
        task = asyncio.create_task(self._answer(auction, time.monotonic() + auction.ms_left / 1000))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is not answered."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _answer(self, auction: AuctionOpened, ends: float) -> None:
        bid = None
        try:
            async with self._pricing.turn(ends):
                bid = await self._pricing.bid(auction, ends)
                if time.monotonic() >= ends:
                    log.warning("auction.late auction_id=%s: priced after its close", auction.auction_id)
                    return
                reply = await self._first_sent(auction, bid)
        except Shed:
            try:
                async with self._declining.turn(ends):
                    reply = await self._first_sent(auction, None)
            except Shed:
                return
        await self._until_told(auction, bid, reply, ends)

    async def _until_told(
        self, auction: AuctionOpened, bid: SignedBid | None, reply: Reply | None, ends: float
    ) -> None:
        """Wait for the reply. While the auction is open, send the same again where none came."""
        refused: set[Address] = set()
        while True:
            try:
                await (reply or await self._send(auction, bid))
                return
            except ApiError as error:
                again = bid and error.code == _NOT_THE_KEY and self._by_another_key(bid, refused)
                if not again:
                    what, why = "decline" if bid is None else "bid", error.problem.detail
                    log.warning("%s.refused auction_id=%s code=%s detail=%r", what, auction.auction_id, error.code, why)
                    return
                bid = again
            except NetworkError as error:
                if not await self._is_connected_before(ends):
                    log.warning("auction.unanswered auction_id=%s reason=%r", auction.auction_id, str(error))
                    return
                bid = bid and self._signed(bid, self._stream.signers[0])  # meanwhile another key may count
            reply = None

    async def _is_connected_before(self, ends: float) -> bool:
        try:
            async with asyncio.timeout(ends - time.monotonic()):
                await self._stream.connected()
        except TimeoutError:
            return False
        return time.monotonic() < ends

    def _by_another_key(self, bid: SignedBid, refused: set[Address]) -> SignedBid | None:
        """The registration has changed, and the stream logs in anew: the bid by a key that was not refused yet."""
        refused.add(recover(bid.bid.hash(self._domain), bid.signature))
        others = [signer for signer in self._stream.signers if signer.address not in refused]
        return self._signed(bid, others[0]) if others else None

    def _signed(self, bid: SignedBid, signer: Signer) -> SignedBid:
        return bid.model_copy(update={"signature": signer.sign(bid.bid.hash(self._domain))})

    async def _first_sent(self, auction: AuctionOpened, bid: SignedBid | None) -> Reply | None:
        with suppress(NetworkError):
            return await self._send(auction, bid)
        return None

    async def _send(self, auction: AuctionOpened, bid: SignedBid | None) -> Reply:
        if bid is None:
            return await self._stream.send_decline(auction.auction_id)
        return await self._stream.send_bid(bid)
