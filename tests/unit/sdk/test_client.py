"""The clients against a real HTTP server: what is asked, what is retried, which error is raised."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import pytest
from intendly_sdk.calls import approve_permit2, spend_nonce
from intendly_sdk.client import TraderClient, VenueClient
from intendly_sdk.errors import ApiError, IntentNotFilledError, NetworkError, ProtocolError, WaitTimeoutError
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import (
    Bid,
    BidAccepted,
    Call,
    CancelReceipt,
    FillView,
    IntentState,
    IntentStatus,
    IntentView,
    Leg,
    QuoteRequest,
    Receipt,
    SignedBid,
)
from intendly_sdk.primitives import ZERO_HASH, Hash32, HexBytes
from intendly_sdk.signatures import Signer, recover
from intendly_sdk.typed_data import cancel_digest

from tests.unit.sdk import samples
from tests.unit.sdk.venue import Answer, Peer, http_venue, stream_venue

_PROBLEM = {"type": "x", "title": "Bad", "status": 422, "code": "nonce_spent", "detail": "known", "errors": []}
INTENT = samples.intent()


def _json(model: object) -> object:
    return json.loads(model.model_dump_json())  # type: ignore[attr-defined]


def _venue(answers: Mapping[str, Answer]) -> Callable[[str, str], Answer]:
    """A venue that answers these paths, and tells its config."""

    def answer(_method: str, path: str) -> Answer:
        return ({"/config": (200, _json(samples.config()))} | dict(answers))[path.removeprefix("/api/v1")]

    return answer


def _view(state: IntentState) -> object:
    fill = FillView(
        bid_hash=ZERO_HASH,
        solver=samples.SOLVER.address,
        amount_out=3_001 * 10**6,
        fee=1,
        tx_hash=ZERO_HASH,
        block_number=1,
        block_hash=ZERO_HASH,
        confirmations=1,
        final=False,
    )
    settled = state is IntentState.SETTLED
    return _json(
        IntentView(
            intent_hash=INTENT.hash,
            intent=INTENT,
            state=state,
            version=1,
            created_at=1,
            fill=fill if settled else None,
        )
    )


def test_an_intent_is_built_signed_and_submitted() -> None:
    answers: dict[str, Answer] = {}
    with http_venue(_venue(answers)) as venue, TraderClient(venue.url, samples.SWAPPER) as trader:
        first = trader.build_intent(samples.WETH.address, 10**18, samples.USDC.address, 1)
        again = trader.build_intent(samples.WETH.address, 10**18, samples.USDC.address, 1)
        assert first.nonce != again.nonce
        assert first.open_after == first.deadline
        assert first.receiver == first.swapper == samples.SWAPPER.address
        signed = trader.sign(first)
        assert recover(first.hash, signed.signature) == samples.SWAPPER.address
        answers["/intents"] = (202, _json(samples.receipt(first.hash)))
        assert trader.submit(signed).created
        asked = [(method, path) for method, path, _ in venue.asked]
        assert asked == [("GET", "/api/v1/config"), ("POST", "/api/v1/intents")], "the config is asked once"
        assert json.loads(venue.asked[-1][2]) == _json(signed)


@pytest.mark.parametrize("failure", [(0, b""), (503, b"busy"), (502, b"")])
def test_a_failing_network_is_tried_again(failure: Answer) -> None:
    tries = count()

    def answer(method: str, path: str) -> Answer:
        return failure if next(tries) < 2 else (200, _view(IntentState.OPEN))

    with http_venue(answer) as venue, VenueClient(venue.url) as client:
        assert client.get(INTENT.hash).state is IntentState.OPEN
        assert len(venue.asked) == 3


def test_a_network_that_stays_down_is_a_network_error() -> None:
    with http_venue(lambda *_: (503, b"")) as venue, VenueClient(venue.url) as client:
        with pytest.raises(NetworkError, match="503"):
            client.config()
        assert len(venue.asked) == 6


def test_a_refusal_is_raised_with_its_problem_and_not_repeated() -> None:
    with http_venue(_venue({"/intents": (422, _PROBLEM)})) as venue, TraderClient(venue.url, samples.SWAPPER) as trader:
        with pytest.raises(ApiError, match="nonce_spent") as caught:
            trader.submit(trader.sign(INTENT))
        assert caught.value.problem.status == 422
        assert [path for _, path, _ in venue.asked] == ["/api/v1/config", "/api/v1/intents"]


_OTHER = samples.intent(nonce=8)
_ASKED = QuoteRequest(
    swapper=samples.SWAPPER.address, token_in=samples.WETH.address, amount_in=1, token_out=samples.USDC.address
)


@pytest.mark.parametrize(
    ("receipt", "said"),
    [
        (samples.receipt(INTENT.hash, signer=samples.SOLVER), "which is not the venue's key"),
        (samples.receipt(_OTHER.hash), f"is about {_OTHER.hash}"),
        (samples.receipt(INTENT.hash).model_copy(update={"accepted_at": 1}), "which is not the venue's key"),
        (samples.receipt(INTENT.hash).model_copy(update={"signature": HexBytes()}), "is not signed"),
    ],
)
def test_a_receipt_that_the_venue_did_not_sign_is_a_protocol_error(receipt: Receipt, said: str) -> None:
    alone = {"/intents": (202, _json(receipt))}
    batch = {"/intents/batch": (200, {"outcomes": [{"receipt": _json(receipt)}]})}
    with http_venue(_venue(alone | batch)) as venue, TraderClient(venue.url, samples.SWAPPER) as trader:
        signed = trader.sign(INTENT)
        with pytest.raises(ProtocolError, match=said):
            trader.submit(signed)
        with pytest.raises(ProtocolError, match=said):
            trader.submit_batch([signed])


def test_a_batch_has_an_outcome_for_each() -> None:
    outcomes = [{"receipt": _json(samples.receipt(INTENT.hash))}, {"problem": _PROBLEM}]
    answers = {"/intents/batch": (200, {"outcomes": outcomes})}
    with http_venue(_venue(answers)) as venue, TraderClient(venue.url, samples.SWAPPER) as trader:
        signed = [trader.sign(INTENT), trader.sign(_OTHER)]
        accepted, refused = trader.submit_batch(signed)
        assert json.loads(venue.asked[-1][2]) == {"intents": [_json(one) for one in signed]}
        with pytest.raises(ProtocolError, match="expected 1 outcomes, got 2"):
            trader.submit_batch(signed[:1])
    assert accepted.receipt == samples.receipt(INTENT.hash)
    assert refused.problem is not None
    assert refused.problem.code == "nonce_spent"


def test_bids_are_placed_as_a_list() -> None:
    bid = Bid(
        legs=(Leg(intent_hash=INTENT.hash, amount_out=1, fee=1),),
        auction_id=ZERO_HASH,
        solver=samples.SOLVER.address,
        executor=samples.EXECUTOR,
        valid_until=samples.NOW,
        call_data_hash=Hash32(keccak(b"")),
        gas_limit=100_000,
    )
    signed = SignedBid(bid=bid, signature=samples.SOLVER.sign(bid.hash(samples.DOMAIN)))
    taken = BidAccepted(bid_hash=bid.hash(samples.DOMAIN), auction_id=ZERO_HASH, created=True)
    answers = {"/bids": (200, {"outcomes": [{"accepted": _json(taken)}, {"problem": _PROBLEM}]})}
    with http_venue(_venue(answers)) as venue, VenueClient(venue.url) as client:
        first, second = client.place_bids([signed, signed])
        assert json.loads(venue.asked[-1][2]) == [_json(signed)] * 2
    assert first.accepted == taken
    assert second.problem is not None


def _cancel_receipt(signer: Signer) -> CancelReceipt:
    unsigned = CancelReceipt(
        intent_hash=INTENT.hash,
        state=IntentState.CANCELLED,
        not_after=samples.NOW,
        signature=HexBytes(),
        exposure="nobody can fill it",
        spend_nonce=spend_nonce(INTENT.chain_id, INTENT.nonce),
    )
    return unsigned.model_copy(update={"signature": signer.sign(unsigned.digest(samples.DOMAIN))})


def test_a_cancel_is_signed_and_its_receipt_is_checked() -> None:
    path = f"/intents/{INTENT.hash}/cancel"
    answers = {path: (200, _json(_cancel_receipt(samples.RECEIPTS)))}
    with http_venue(_venue(answers)) as venue, TraderClient(venue.url, samples.SWAPPER) as trader:
        assert trader.cancel(INTENT.hash) == _cancel_receipt(samples.RECEIPTS)
        sent = HexBytes(json.loads(venue.asked[-1][2])["signature"])
        assert recover(cancel_digest(INTENT.hash, samples.DOMAIN), sent) == samples.SWAPPER.address
        answers[path] = (200, _json(_cancel_receipt(samples.SOLVER)))
        with pytest.raises(ProtocolError, match="which is not the venue's key"):
            trader.cancel(INTENT.hash)


def _spending(call: Call) -> object:
    return _json(_cancel_receipt(samples.RECEIPTS).model_copy(update={"spend_nonce": call}))


@pytest.mark.parametrize(
    "call",
    [
        (GOOD := spend_nonce(INTENT.chain_id, INTENT.nonce)).model_copy(update={"to": samples.SOLVER.address}),
        GOOD.model_copy(update={"value": 1}),
        GOOD.model_copy(update={"data": approve_permit2(INTENT.chain_id, samples.WETH.address).data}),
        GOOD.model_copy(update={"data": HexBytes(GOOD.data[:-1] + b"\x03")}),
        GOOD.model_copy(update={"data": HexBytes(GOOD.data[:-1] + b"\x00")}),
        GOOD.model_copy(update={"data": HexBytes()}),
        spend_nonce(1, INTENT.nonce),
    ],
)
def test_a_cancel_comes_with_no_other_transaction_than_one_that_voids_a_nonce(call: Call) -> None:
    answers = {f"/intents/{INTENT.hash}/cancel": (200, _spending(call))}
    with (
        http_venue(_venue(answers)) as venue,
        TraderClient(venue.url, samples.SWAPPER) as trader,
        pytest.raises(ProtocolError, match="do not send it"),
    ):
        trader.cancel(INTENT.hash)


def test_a_cancel_of_the_intent_itself_comes_with_what_voids_its_nonce() -> None:
    path = f"/intents/{INTENT.hash}/cancel"
    answers = {path: (200, _spending(spend_nonce(INTENT.chain_id, INTENT.nonce + 1)))}
    with http_venue(_venue(answers)) as venue, TraderClient(venue.url, samples.SWAPPER) as trader:
        trader.cancel(INTENT.hash)
        with pytest.raises(ProtocolError, match="another nonce"):
            trader.cancel(INTENT)
        answers[path] = (200, _json(_cancel_receipt(samples.RECEIPTS)))
        assert trader.cancel(INTENT).not_after == samples.NOW


def test_another_intent_than_the_one_that_was_asked_for_is_a_protocol_error() -> None:
    for changes in ({"intent_hash": str(_OTHER.hash)}, {"intent": _json(_OTHER)}):
        told = _view(IntentState.OPEN) | changes  # type: ignore[operator]
        with (
            http_venue(_venue({f"/intents/{INTENT.hash}": (200, told)})) as venue,
            VenueClient(venue.url) as client,
            pytest.raises(ProtocolError, match="another one"),
        ):
            client.get(INTENT.hash)


@pytest.mark.parametrize(
    ("pins", "said"),
    [
        ({"chain_id": 1}, "expected the chain_id 1, got 31337"),
        ({"settlement": samples.EXECUTOR}, f"expected the settlement {samples.EXECUTOR.checksum}, got"),
        ({"chain_id": 31_337, "settlement": str(samples.EXECUTOR)}, "expected the settlement"),
    ],
)
def test_at_another_venue_than_the_one_that_was_named_nothing_is_signed(pins: dict[str, Any], said: str) -> None:
    with http_venue(_venue({})) as venue, TraderClient(venue.url, samples.SWAPPER, **pins) as trader:
        for use in (
            trader.config,
            lambda: trader.quote(_ASKED),
            lambda: trader.build_intent(samples.WETH.address, 1, samples.USDC.address, 1),
            lambda: trader.submit(trader.sign(INTENT)),
            lambda: trader.cancel(INTENT.hash),
        ):
            with pytest.raises(ProtocolError, match=said):
                use()
        assert {path for _, path, _ in venue.asked} == {"/api/v1/config"}


def test_at_the_venue_that_was_named_all_is_as_without() -> None:
    named = {"chain_id": 31_337, "settlement": samples.SETTLEMENT.checksum}
    with http_venue(_venue({})) as venue, VenueClient(venue.url, **named) as client:  # type: ignore[arg-type]
        assert client.config() == samples.config()


def test_a_redirect_is_not_followed() -> None:
    """Elsewhere is another venue. A signed intent is not handed to it."""
    with http_venue(_venue({"/intents": (202, _json(samples.receipt(INTENT.hash)))})) as other:

        def answer(_method: str, path: str) -> Answer:
            if path.endswith("/config"):
                return 200, _json(samples.config())
            return 308, {"location": other.url + path}

        with http_venue(answer) as venue, TraderClient(venue.url, samples.SWAPPER) as trader:
            with pytest.raises(ProtocolError, match="308"):
                trader.submit(trader.sign(INTENT))
            assert [path for _, path, _ in venue.asked] == ["/api/v1/config", "/api/v1/intents"]
        assert other.asked == []


def test_an_answer_of_another_kind_is_a_protocol_error() -> None:
    with (
        http_venue(lambda *_: (200, b"<html>")) as venue,
        VenueClient(venue.url) as client,
        pytest.raises(ProtocolError),
    ):
        client.config()


def test_waiting_polls_when_there_is_no_stream() -> None:
    views = iter([IntentState.OPEN, IntentState.SETTLED])

    def answer(method: str, path: str) -> Answer:
        return 200, _json(samples.config()) if path.endswith("/config") else _view(next(views))

    with http_venue(answer) as venue, TraderClient(venue.url, samples.SWAPPER) as trader:
        settled = trader.wait_until_settled(INTENT.hash, timeout=10)
    assert settled.fill is not None
    assert settled.fill.amount_out == 3_001 * 10**6


def test_waiting_asks_when_the_stream_tells_of_a_change() -> None:
    def script(peer: Peer) -> None:
        peer.hello()
        peer.accept(peer.hear())
        peer.event("1-1", "intent.settled", intent_hash=str(INTENT.hash))
        peer.wait_closed()

    views = iter([IntentState.SUBMITTED, IntentState.SETTLED])
    with stream_venue(script) as url:

        def answer(method: str, path: str) -> Answer:
            return 200, _json(samples.config(url)) if path.endswith("/config") else _view(next(views))

        with http_venue(answer) as venue, TraderClient(venue.url, samples.SWAPPER) as trader:
            assert trader.wait_until_settled(INTENT.hash, timeout=0.9).state is IntentState.SETTLED


def test_waiting_survives_the_loss_of_the_stream() -> None:
    def script(peer: Peer) -> None:
        peer.hello()
        peer.accept(peer.hear())
        peer.drop()

    views = iter([IntentState.OPEN, IntentState.OPEN, IntentState.SETTLED])
    with stream_venue(script) as url:

        def answer(method: str, path: str) -> Answer:
            return 200, _json(samples.config(url)) if path.endswith("/config") else _view(next(views))

        with http_venue(answer) as venue, TraderClient(venue.url, samples.SWAPPER) as trader:
            assert trader.wait_until_settled(INTENT.hash, timeout=10).state is IntentState.SETTLED


def test_waiting_ends_with_the_reason_when_the_intent_ended_unfilled() -> None:
    status = IntentStatus(
        intent_hash=INTENT.hash, state=IntentState.EXPIRED, reason="no_bid", detail="Nobody bid.", attempts=3
    )

    def answer(method: str, path: str) -> Answer:
        if path.endswith("/config"):
            return 200, _json(samples.config())
        return 200, _json(status) if path.endswith("/status") else _view(IntentState.EXPIRED)

    with http_venue(answer) as venue, TraderClient(venue.url, samples.SWAPPER) as trader:
        with pytest.raises(IntentNotFilledError, match="Nobody bid") as caught:
            trader.wait_until_settled(INTENT.hash)
        assert caught.value.status == status


def test_waiting_ends_when_time_is_up() -> None:
    status = IntentStatus(
        intent_hash=INTENT.hash, state=IntentState.OPEN, reason="no_bid", detail="Nobody bid.", attempts=3
    )

    def answer(method: str, path: str) -> Answer:
        if path.endswith("/config"):
            return 200, _json(samples.config())
        return 200, _json(status) if path.endswith("/status") else _view(IntentState.OPEN)

    with (
        http_venue(answer) as venue,
        TraderClient(venue.url, samples.SWAPPER) as trader,
        pytest.raises(WaitTimeoutError, match=r"within 0\.2 s; it is open: Nobody bid\.$") as caught,
    ):
        trader.wait_until_settled(INTENT.hash, timeout=0.2)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.status == status


@pytest.mark.parametrize("suffix", ["", "/", "/api/v1", "/api/v1/", "/api/v1/config"])
def test_the_address_may_be_the_one_that_the_venue_prints(suffix: str) -> None:
    with http_venue(lambda *_: (200, _json(samples.config()))) as venue, VenueClient(venue.url + suffix) as client:
        client.config()
        assert venue.asked[0][1] == "/api/v1/config"
