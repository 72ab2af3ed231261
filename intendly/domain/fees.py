"""What a fill costs its swapper, in token_out, on top of the amount (docs/adr/0002-who-pays-gas.md).

The venue's submitter pays the gas of a settlement, and gets it back through this fee. It is fixed when the auction
opens, told to the solvers with it, and signed in each bid's leg.
"""

from __future__ import annotations

from intendly_sdk.messages import Intent

BPS = 10_000


def fee_for(intent: Intent, house_fee_bps: int, gas_fee: int | None) -> int:
    """House, partner and gas together, in token_out's smallest unit.

    `gas_fee` is what one fill's gas costs in token_out (tokens.gas_fee); None, not priced yet, counts as 0.
    """
    return (
        _share(intent.min_amount_out, house_fee_bps)
        + _share(intent.min_amount_out, intent.partner_fee_bps)
        + (gas_fee or 0)
    )


def carries(min_amount_out: int, fee: int, max_fee_bps: int) -> bool:
    """Whether the contract takes `fee` from a fill at the signed minimum (Settlement.MAX_FEE_BPS)."""
    return fee * BPS <= min_amount_out * max_fee_bps


def smallest_min_amount_out(house_fee_bps: int, partner_fee_bps: int, gas_fee: int | None, max_fee_bps: int) -> int:
    """The least min_amount_out from which on every amount carries its fee. Raises `ValueError` where none does.

    Each share is rounded up, so a little less may carry its fee too; nobody is told an amount that does not.
    """
    left_for_gas = max_fee_bps - house_fee_bps - partner_fee_bps
    if left_for_gas <= 0:
        raise ValueError("the shares alone exceed the contract's cap")
    rounding = (house_fee_bps > 0) + (partner_fee_bps > 0)
    return max(1, -(-((gas_fee or 0) + rounding) * BPS // left_for_gas))


def _share(amount: int, bps: int) -> int:
    return -(-amount * bps // BPS)
