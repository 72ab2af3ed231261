"""`intendly pause` and `intendly resume`: stop taking new work, and take it again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from cli.options import Json, OptionError, say_json
from cli.venue import NOT_YET, rpc_of
from intendly.adapters.observability.logging import configure_logging
from intendly.domain.errors import ChainUnavailable, Conflict
from intendly.settings import Settings, SettingsError, exported, load_settings

if TYPE_CHECKING:
    from intendly_sdk.primitives import Address

    from intendly.adapters.chain.rpc import Rpc
    from intendly.adapters.db.pause import PauseStore

OnChain = Annotated[
    bool, typer.Option("--on-chain", help="Settlement's own pause too, sent with the key PAUSER_KEY_FILE")
]
_REASON_MAX: Final = 200
_LOOK_S: Final = 5.0
"""A chain that does not answer holds no resume up for longer."""
_ORDERS = {"pause": "Settlement.pause", "unpause": "Settlement.unpause"}


@dataclass(frozen=True)
class Contract:
    """How Settlement stands. `tx_hash` and `block` are of what was sent now; nothing is where it stood so already."""

    paused: bool
    tx_hash: str | None = None
    block: int | None = None


def register(app: typer.Typer) -> None:
    """Add both commands to the program."""
    app.command("pause", epilog="Example: intendly pause --on-chain")(pause)
    app.command("resume", epilog="Example: intendly resume")(resume)


def pause(
    reason: Annotated[str, typer.Option(help="told to everybody whose request is refused")] = "maintenance",
    on_chain: OnChain = False,
    as_json: Json = False,
) -> None:
    """Refuse new intents, bids, quotes and batches, and open no auctions, from within a second on and until `resume`.

    Reads and cancels go on, and so does the settling of what was won. With --on-chain nothing settles either.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= _REASON_MAX or not reason.isprintable():
        raise OptionError(f"--reason: expected one line of 1 to {_REASON_MAX} characters, for those who are refused")
    settings = _settings(on_chain=on_chain)
    with _store(settings) as store:
        store.pause(reason)
        contract = _send(settings, "pause") if on_chain else None
    _tell(as_json, paused=True, reason=reason, contract=contract)


def resume(on_chain: OnChain = False, as_json: Json = False) -> None:
    """Take everything again. With --on-chain Settlement's pause is lifted first, which only its owner's key can do.

    Without it this is refused while Settlement is paused, since nothing that was won would settle.
    """
    settings = _settings(on_chain=on_chain)
    with _store(settings) as store:
        contract = _send(settings, "unpause") if on_chain else _looked_at(settings)
        if contract and contract.paused:
            raise Conflict("Settlement is paused, so nothing would settle: intendly resume --on-chain lifts that too")
        store.resume()
    _tell(as_json, paused=False, reason=None, contract=contract)


@contextmanager
def _store(settings: Settings) -> Iterator[PauseStore]:
    from intendly.adapters.db.engine import Database
    from intendly.adapters.db.pause import PauseStore

    database = Database(settings.sqlalchemy_url, pool_size=1, application="intendly pause")
    try:
        yield PauseStore(database)
    finally:
        database.dispose()


def _settings(*, on_chain: bool) -> Settings:
    """Where the database, and the chain where it is asked for, are: as the environment says, or those of DATA_DIR."""
    from intendly.adapters.embedded.postgres import running_url

    configure_logging("pause", "WARNING", "console")
    given = {name: value for name, value in NOT_YET.items() if name not in exported(*NOT_YET)}
    folder = load_settings(given).data_dir
    if "DATABASE_URL" in given:
        url = running_url(folder)
        if url is None:
            raise SettingsError(f"DATABASE_URL: not set, and no venue runs in {folder}; set it, or DATA_DIR")
        given["DATABASE_URL"] = url
    if "RPC_URLS" in given:
        try:
            given["RPC_URLS"] = load_settings(given).local_rpc_path.read_text()
        except OSError:
            if on_chain:
                raise SettingsError(f"RPC_URLS: not set, and no local chain has run in {folder}") from None
    return load_settings(given)


def _looked_at(settings: Settings) -> Contract | None:
    """How Settlement stands; None where no chain is known, and, after a warning, where that does not answer."""
    if [url.get_secret_value() for url in settings.rpc_urls] == [NOT_YET["RPC_URLS"]]:
        return None
    from eth_abi.exceptions import DecodingError

    from intendly.adapters.chain.deployment import read_deployment
    from intendly.adapters.chain.rpc import RpcError

    try:
        settlement = read_deployment(settings.deployment_path).settlement
        with closing(rpc_of(settings, timeout_s=_LOOK_S)) as rpc:
            return Contract(_is_paused(rpc, settlement))
    except (SettingsError, RpcError, ChainUnavailable, DecodingError) as error:
        sys.stderr.write(f"warning: whether Settlement is paused is not known: {error}\n")
        return None


def _is_paused(rpc: Rpc, settlement: Address) -> bool:
    from intendly_sdk.primitives import HexBytes

    from intendly.adapters.chain import artifacts

    paused = artifacts.forge("Settlement").interface["paused"]
    question = {"to": str(settlement), "data": str(HexBytes(paused.encode()))}
    return bool(paused.decode(HexBytes(rpc.call("eth_call", question, "latest"))))


def _send(settings: Settings, order: Literal["pause", "unpause"]) -> Contract:
    """Send it and wait for its receipt, unless Settlement stands so already. Raises `TransactionFailed`."""
    from intendly.adapters.chain import artifacts
    from intendly.adapters.chain.account import Account, Call
    from intendly.adapters.chain.deployment import read_deployment
    from intendly.adapters.chain.keys import load_key

    settlement = read_deployment(settings.deployment_path).settlement
    interface = artifacts.forge("Settlement").interface
    with closing(rpc_of(settings)) as rpc:
        wanted = order == "pause"
        if _is_paused(rpc, settlement) == wanted:
            return Contract(wanted)
        account = Account(rpc, load_key(settings.pauser_key_path))
        sent = account.broadcast([Call(_ORDERS[order], settlement, interface[order].encode())])
        (tx_hash,) = sent
        return Contract(wanted, str(tx_hash), account.wait(sent))


def _tell(as_json: bool, *, paused: bool, reason: str | None, contract: Contract | None) -> None:
    if as_json:
        say_json({"paused": paused, "reason": reason, "contract": contract and asdict(contract)})
        return
    typer.echo(f"paused: {reason}" if paused else "resumed: new work is taken within a second")
    if contract is None:
        return
    if contract.tx_hash is None:
        typer.echo(f"Settlement {'was paused already' if contract.paused else 'is not paused'}; nothing was sent")
    else:
        done = "paused" if contract.paused else "unpaused"
        typer.echo(f"Settlement was {done}: transaction {contract.tx_hash}, block {contract.block}")
