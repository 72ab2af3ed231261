"""Amounts of a token as people write them, and in its smallest unit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Final

from intendly_sdk.messages import TokenView
from intendly_sdk.primitives import Address

_EXACT: Final = Context(prec=80)
_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_OF_BOUGHT: Final = re.compile(r"(?<=best bid was )[0-9]+|(?<=signed minimum of )[0-9]+")
_OF_SOLD: Final = re.compile(r"\b[0-9]+\b( of token_in)?")
_ABOUT_SOLD: Final = re.compile(r"the swapper holds|permit2 may take|of the [0-9]+ that permit2", re.IGNORECASE)


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


def in_tokens(text: str, sold: TokenView | None, bought: TokenView | None) -> str:
    """What the venue says of a trade in smallest units, in whole tokens where the token is known."""
    if bought is not None:
        text = _OF_BOUGHT.sub(lambda found: of_token(int(found[0]), bought), text)
    if sold is not None and _ABOUT_SOLD.match(text):
        text = _OF_SOLD.sub(lambda found: of_token(int(found[0].split()[0]), sold), text)
    return text


def smallest_units(text: str, decimals: int) -> int:
    """A decimal number of whole tokens, above 0 and below 10^38 smallest units. Raises `ValueError`."""
    if not _NUMBER.fullmatch(text):
        raise ValueError("expected a number of tokens in digits, such as 1.5")
    amount = Decimal(text)
    if amount <= 0 or amount.adjusted() + decimals >= 38:
        raise ValueError("expected a number of tokens above 0, and not so large")
    units = amount.scaleb(decimals, _EXACT)
    if units != units.to_integral_value():
        raise ValueError(f"expected at most {decimals} digits behind the point")
    return int(units)
