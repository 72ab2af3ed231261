"""Amounts of a token as people write them, and in its smallest unit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, InvalidOperation
from typing import Final

from intendly_sdk.messages import TokenView
from intendly_sdk.primitives import Address

_EXACT: Final = Context(prec=80)


def shown(amount: int, decimals: int) -> str:
    """An amount in whole tokens, with up to six digits behind the point."""
    whole, rest = divmod(amount, 10**decimals)
    digits = str(rest).rjust(decimals, "0")[:6].rstrip("0")
    return f"{whole:,}.{digits}" if digits else f"{whole:,}"


def exact(amount: int, decimals: int) -> str:
    """An amount in whole tokens with all its digits and no others, so that `smallest_units` reads it back."""
    whole, rest = divmod(amount, 10**decimals)
    digits = str(rest).rjust(decimals, "0").rstrip("0")
    return f"{whole}.{digits}" if rest else str(whole)


def of_token(amount: int, token: TokenView) -> str:
    """An amount with its unit, as 1.5 WOKB."""
    return f"{exact(amount, token.decimals)} {token.symbol}"


def of_address(amount: int, address: Address, tokens: Sequence[TokenView]) -> str:
    """The same of the token at `address`; in smallest units where it is none of `tokens`."""
    token = next((token for token in tokens if token.address == address), None)
    return of_token(amount, token) if token else f"{amount} smallest units of {address.checksum}"


def smallest_units(text: str, decimals: int) -> int:
    """A decimal number of whole tokens, above 0 and below 10^38 smallest units. Raises `ValueError`."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError("expected a number of tokens, such as 1.5") from None
    if not amount.is_finite() or amount <= 0 or amount.adjusted() + decimals >= 38:
        raise ValueError("expected a number of tokens above 0, and not so large")
    units = amount.scaleb(decimals, _EXACT)
    if units != units.to_integral_value():
        raise ValueError(f"expected at most {decimals} digits behind the point")
    return int(units)
