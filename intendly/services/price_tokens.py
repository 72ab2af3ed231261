"""Keeps what one fill's gas costs in each token, so that accepting and opening need not ask the chain."""

from __future__ import annotations

from collections.abc import Sequence

from intendly.domain.deployment import Token
from intendly.services.ports import PriceSource, TokenStore


class PriceTokens:
    """One tick prices `fill_gas` units of gas in every token (docs/adr/0002-who-pays-gas.md)."""

    def __init__(self, prices: PriceSource, store: TokenStore, tokens: Sequence[Token], *, fill_gas: int) -> None:
        self._prices = prices
        self._store = store
        self._tokens = tokens
        self._fill_gas = fill_gas

    def run(self) -> int:
        """Returns how many tokens have a price now. One without keeps its last."""
        priced = self._prices.gas_fees(self._fill_gas)
        self._store.put(self._tokens, priced)
        return len(priced.fees)
