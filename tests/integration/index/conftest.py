"""A chain that a test writes block by block behind the index's port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from intendly_sdk.primitives import ZERO_HASH, Address, Hash32

from intendly.adapters.db.chain_index import ChainIndexStore
from intendly.domain.chain import Block, Log, Place, SolverChanged
from intendly.domain.errors import ChainUnavailable, Conflict
from intendly.services.index_chain import IndexChain
from tests.integration.desk import Desk, digest


@dataclass
class WrittenChain:
    """Blocks and logs as a test writes them; `fork` replaces the newest ones."""

    fork_name: str = "main"
    chain: list[Block] = field(default_factory=lambda: [Block(0, digest("genesis"), ZERO_HASH, 1_000)])
    logs: dict[Hash32, list[Log]] = field(default_factory=dict)
    final: int = 0
    registry: dict[Address, SolverChanged] = field(default_factory=dict)
    registry_is_away: bool = False

    def mine(self, *logs: Log) -> Block:
        parent = self.chain[-1]
        number = parent.number + 1
        block = Block(number, digest(self.fork_name, number), parent.hash, parent.timestamp + 1)
        self.chain.append(block)
        self.logs[block.hash] = [
            replace(log, place=Place(number, block.hash, digest("tx", number, position), position))
            for position, log in enumerate(logs)
        ]
        return block

    def fork(self, depth: int, name: str) -> None:
        del self.chain[-depth:]
        self.fork_name = name

    def head(self) -> Block:
        return self.chain[-1]

    def final_number(self) -> int:
        return self.final

    def blocks(self, numbers: Sequence[int]) -> list[Block | None]:
        return [self.chain[number] if number < len(self.chain) else None for number in numbers]

    def logs_between(self, first: int, last: int) -> list[Log]:
        return [log for block in self.chain[first : last + 1] for log in self.logs.get(block.hash, [])]

    def logs_of(self, hashes: Sequence[Hash32]) -> list[Log]:
        known = {block.hash for block in self.chain}
        if not set(hashes) <= known:
            raise Conflict("a block is gone")
        return [log for value in hashes for log in self.logs.get(value, [])]

    def registered(self, solvers: Sequence[Address]) -> list[SolverChanged]:
        if self.registry_is_away:
            raise ChainUnavailable("nobody answers")
        return [self.registry[solver] for solver in solvers if solver in self.registry]


@pytest.fixture
def chain() -> WrittenChain:
    return WrittenChain()


@pytest.fixture
def index(desk: Desk, chain: WrittenChain) -> IndexChain:
    return IndexChain(chain, ChainIndexStore(desk.database), deploy_block=1)
