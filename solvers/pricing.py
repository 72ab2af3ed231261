"""What a solver gives for an amount: a fair price, less its own cut and the fee. Pure integers, rounded down."""

from __future__ import annotations

from dataclasses import dataclass

BPS = 10_000


@dataclass(frozen=True, slots=True)
class OraclePrice:
    """A token's price in US dollars: `answer` / 10^`decimals`, as of `updated_at` in block time."""

    answer: int
    decimals: int
    updated_at: int

    def is_good(self, now: int, max_age_s: int) -> bool:
        """Positive, and no older than `max_age_s` at block time `now`."""
        return self.answer > 0 and now - self.updated_at <= max_age_s


def fair_amount_out(
    amount_in: int, price_in: OraclePrice, decimals_in: int, price_out: OraclePrice, decimals_out: int
) -> int:
    """The same value in the other token, both in their smallest units."""
    up: int = 10 ** (decimals_out + price_out.decimals)
    down: int = 10 ** (decimals_in + price_in.decimals)
    return amount_in * price_in.answer * up // (price_out.answer * down)


def after_costs(gross: int, cut_bps: int, fee: int) -> int | None:
    """What the receiver gets of `gross`, after the solver's own cut and the auction's fee; None if nothing."""
    amount_out = gross * (BPS - cut_bps) // BPS - fee
    return amount_out if amount_out > 0 else None
