"""What a quote says of its sources, of Permit2's leave and of the intent to sign, by scripted answers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from eth_account.messages import encode_typed_data
from intendly_sdk.calls import approve_permit2
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import QuoteAsk, QuoteKind, QuoteRequest, QuoteView, TokenView
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.typed_data import domain_separator

from intendly.domain.errors import NoQuote
from intendly.domain.intent_rules import Market
from intendly.domain.signatures import Claim, WalletAnswer
from intendly.domain.token_permit import PermitFacts
from intendly.services.give_quote import GiveQuotes
from intendly.services.quote_ports import Indication, QuoteFacts
from tests.unit.domain.test_intent import MARKET, NOW, RULES, SWAPPER, USDC, WETH

AMOUNT = 10**18
SOLVER, RIVAL = Address(b"\x51" * 20), Address(b"\x52" * 20)
SEPARATOR = Hash32(domain_separator("Wrapped Ether", "1", RULES.chain_id, WETH))
PERMIT = PermitFacts(separator=SEPARATOR, nonce=7, name=b"Wrapped Ether")
FACTS = QuoteFacts(
    block_number=42, block_time=NOW + 12, pools=3_000 * 10**6, balance=AMOUNT, allowance=AMOUNT, permit=PERMIT
)
ASKED = QuoteRequest(swapper=SWAPPER.address, token_in=WETH, amount_in=AMOUNT, token_out=USDC, slippage_bps=100)


@dataclass(frozen=True)
class Scripted:
    """Every port of `GiveQuotes`: the chain says `facts`, the solvers `indicated` so many seconds ago."""

    facts_now: QuoteFacts = FACTS
    indicated: tuple[tuple[Address, int, float], ...] = ()

    def market(self) -> Market:
        return MARKET

    def tokens(self) -> tuple[TokenView, ...]:
        raise AssertionError

    def facts(self, swapper: Address, ask: QuoteAsk) -> QuoteFacts:
        assert (swapper, ask) == (SWAPPER.address, QuoteAsk(token_in=WETH, amount_in=AMOUNT, token_out=USDC))
        return self.facts_now

    def of(self, ask: QuoteAsk) -> Sequence[Indication]:
        assert ask.amount_in == AMOUNT
        return [Indication(solver, amount, time.monotonic() - age_s) for solver, amount, age_s in self.indicated]

    def ask(self, claims: Sequence[Claim]) -> list[WalletAnswer | None]:
        return [None] * len(claims)

    def quote(self, request: QuoteRequest = ASKED) -> QuoteView:
        return GiveQuotes(RULES, self, self, self, self).quote(request)


def test_each_source_is_told_with_its_block_or_its_age_the_best_first() -> None:
    view = Scripted(indicated=((SOLVER, 3_100 * 10**6, 600), (RIVAL, 2_900 * 10**6, 0), (RIVAL, 1_000_000, 0))).quote()
    told = [(one.kind, one.solver, one.amount_out + view.fee, one.block_number) for one in view.sources]
    assert told == [
        (QuoteKind.SOLVER, SOLVER, 3_100 * 10**6, None),
        (QuoteKind.POOLS, None, 3_000 * 10**6, 42),
        (QuoteKind.SOLVER, RIVAL, 2_900 * 10**6, None),
    ], "what the fee eats up is none"
    assert view.amount_out == view.sources[0].amount_out
    old, *fresh = [one.age_ms for one in view.sources]
    assert 600_000 <= old < 660_000
    assert all(0 <= age < 60_000 for age in fresh)


@pytest.mark.parametrize("slippage_bps", [0, 1, 50, 5_000])
def test_the_minimum_lies_the_slippage_below_what_the_best_gives_rounded_down(slippage_bps: int) -> None:
    view = Scripted().quote(ASKED.model_copy(update={"slippage_bps": slippage_bps}))
    exact = view.amount_out * (10_000 - slippage_bps) // 10_000
    assert exact - 1 <= view.min_amount_out <= exact
    assert view.intent.min_amount_out == view.min_amount_out


def test_what_is_signed_is_the_intent_as_a_wallet_reads_it() -> None:
    view = Scripted().quote()
    signable = encode_typed_data(full_message=view.typed_data)
    assert keccak(b"\x19" + signable.version + signable.header + signable.body) == view.intent_hash == view.intent.hash
    assert view.intent.deadline == view.intent.open_after == FACTS.block_time + ASKED.ttl_s
    assert Scripted().quote().intent.nonce != view.intent.nonce


def test_permit2_has_leave_for_the_amount_and_not_for_less() -> None:
    enough = Scripted().quote().permit2
    assert (enough.is_enough, enough.approve, enough.permit) == (True, None, None)
    less = Scripted(replace(FACTS, allowance=AMOUNT - 1)).quote()
    assert (less.permit2.allowance, less.permit2.is_enough) == (AMOUNT - 1, False)
    assert less.permit2.approve == approve_permit2(RULES.chain_id, WETH)
    assert less.permit2.permit is not None
    assert less.permit2.permit["message"]["deadline"] == str(less.intent.deadline)
    assert less.permit2.permit["message"]["nonce"] == "7"
    assert Scripted(replace(FACTS, allowance=0, permit=PermitFacts())).quote().permit2.permit is None


def test_a_solver_that_indicates_far_more_than_the_pools_is_warned_of() -> None:
    assert Scripted().quote().warnings == ()
    (warning,) = Scripted(indicated=((SOLVER, 4_000 * 10**6, 0),)).quote().warnings
    assert "nobody is bound by that" in warning


def test_nobody_gives_anything() -> None:
    with pytest.raises(NoQuote):
        Scripted(replace(FACTS, pools=0)).quote()
