"""What an intent is held to, but for its signature: pure rules, from the cheapest to the dearest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from intendly_sdk.messages import Intent
from intendly_sdk.primitives import ZERO_ADDRESS, Address

from intendly.domain import fees
from intendly.domain.errors import (
    AmountInvalid,
    DeadlinePassed,
    DeadlineTooFar,
    IntentTooSmall,
    PartnerInvalid,
    ReceiverInvalid,
    SameToken,
    TimesInvalid,
    TokenUnknown,
    WrongChain,
    WrongSpender,
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What an intent is held to for as long as the venue stands. Fees in basis points, times in seconds."""

    chain_id: int
    settlement: Address
    permit2: Address
    house_fee_bps: int
    max_fee_bps: int
    max_partner_fee_bps: int
    deadline_max_s: int


@dataclass(frozen=True, slots=True)
class Market:
    """What moves with the chain: the tokens that are traded, each with one fill's gas in it, and block time.

    `gas_fees` is in each token's smallest unit, None where it is not priced yet. `block_time` is the newest indexed
    block's, unix seconds; the database's clock stands in until a block is indexed. `clock` is that clock itself.
    """

    gas_fees: Mapping[Address, int | None]
    block_time: int
    clock: int

    @property
    def next_block_time(self) -> int:
        """The least that the next block may be of, however old the newest indexed one is."""
        return max(self.block_time, self.clock)


def check_fields(intent: Intent, rules: Rules, market: Market) -> None:
    """All rules but the signature's. Raises a `Refused`."""
    for check in _CHECKS:
        check(intent, rules, market)


def _chain(intent: Intent, rules: Rules, _: Market) -> None:
    if intent.chain_id != rules.chain_id:
        raise WrongChain(f"expected chain {rules.chain_id}, got {intent.chain_id}", field="intent.chain_id")


def _spender(intent: Intent, rules: Rules, _: Market) -> None:
    if intent.spender != rules.settlement:
        raise WrongSpender(
            f"expected the Settlement {rules.settlement}, got {intent.spender}; see GET /api/v1/config",
            field="intent.spender",
        )


def _amounts(intent: Intent, _: Rules, __: Market) -> None:
    for name in ("amount_in", "min_amount_out"):
        if getattr(intent, name) == 0:
            raise AmountInvalid("expected more than 0", field=f"intent.{name}")


def _tokens(intent: Intent, _: Rules, market: Market) -> None:
    if intent.token_in == intent.token_out:
        raise SameToken("expected another token than token_in", field="intent.token_out")
    for name in ("token_in", "token_out"):
        if getattr(intent, name) not in market.gas_fees:
            raise TokenUnknown(
                f"{getattr(intent, name)} is not traded here; GET /api/v1/tokens lists what is", field=f"intent.{name}"
            )


def _receiver(intent: Intent, rules: Rules, market: Market) -> None:
    if intent.receiver in (ZERO_ADDRESS, rules.settlement, rules.permit2) or intent.receiver in market.gas_fees:
        raise ReceiverInvalid(
            "expected an account: not zero, Settlement, Permit2 or a token; the swapper itself is the usual one",
            field="intent.receiver",
        )


def _partner(intent: Intent, rules: Rules, _: Market) -> None:
    if intent.partner_fee_bps > rules.max_partner_fee_bps:
        raise PartnerInvalid(
            f"expected at most {rules.max_partner_fee_bps} basis points", field="intent.partner_fee_bps"
        )
    if intent.partner_fee_bps > 0 and intent.partner == ZERO_ADDRESS:
        raise PartnerInvalid("expected who gets the fee, or partner_fee_bps of 0", field="intent.partner")


def _times(intent: Intent, rules: Rules, market: Market) -> None:
    now = market.block_time
    if intent.deadline <= market.next_block_time:
        raise DeadlinePassed(
            f"expected a deadline after block time, which is {market.next_block_time}, got {intent.deadline}",
            field="intent.deadline",
        )
    if intent.deadline > now + rules.deadline_max_s:
        raise DeadlineTooFar(f"expected at most {now + rules.deadline_max_s}", field="intent.deadline")
    if intent.valid_from >= intent.deadline:
        raise TimesInvalid("expected a moment before the deadline", field="intent.valid_from")
    if not intent.valid_from <= intent.open_after <= intent.deadline:
        raise TimesInvalid(
            "expected a moment from valid_from to deadline; the deadline means that only auctions fill it",
            field="intent.open_after",
        )


def _carries_fee(intent: Intent, rules: Rules, market: Market) -> None:
    gas_fee = market.gas_fees[intent.token_out]
    fee = fees.fee_for(intent, rules.house_fee_bps, gas_fee)
    if not fees.carries(intent.min_amount_out, fee, rules.max_fee_bps):
        smallest = fees.smallest_min_amount_out(
            house_fee_bps=rules.house_fee_bps,
            partner_fee_bps=intent.partner_fee_bps,
            gas_fee=gas_fee,
            max_fee_bps=rules.max_fee_bps,
        )
        raise IntentTooSmall(
            f"its fee of {fee} is more than {rules.max_fee_bps} basis points of min_amount_out, "
            f"which must be at least {smallest} now",
            field="intent.min_amount_out",
        )


_CHECKS: tuple[Callable[[Intent, Rules, Market], None], ...] = (
    _chain,
    _spender,
    _amounts,
    _tokens,
    _receiver,
    _partner,
    _times,
    _carries_fee,
)
