"""`intendly solver …`: who may bid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer
from intendly_sdk.client import VenueClient
from intendly_sdk.messages import ConfigView, SolverView
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer

from cli.contracts import address_option
from cli.keystore import Keystore, PasswordFile, load_signer
from cli.options import LOCAL_API, ApiUrl, Json, OptionError, RpcUrl, api_url, say_json, venue_chain
from intendly.adapters.observability.logging import configure_logging

if TYPE_CHECKING:
    from intendly.adapters.chain.account import Call
    from intendly.adapters.chain.rpc import Rpc

_ENDPOINT_MAX_BYTES = 512

group = typer.Typer(help="Those who bid: listed, registered.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group to the program."""
    app.add_typer(group, name="solver")


@group.command("list", epilog="Example: intendly solver list")
def list_command(api: ApiUrl = LOCAL_API, as_json: Json = False) -> None:
    """List the registered solvers: the account, the key that signs its bids, and how it is asked for them."""
    solvers: list[SolverView] = []
    with VenueClient(api_url(api)) as venue:
        page = venue.solvers()
        solvers += page.solvers
        while page.next is not None:
            page = venue.solvers(page.next)
            solvers += page.solvers
    if as_json:
        say_json({"solvers": [each.model_dump(mode="json") for each in solvers]})
        return
    if not solvers:
        typer.echo("no solver is registered; `intendly solver register --endpoint URL` (or `--stream`) registers yours")
    for each in solvers:
        standing = f"asked over {each.asked_over}" if each.active else "not active"
        typer.echo(f"{each.address.checksum}  key {each.signing_key.checksum}  {standing}")


@group.command(
    "register", epilog="Example: intendly solver register --endpoint https://solver.example/bids --keystore solver.json"
)
def register_command(
    endpoint: Annotated[
        str | None, typer.Option(metavar="URL", help="where the venue asks you for bids, over HTTP")
    ] = None,
    stream: Annotated[bool, typer.Option("--stream", help="you bid over the stream, so you are asked nowhere")] = False,
    signing_key: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="whose signature counts on your bids; default: the key that stands, at first the account's own",
        ),
    ] = None,
    rpc: RpcUrl = None,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    api: ApiUrl = LOCAL_API,
    as_json: Json = False,
) -> None:
    """Put your account into SolverRegistry with its signing key and endpoint. Changes only what is not so already."""
    configure_logging("solver", "ERROR", "console")
    wanted_endpoint = _endpoint(endpoint, stream=stream)
    wanted_key = address_option("--signing-key", signing_key) if signing_key else None
    with VenueClient(api_url(api)) as venue:
        config = venue.config()
    with venue_chain(rpc, config) as chain:
        signer = load_signer(keystore, password_file)
        key, sent = _enrol(chain, config, signer, wanted_key, wanted_endpoint)
    if as_json:
        told = {"solver": str(signer.address), "signing_key": str(key), "endpoint": wanted_endpoint}
        say_json(told | {"transactions": [{"call": call, "tx_hash": str(tx)} for tx, call in sent.items()]})
        return
    for tx_hash, call in sent.items():
        typer.echo(f"{call}: tx {tx_hash}")
    how = f"asked at {wanted_endpoint}" if wanted_endpoint else "bids over the stream"
    typer.echo(f"solver {signer.address.checksum} is registered with key {key.checksum}, {how}")


def _endpoint(endpoint: str | None, *, stream: bool) -> str:
    if (endpoint is None) == (not stream):
        raise OptionError("--endpoint: expected either --endpoint URL or --stream")
    if endpoint is None:
        return ""
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or len(endpoint.encode()) > _ENDPOINT_MAX_BYTES:
        raise OptionError(
            f"--endpoint: expected an address such as https://solver.example/bids, of {_ENDPOINT_MAX_BYTES} bytes at "
            f"most, got {endpoint[:100]}"
        )
    return endpoint


def _enrol(
    chain: Rpc, config: ConfigView, signer: Signer, wanted_key: Address | None, endpoint: str
) -> tuple[Address, dict[Hash32, str]]:
    """Send what is missing and wait for it; the key that stands then, and the names of what was sent, by transaction.

    Raises `TransactionFailed`.
    """
    from intendly.adapters.chain.account import Account

    account = Account(chain, signer)
    known_key, known_endpoint = _known(chain, config.registry, signer.address)
    key = wanted_key or known_key or signer.address
    sent = account.broadcast(_missing(config.registry, key, endpoint, known_key, known_endpoint))
    account.wait(dict(sent))
    return key, sent


def _known(chain: Rpc, registry: Address, solver: Address) -> tuple[Address | None, bytes]:
    """The key and the endpoint that stand in the registry; no key where the solver is not registered."""
    from intendly.adapters.chain import artifacts

    info = artifacts.forge("SolverRegistry").interface["solverInfo"]
    request = {"to": str(registry), "data": str(HexBytes(info.encode(solver)))}
    known: Any = info.decode(HexBytes(chain.call("eth_call", request, "latest")))
    key, _, endpoint = known
    return (Address(key) if int(key, 16) else None), endpoint


def _missing(
    registry: Address, key: Address, endpoint: str, known_key: Address | None, known_endpoint: bytes
) -> list[Call]:
    from intendly.adapters.chain import artifacts
    from intendly.adapters.chain.account import Call

    interface = artifacts.forge("SolverRegistry").interface

    def call(name: str, *arguments: object) -> Call:
        return Call(f"SolverRegistry.{name}", registry, interface[name].encode(*arguments))

    if known_key is None:
        return [call("register", key, endpoint)]
    missing = []
    if known_key != key:
        missing.append(call("setKey", key))
    if known_endpoint != endpoint.encode():
        missing.append(call("setEndpoint", endpoint))
    return missing
