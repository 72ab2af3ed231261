"""All embedded parts at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from intendly.adapters.embedded.anvil import EmbeddedAnvil, embedded_anvil
from intendly.adapters.embedded.postgres import EmbeddedPostgres, embedded_postgres
from intendly.adapters.embedded.valkey import EmbeddedValkey, embedded_valkey

T = TypeVar("T")


@dataclass(frozen=True)
class EmbeddedParts:
    """What runs; None for a part that was not asked for."""

    postgres: EmbeddedPostgres | None
    valkey: EmbeddedValkey | None
    anvil: EmbeddedAnvil | None

    def fallen(self) -> str | None:
        """The name of a part whose process has ended by itself."""
        for part in (self.postgres, self.valkey, self.anvil):
            if part is not None and not part.child.running():
                return part.child.name
        return None


@contextmanager
def embedded_parts(
    data_dir: Path,
    *,
    postgres: bool = True,
    valkey: bool = True,
    anvil: bool = True,
    durable: bool = True,
    chain_id: int = 31_337,
    anvil_port: int | None = None,
    block_time_s: int | None = 1,
) -> Iterator[EmbeddedParts]:
    """Start the parts asked for side by side, yield when all are ready, stop them in the end.

    Raises the `EmbeddedError` of the first that can't start, with the others stopped.
    """
    with ExitStack() as running, ThreadPoolExecutor(max_workers=3) as starters:

        def start(wanted: bool, part: AbstractContextManager[T]) -> Future[T] | None:
            return starters.submit(running.enter_context, part) if wanted else None

        database = start(postgres, embedded_postgres(data_dir, durable=durable))
        store = start(valkey, embedded_valkey(data_dir, durable=durable))
        chain = start(
            anvil,
            embedded_anvil(data_dir, chain_id=chain_id, port=anvil_port, block_time_s=block_time_s, durable=durable),
        )
        yield EmbeddedParts(
            database.result() if database else None,
            store.result() if store else None,
            chain.result() if chain else None,
        )
