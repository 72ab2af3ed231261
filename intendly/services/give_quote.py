"""A trader asks what an amount would yield, and gets an intent that is ready to be signed. Nothing is stored."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Final

from intendly_sdk.calls import approve_permit2
from intendly_sdk.eip712_json import to_typed_data
from intendly_sdk.messages import Intent, Permit2Standing, QuoteAsk, QuoteKind, QuoteRequest, QuoteSource, QuoteView
from intendly_sdk.primitives import UINT256_MAX, HexBytes

from intendly.domain.errors import ChainUnavailable, NoQuote, Refused
from intendly.domain.intent_rules import Market, Rules, check_fields
from intendly.domain.quoting import Suggestion, against_filling, far_off, suggest, wallet_doubt
from intendly.domain.signatures import Claim
from intendly.domain.token_permit import token_permit
from intendly.services.ports import MarketReader, Wallets
from intendly.services.quote_ports import Indication, Indications, QuoteChain, QuoteFacts

_AS_ASKED: Final = {"intent.deadline": "ttl_s", "intent.min_amount_out": "amount_in"}
"""The request's fields behind the intent's; the others have the same name."""


class GiveQuotes:
    """Asks the pools, then the solvers, and adds what keeps the intent from being filled."""

    def __init__(
        self,
        rules: Rules,
        market: MarketReader,
        chain: QuoteChain,
        indications: Indications,
        wallets: Wallets,
    ) -> None:
        self._rules = rules
        self._market = market
        self._chain = chain
        self._indications = indications
        self._wallets = wallets

    def quote(self, request: QuoteRequest) -> QuoteView:
        """Raises the `Refused` that POST /intents would answer with, `NoQuote`, `ChainUnavailable`."""
        market = self._market.market()
        draft = _draft(request, self._rules, market.next_block_time)
        # Nothing is too small for its fee yet: nobody was asked what it yields.
        _check(draft.model_copy(update={"min_amount_out": UINT256_MAX}), self._rules, market)
        ask = QuoteAsk(token_in=request.token_in, amount_in=request.amount_in, token_out=request.token_out)
        read_at = time.monotonic()
        facts = self._chain.facts(request.swapper, ask)
        indications = self._indications.of(ask)
        gross = max([facts.pools, *(each.amount for each in indications)])
        if gross == 0:
            raise NoQuote("neither a pool nor a solver gives anything for it now; try another amount, or later")
        gas_fee = market.gas_fees[request.token_out]
        suggested = suggest(draft, gross, request.slippage_bps, self._rules.house_fee_bps, gas_fee)
        intent = _finished(draft, suggested, request.ttl_s, facts, market, self._rules)
        _check(intent, self._rules, market)
        return QuoteView(
            amount_out=suggested.amount_out(gross),
            min_amount_out=suggested.min_amount_out,
            fee=suggested.fee,
            sources=_sources(facts, read_at, indications, suggested),
            permit2=_standing(intent, facts),
            warnings=self._warnings(intent, facts, indications, gas_fee),
            intent_hash=intent.hash,
            intent=intent,
            typed_data=to_typed_data(intent),
        )

    def _warnings(
        self, intent: Intent, facts: QuoteFacts, indications: Sequence[Indication], gas_fee: int | None
    ) -> tuple[str, ...]:
        best = max((each.amount for each in indications), default=0)
        found = [
            *against_filling(intent.amount_in, facts.balance, facts.allowance),
            self._wallet_doubt(intent),
            far_off(best, facts.pools),
            None if gas_fee is not None else "gas has no price in token_out yet; once it has, the fee grows by it",
        ]
        return tuple(warning for warning in found if warning is not None)

    def _wallet_doubt(self, intent: Intent) -> str | None:
        """Asked with a signature that nobody made: there is none yet."""
        try:
            (answer,) = self._wallets.ask([Claim(intent.swapper, intent.hash, HexBytes(bytes(65)))])
        except ChainUnavailable:
            return None
        return None if answer is None else wallet_doubt(answer)


def _draft(request: QuoteRequest, rules: Rules, block_time: int) -> Intent:
    ends = block_time + request.ttl_s
    return Intent(
        chain_id=rules.chain_id,
        spender=rules.settlement,
        swapper=request.swapper,
        token_in=request.token_in,
        amount_in=request.amount_in,
        token_out=request.token_out,
        min_amount_out=0,
        receiver=request.swapper if request.receiver is None else request.receiver,
        nonce=secrets.randbits(256),
        deadline=ends,
        open_after=ends,
    )


def _finished(
    draft: Intent, suggested: Suggestion, ttl_s: int, facts: QuoteFacts, market: Market, rules: Rules
) -> Intent:
    """The chain may be ahead of the index, whose time an intent's deadline is held to."""
    ends = min(max(facts.block_time, market.next_block_time) + ttl_s, market.block_time + rules.deadline_max_s)
    return draft.model_copy(update={"min_amount_out": suggested.min_amount_out, "deadline": ends, "open_after": ends})


def _check(intent: Intent, rules: Rules, market: Market) -> None:
    try:
        check_fields(intent, rules, market)
    except Refused as refusal:
        if refusal.field is not None:
            refusal.field = _AS_ASKED.get(refusal.field, refusal.field.removeprefix("intent."))
        raise


def _sources(
    facts: QuoteFacts, read_at: float, indications: Sequence[Indication], suggested: Suggestion
) -> tuple[QuoteSource, ...]:
    """The best first; without those that the fee eats up."""
    now = time.monotonic()

    def age_ms(at: float) -> int:
        return max(0, round((now - at) * 1000))

    pools = QuoteSource(
        kind=QuoteKind.POOLS,
        amount_out=max(0, suggested.amount_out(facts.pools)),
        age_ms=age_ms(read_at),
        block_number=facts.block_number,
    )
    solvers = [
        QuoteSource(
            kind=QuoteKind.SOLVER,
            solver=each.solver,
            amount_out=max(0, suggested.amount_out(each.amount)),
            age_ms=age_ms(each.at),
        )
        for each in indications
    ]
    found = [source for source in [pools, *solvers] if source.amount_out > 0]
    return tuple(sorted(found, key=lambda source: source.amount_out, reverse=True))


def _standing(intent: Intent, facts: QuoteFacts) -> Permit2Standing:
    allowance = facts.allowance or 0
    is_enough = allowance >= intent.amount_in
    token = intent.token_in
    return Permit2Standing(
        balance=facts.balance or 0,
        allowance=allowance,
        is_enough=is_enough,
        approve=None if is_enough else approve_permit2(intent.chain_id, token),
        permit=None
        if is_enough
        else token_permit(intent.chain_id, token, intent.swapper, facts.permit, intent.deadline),
    )
