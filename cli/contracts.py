"""`intendly contracts …`: the contracts on the chain."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from intendly_sdk.primitives import Address
from pydantic import ValidationError

from cli.options import Json, OptionError, say_json
from cli.venue import rpc_of
from intendly.adapters.observability.logging import configure_logging
from intendly.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from intendly.adapters.chain.deployment import Surroundings
    from intendly.adapters.chain.verification import Administration
    from intendly.domain.deployment import Deployment

# Deploying needs neither of them.
_NOT_NEEDED = {"DATABASE_URL": "postgresql://", "REDIS_URL": "redis://"}

group = typer.Typer(help="The contracts on the chain.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group to the program."""
    app.add_typer(group, name="contracts")


@group.callback()
def _group() -> None:
    """Keeps `contracts` a group while it has one command."""


@group.command("deploy", epilog="Example: intendly contracts deploy --surroundings chain.json")
def deploy_command(
    local: Annotated[bool, typer.Option(help="on anvil: with Permit2, Uniswap, tokens, feeds and pools")] = False,
    surroundings: Annotated[
        Path | None, typer.Option(help="JSON: the chain's wrapped_native, tokens, uniswap_v2, uniswap_v3")
    ] = None,
    owner: Annotated[str | None, typer.Option(help="of Settlement; default: the deployer")] = None,
    fee_recipient: Annotated[str | None, typer.Option(help="of the house's fees; default: the owner")] = None,
    grant_delay_s: Annotated[int, typer.Option(help="seconds that a later grant of a role waits")] = 2 * 86_400,
    as_json: Json = False,
) -> None:
    """Deploy what is missing and check everything. Run twice, it checks and changes nothing.

    Keys that are missing are made in DATA_DIR/keys; the deployer's must hold coins (with --local it is given some).
    """
    from intendly.adapters.chain.keys import load_or_make_key

    settings = load_settings(_NOT_NEEDED)
    configure_logging("contracts", settings.log_level, "console")
    if local:
        deployment = deploy_local(settings)
    elif surroundings is None:
        raise SettingsError("--surroundings: expected a file that says what the chain has, or --local")
    else:
        deployment = _deploy(settings, surroundings, owner, fee_recipient, grant_delay_s)
    load_or_make_key(settings.receipt_key_path)  # no role on the chain, but the API does not start without it
    if as_json:
        told = deployment.model_dump(mode="json", include={"chain_id", "settlement", "registry", "deploy_block"})
        say_json(told | {"deployment_file": str(settings.deployment_path)})
        return
    typer.echo(f"Settlement      {deployment.settlement.checksum}")
    typer.echo(f"SolverRegistry  {deployment.registry.checksum}")
    typer.echo(f"chain {deployment.chain_id}, from block {deployment.deploy_block}: {settings.deployment_path}")


def deploy_local(settings: Settings) -> Deployment:
    """The local market with the contracts in it, on the anvil of RPC_URLS; keys, deployment and markets files.

    Raises `SettingsError`, `DeploymentMismatch`, `TransactionFailed`, `ChainUnavailable`.
    """
    from intendly.adapters.chain.keys import load_or_make_key
    from intendly.adapters.chain.local.market import LocalMarket

    with closing(rpc_of(settings)) as rpc:
        market = LocalMarket(rpc, load_or_make_key(settings.deployer_key_path))
        return market.make(_administration(settings), settings.deployment_path, settings.markets_path)


def _deploy(
    settings: Settings, surroundings: Path, owner: str | None, fee_recipient: str | None, grant_delay_s: int
) -> Deployment:
    from intendly.adapters.chain.account import Account
    from intendly.adapters.chain.deployment import deploy
    from intendly.adapters.chain.keys import load_or_make_key

    given = _read(surroundings)
    administration = _administration(settings, owner, fee_recipient, grant_delay_s)
    with closing(rpc_of(settings)) as rpc:
        account = Account(rpc, load_or_make_key(settings.deployer_key_path))
        return deploy(rpc, account, administration, given, settings.deployment_path)


def _administration(
    settings: Settings,
    owner: str | None = None,
    fee_recipient: str | None = None,
    grant_delay_s: int = 2 * 86_400,
) -> Administration:
    from intendly.adapters.chain.keys import load_or_make_key
    from intendly.adapters.chain.verification import Administration

    owns = address_option("--owner", owner) if owner else load_or_make_key(settings.deployer_key_path).address
    return Administration(
        owner=owns,
        fee_recipient=address_option("--fee-recipient", fee_recipient) if fee_recipient else owns,
        submitters=(load_or_make_key(settings.submitter_key_path).address,),
        auctioneers=(load_or_make_key(settings.auctioneer_key_path).address,),
        pausers=(owns,),
        grant_delay_s=grant_delay_s,
    )


def address_option(option: str, text: str) -> Address:
    """An address that was given as `option`. Raises `OptionError` that names it."""
    try:
        return Address(text)
    except ValueError as error:
        raise OptionError(f"{option}: {error}") from None


def _read(path: Path) -> Surroundings:
    from intendly.adapters.chain.deployment import Surroundings

    try:
        return Surroundings.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"--surroundings: {error.strerror}: {path}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise SettingsError(f"--surroundings: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
