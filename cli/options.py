"""What many commands are told: which venue, which chain, and whether to answer in JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

import typer
from intendly_sdk.primitives import Hash32

from intendly.settings import SettingsError

if TYPE_CHECKING:
    from intendly_sdk.messages import ConfigView

    from intendly.adapters.chain.rpc import Rpc

LOCAL_API: Final = "http://127.0.0.1:3001"
"""Where `intendly up` answers, unless its port was taken."""
_LOCAL_CHAIN: Final = "http://127.0.0.1:8545"
EXAMPLE_ADDRESS: Final = "0x" + "1f" * 20
EXAMPLE_HASH: Final = "0x" + "1f" * 32

ApiUrl = Annotated[str, typer.Option("--api", metavar="URL", envvar="INTENDLY_API_URL", help="the venue")]
RpcUrl = Annotated[
    str | None, typer.Option("--rpc", metavar="URL", envvar="RPC_URL", help="a JSON-RPC endpoint of the venue's chain")
]
ChainId = Annotated[
    int | None,
    typer.Option(
        "--chain-id",
        metavar="NUMBER",
        envvar="INTENDLY_CHAIN_ID",
        help="the chain that you mean; nothing is signed where the venue names another",
    ),
]
SettlementAddress = Annotated[
    str | None,
    typer.Option(
        "--settlement",
        metavar="ADDRESS",
        envvar="INTENDLY_SETTLEMENT",
        help="the Settlement that you mean; nothing is signed where the venue names another",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="one JSON object on standard output, everything else on standard error")
]
Yes = Annotated[bool, typer.Option("--yes", help="ask for no confirmation")]


class OptionError(SettingsError):
    """A mistake on the command line; the text begins with the option at fault and says what was expected."""


def answers_in_json() -> bool:
    """Whether --json was said, also on a command line that can't be understood."""
    return "--json" in sys.argv[1:]


def say_json(answer: object) -> None:
    """The one object that a command with --json leaves on standard output."""
    typer.echo(json.dumps(answer))


def api_url(given: str) -> str:
    """Raises `OptionError` for what is no http address."""
    _check_http("--api", given, LOCAL_API)
    return given


def hash_argument(name: str, text: str) -> Hash32:
    """A hash that was given as `name`. Raises `OptionError` that names it."""
    try:
        return Hash32(text)
    except ValueError as error:
        raise OptionError(f"{name}: {error}") from None


def confirmed(question: str, *, yes: bool) -> None:
    """Ask on the terminal, unless `yes`. Raises `typer.Abort` at a no, `OptionError` where nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise OptionError(f"--yes: expected, as there is no terminal to ask on: {question}")
    typer.confirm(question, abort=True, err=True)


@contextmanager
def venue_chain(given: str | None, config: ConfigView) -> Iterator[Rpc]:
    """The chain at --rpc. Raises `OptionError` when there is none, or when it is not the venue's."""
    from intendly.adapters.chain.rpc import Rpc

    if given is None:
        raise OptionError(f"--rpc: expected the URL of a JSON-RPC endpoint of chain {config.chain_id} (or RPC_URL)")
    _check_http("--rpc", given, _LOCAL_CHAIN)
    with closing(Rpc([given], timeout_s=30)) as rpc:
        chain_id = int(rpc.call("eth_chainId"), 16)
        if chain_id != config.chain_id:
            raise OptionError(f"--rpc: expected an endpoint of chain {config.chain_id}, the venue's, got {chain_id}")
        yield rpc


def _check_http(option: str, url: str, example: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OptionError(f"{option}: expected an address such as {example}")  # what was given may carry a key
