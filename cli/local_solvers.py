"""What the solvers of a local venue start with: a key each, coins, and an inventory."""

from __future__ import annotations

from contextlib import closing
from typing import Final

from cli.processes import SOLVERS, solver_key_path, solver_names
from cli.venue import rpc_of
from intendly.settings import Settings

_COIN: Final = 10**18
_COINS_EACH: Final = 1_000 * _COIN
_INVENTORY_DOLLARS: Final = 2_000_000


def ready_solvers(settings: Settings, count: int = len(SOLVERS)) -> None:
    """Make the keys that are missing and give their accounts what they start with. A second run changes nothing."""
    from intendly.adapters.chain.keys import load_or_make_key
    from intendly.adapters.chain.local.contracts import COINS
    from intendly.adapters.chain.local.market import Funding, LocalMarket

    inventory = {coin.symbol: coin.worth(_INVENTORY_DOLLARS) for coin in COINS}
    fundings = [
        Funding(
            load_or_make_key(path).address,
            _COINS_EACH,
            inventory if path.parent.name.startswith("market_maker") else None,
        )
        for path in (solver_key_path(settings, name) for name in solver_names(count))
        if not path.exists()
    ]
    if fundings:
        with closing(rpc_of(settings)) as rpc:
            LocalMarket(rpc, load_or_make_key(settings.deployer_key_path)).fund(fundings)
