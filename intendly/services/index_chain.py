"""Reads the contracts' events in block order; what the chain says wins over what we believed.

Far behind the head it reads by range, at the tip block by block and by hash, so that no log of another fork slips in
(design: Getting it on chain, exactly once).
"""

from __future__ import annotations

import structlog
from intendly_sdk.primitives import ZERO_HASH

from intendly.domain.chain import Block
from intendly.domain.errors import Conflict
from intendly.services.ports import ChainIndex, ChainReader, IndexCursor

log = structlog.get_logger(__name__)

TIP_BLOCKS = 64
RANGE_BLOCKS = 500
STEPS_A_TICK = 20


class IndexChain:
    """One tick brings the index to the head, or `STEPS_A_TICK` steps nearer to it."""

    def __init__(self, chain: ChainReader, index: ChainIndex, *, deploy_block: int) -> None:
        self._chain = chain
        self._index = index
        self._first = max(deploy_block, 1)

    def run(self) -> int:
        """Index what is new. Returns the number of logs that took effect."""
        effects = 0
        for _ in range(STEPS_A_TICK):
            done = self._step()
            if done is None:
                break
            effects += done
        return effects  # what is open or due again by them has to wait anyway, so nobody is nudged

    def _step(self) -> int | None:
        """One commit forward or one roll-back; None when there is nothing left to do."""
        head = self._chain.head()
        cursor = self._index.cursor()
        if cursor is not None and head.number < cursor.number:
            return None  # an endpoint that lags; of a chain that is shorter for good the fork shows when it has grown
        if cursor is not None and self._is_lost(cursor):
            return self._roll_back(cursor)
        start = cursor.number + 1 if cursor else self._first
        if start > head.number:
            return None
        if head.number - start >= TIP_BLOCKS:
            return self._advance_by_range(cursor, start, min(start + RANGE_BLOCKS - 1, head.number - TIP_BLOCKS))
        return self._advance_by_hash(cursor, start, head.number)

    def _is_lost(self, cursor: IndexCursor) -> bool:
        if cursor.hash == ZERO_HASH:
            return False
        [block] = self._chain.blocks([cursor.number])
        return block is None or block.hash != cursor.hash

    def _advance_by_range(self, cursor: IndexCursor | None, first: int, last: int) -> int | None:
        [end] = self._chain.blocks([last])
        logs = self._chain.logs_between(first, last)
        if end is None:
            return None
        return len(logs) if self._index.advance(cursor, [end], logs, self._chain.final_number()) else None

    def _advance_by_hash(self, cursor: IndexCursor | None, first: int, last: int) -> int | None:
        blocks = _chained(self._chain.blocks(range(first, last + 1)), cursor)
        if not blocks:
            return None
        try:
            logs = self._chain.logs_of([block.hash for block in blocks])
        except Conflict:
            return None  # the tip moved under us; the next tick sees the new one
        return len(logs) if self._index.advance(cursor, blocks, logs, self._chain.final_number()) else None

    def _roll_back(self, cursor: IndexCursor) -> int | None:
        to = self._ancestor(cursor)
        changed = self._index.solvers_after(to.number)
        if not self._index.roll_back(cursor, to, self._chain.registered(changed) if changed else []):
            return None
        log.warning("chain_rolled_back", from_block=cursor.number, to_block=to.number, solvers=len(changed))
        return cursor.number - to.number

    def _ancestor(self, cursor: IndexCursor) -> IndexCursor:
        """The newest stored block that the chain still has; the block before the first where it has none."""
        below = cursor.number
        while known := self._index.known_blocks(below, TIP_BLOCKS):
            theirs = self._chain.blocks([block.number for block in known])
            for ours, block in zip(known, theirs, strict=True):
                if block is not None and block.hash == ours.hash:
                    return ours
            below = known[-1].number
        return IndexCursor(self._first - 1, ZERO_HASH)


def _chained(blocks: list[Block | None], cursor: IndexCursor | None) -> list[Block]:
    """The leading blocks that follow one another, and the cursor; the rest was read across a change of fork."""
    chained: list[Block] = []
    parent = cursor.hash if cursor else None
    for block in blocks:
        if block is None or (parent is not None and parent not in (ZERO_HASH, block.parent_hash)):
            break
        chained.append(block)
        parent = block.hash
    return chained
