"""What can be traded and where: the MARKETS_FILE, which the deployment of a chain writes."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from intendly_sdk.primitives import Address
from pydantic import BaseModel, ConfigDict, ValidationError

from solvers.settings import SettingsError


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Token(_Part):
    """A token, and the feed of its price in US dollars if it has one."""

    address: Address
    symbol: str
    decimals: int
    price_feed: Address | None = None


class UniswapV2(_Part):
    """Where V2 pairs are found and swapped."""

    factory: Address
    router: Address


class UniswapV3(_Part):
    """Where V3 pools are found, quoted and swapped; fees in hundredths of a basis point."""

    factory: Address
    router: Address
    quoter: Address
    fees: tuple[int, ...] = (500, 3_000, 10_000)


class Markets(_Part):
    """The whole file."""

    wrapped_native: Address
    multicall3: Address
    tokens: tuple[Token, ...]
    uniswap_v2: UniswapV2
    uniswap_v3: UniswapV3

    @cached_property
    def by_address(self) -> dict[Address, Token]:
        """The tokens by their address."""
        return {token.address: token for token in self.tokens}


def load_markets(path: Path) -> Markets:
    """Raises `SettingsError` when the file is missing or is not what it must be."""
    try:
        return Markets.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"MARKETS_FILE: {error.strerror}: {path}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"MARKETS_FILE: {where}: {first['msg']}") from None
