"""What quoting needs of the outside (adapters/chain/quote_facts.py, adapters/asking/indications.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from intendly_sdk.messages import QuoteAsk, SolverView
from intendly_sdk.primitives import Address

from intendly.domain.token_permit import PermitFacts


@dataclass(frozen=True, slots=True)
class QuoteFacts:
    """What the chain says, as of one block. Amounts in the token's smallest unit, `block_time` in unix seconds.

    `pools` is the most that one known pool gives, 0 where there is none. A balance or allowance is None where the
    token does not answer.
    """

    block_number: int
    block_time: int
    pools: int
    balance: int | None
    allowance: int | None
    permit: PermitFacts


class QuoteChain(Protocol):
    """The chain at its latest block. Raises `ChainUnavailable` when no endpoint answers in time."""

    def facts(self, swapper: Address, ask: QuoteAsk) -> QuoteFacts: ...


@dataclass(frozen=True, slots=True)
class Indication:
    """What a solver would pay in all, in token_out's smallest unit, as it said at `at`, seconds of this process's
    monotonic clock."""

    solver: Address
    amount: int
    at: float


class Indications(Protocol):
    """The solvers that are asked over HTTP."""

    def of(self, ask: QuoteAsk) -> Sequence[Indication]:
        """What those say who answer in time; as long as it is fresh, nobody is asked the same again."""
        ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A solver that is asked over HTTP."""

    solver: Address
    url: str


class SolverReader(Protocol):
    """The registered solvers, as the index has them."""

    def find(self, solver: Address) -> SolverView | None: ...

    def page(self, limit: int, after: Address | None) -> tuple[SolverView, ...]:
        """By address, behind `after`."""
        ...

    def some_endpoints(self, limit: int) -> list[Endpoint]:
        """Active solvers that are asked over HTTP; a random few where there are more than `limit`."""
        ...
