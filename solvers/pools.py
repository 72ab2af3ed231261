"""Which pools there are between the tokens of the markets. New ones are looked for now and then."""

from __future__ import annotations

import threading
import time
from itertools import permutations

from intendly_sdk.primitives import ZERO_ADDRESS, Address

from solvers.chain_calls import ChainCalls, View
from solvers.markets import Markets
from solvers.routes import Hop, Venue

_GET_PAIR = View("getPair", ("address", "address"), ("address",))
_GET_POOL = View("getPool", ("address", "address", "uint24"), ("address",))


class Pools:
    """The pools as of `max_age_s` ago at most. Safe to use from several threads. Raises `ChainError`."""

    def __init__(self, calls: ChainCalls, markets: Markets, max_age_s: int) -> None:
        self._calls = calls
        self._markets = markets
        self._max_age = max_age_s
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._found: dict[Hop, Address] = {}

    def hops(self, token_in: Address, token_out: Address) -> list[Hop]:
        """Every pool that swaps the one for the other."""
        return [hop for hop in self._current() if (hop.token_in, hop.token_out) == (token_in, token_out)]

    def between(self, token_in: Address, token_out: Address) -> list[Address]:
        """The tokens by which two hops may lead from the one to the other."""
        found = self._current()
        after = {hop.token_out for hop in found if hop.token_in == token_in}
        before = {hop.token_in for hop in found if hop.token_out == token_out}
        return sorted((after & before) - {token_in, token_out})

    def pair(self, hop: Hop) -> Address:
        """The contract of a pool."""
        return self._current()[hop]

    def _current(self) -> dict[Hop, Address]:
        with self._lock:
            if time.monotonic() - self._read_at > self._max_age:
                self._found = self._read()
                self._read_at = time.monotonic()
            return self._found

    def _read(self) -> dict[Hop, Address]:
        v2, v3 = self._markets.uniswap_v2, self._markets.uniswap_v3
        asked = {
            hop: _GET_PAIR.at(v2.factory, hop.token_in, hop.token_out)
            if hop.venue is Venue.V2
            else _GET_POOL.at(v3.factory, hop.token_in, hop.token_out, hop.fee)
            for token_in, token_out in permutations((token.address for token in self._markets.tokens), 2)
            for hop in (
                Hop(Venue.V2, token_in, token_out),
                *(Hop(Venue.V3, token_in, token_out, fee) for fee in v3.fees),
            )
        }
        answers = self._calls.read(list(asked.values())).values
        found = {hop: Address(answer) for hop, answer in zip(asked, answers, strict=True) if answer}
        return {hop: pool for hop, pool in found.items() if pool != ZERO_ADDRESS}
