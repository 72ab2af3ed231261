"""What a trade is asked to be, as people write it: amounts of tokens, time spans, basis points."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from intendly_sdk.messages import TokenView

from cli.amounts import smallest_units
from cli.options import OptionError

_SPAN = re.compile(r"([1-9][0-9]{0,8})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LONGEST_FIRST = sorted(_SECONDS.items(), key=lambda unit: -unit[1])
_BPS = re.compile(r"([0-9]{1,4})bps")
_BPS_MAX = 5_000
_PERCENT = re.compile(r"([0-9]{1,2}(\.[0-9]{1,2})?)%")


def seconds(option: str, text: str) -> int:
    """A time span, such as 90s, 10m, 2h or 1d. Raises `OptionError`."""
    found = _SPAN.fullmatch(text) if text.isascii() else None
    if found is None:
        raise OptionError(f"{option}: expected a time such as 90s, 10m, 2h or 1d, got {text}")
    return int(found[1]) * _SECONDS[found[2]]


def span(seconds: int) -> str:
    """A time span as `seconds` reads it, in its longest unit: 30d."""
    unit, length = next((unit, length) for unit, length in _LONGEST_FIRST if seconds % length == 0)
    return f"{seconds // length}{unit}"


def basis_points(option: str, text: str) -> int:
    """A share of up to 50 %, such as 50bps or 0.5%. Raises `OptionError`."""
    bps = None
    if found := _BPS.fullmatch(text):
        bps = int(found[1])
    elif found := _PERCENT.fullmatch(text):
        bps = int(Decimal(found[1]) * 100)
    if bps is None or bps > _BPS_MAX:
        raise OptionError(
            f"{option}: expected whole basis points from 0bps to {_BPS_MAX}bps (50%), as 50bps or 0.5%, got {text}"
        )
    return bps


def token_named(option: str, text: str, tokens: Sequence[TokenView]) -> TokenView:
    """The token of that symbol or address. Raises `OptionError` that lists those there are."""
    found = [token for token in tokens if text.casefold() in (token.symbol.casefold(), str(token.address))]
    if len(found) == 1:
        return found[0]
    if found:
        raise OptionError(f"{option}: {len(found)} tokens are called {text}; give the address")
    raise OptionError(f"{option}: expected one of {', '.join(token.symbol for token in tokens)}, got {text}")


def pair_named(sold: str, bought: str, tokens: Sequence[TokenView]) -> tuple[TokenView, TokenView]:
    """The tokens of --sell and --for. Raises `OptionError`, also where they are the same."""
    pair = token_named("--sell", sold, tokens), token_named("--for", bought, tokens)
    if pair[0] == pair[1]:
        raise OptionError(f"--for: expected another token than that of --sell, got {bought}")
    return pair


def amount_of(option: str, text: str, token: TokenView) -> int:
    """An amount in whole tokens, in smallest units. Raises `OptionError` for one that is not exact."""
    try:
        return smallest_units(text, token.decimals)
    except ValueError as error:
        raise OptionError(f"{option}: {error} (of {token.symbol}), got {text}") from None
