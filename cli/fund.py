"""`intendly fund`: coins and test tokens for an account on the local market that runs."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Final

import typer
from intendly_sdk.primitives import ZERO_ADDRESS, Address

from cli.amounts import shown, smallest_units
from cli.contracts import address_option
from cli.options import EXAMPLE_ADDRESS, Json, OptionError, say_json
from cli.venue import NOT_YET, rpc_of
from intendly.adapters.observability.logging import configure_logging
from intendly.settings import Settings, SettingsError, exported, load_settings

if TYPE_CHECKING:
    from intendly.adapters.chain.local.contracts import Coin
    from intendly.adapters.chain.rpc import Rpc
    from intendly.domain.deployment import Deployment, Token

LOCAL_CHAIN_ID: Final = 31_337
_COINS: Final = 10
_DOLLARS: Final = 10_000


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("fund", epilog=f"Example: intendly fund {EXAMPLE_ADDRESS} --token USDC --amount 100")(fund)


def fund(
    address: Annotated[str, typer.Argument(help="who gets them")],
    token: Annotated[str | None, typer.Option(help="the symbol of one token, in the place of all")] = None,
    amount: Annotated[str | None, typer.Option(help=f"whole tokens, as 1.5; default: worth ${_DOLLARS:,}")] = None,
    as_json: Json = False,
) -> None:
    """Give an account test tokens, and at least ten coins for gas. On the local market of `intendly up` only."""
    from intendly.adapters.chain.local.contracts import COINS

    account = address_option("ADDRESS", address)
    if account == ZERO_ADDRESS:
        raise OptionError("ADDRESS: expected an account, got the zero address, which can hold no tokens")
    given = [coin for coin in COINS if token in (None, coin.symbol)]
    if not given:
        raise OptionError(f"--token: expected one of {', '.join(coin.symbol for coin in COINS)}, got {token}")
    tokens = {coin.symbol: _amount(coin, amount) for coin in given}
    settings = _settings()
    configure_logging("fund", "ERROR", "console")
    with closing(rpc_of(settings)) as rpc:
        deployment = _local_market(rpc, settings)
        coins, held = _give(rpc, settings, deployment, account, tokens)
    if as_json:
        balances = {each.symbol: str(amount) for each, amount in held.items()}
        say_json({"address": str(account), "coins": str(coins), "tokens": balances})
        return
    typer.echo(f"{account.checksum} holds\n  {'coins':<6} {shown(coins, 18)}")
    for each, balance in held.items():
        typer.echo(f"  {each.symbol:<6} {shown(balance, each.decimals)}")


def _amount(coin: Coin, amount: str | None) -> int:
    if amount is None:
        return coin.worth(_DOLLARS)
    try:
        return smallest_units(amount, coin.decimals)
    except ValueError as error:
        raise OptionError(f"--amount: {error} (of {coin.symbol}), got {amount}") from None


def _settings() -> Settings:
    given = {name: value for name, value in NOT_YET.items() if name not in exported("RPC_URLS")}
    settings = load_settings(given)
    if exported("RPC_URLS"):
        return settings
    try:
        return load_settings(given | {"RPC_URLS": settings.local_rpc_path.read_text()})
    except OSError:
        raise SettingsError(
            f"DATA_DIR: no local market has run in {settings.data_dir}; start it with `make up`, or set DATA_DIR"
        ) from None


def _local_market(rpc: Rpc, settings: Settings) -> Deployment:
    """The deployment, of a chain that is made for tests and answers now. Raises `SettingsError` for any other."""
    from intendly.adapters.chain.create2 import codes
    from intendly.adapters.chain.deployment import chain_identity, read_deployment
    from intendly.domain.errors import ChainUnavailable

    try:
        chain_id, genesis = chain_identity(rpc)
    except ChainUnavailable:
        raise SettingsError("RPC_URLS: the local market's chain does not answer; start it with `make up`") from None
    if chain_id != LOCAL_CHAIN_ID:
        raise SettingsError(
            f"RPC_URLS: tokens are given away on the local chain {LOCAL_CHAIN_ID} alone, and this is chain {chain_id}"
        )
    deployment = read_deployment(settings.deployment_path)
    # Two chains that were started in one second have the same first block.
    if deployment.genesis_hash != genesis or not codes(rpc, [deployment.settlement])[0]:
        raise SettingsError(
            f"RPC_URLS: this is another local chain than that of {settings.data_dir}; set DATA_DIR to the folder of "
            "the venue that runs"
        )
    return deployment


def _give(
    rpc: Rpc, settings: Settings, deployment: Deployment, account: Address, tokens: dict[str, int]
) -> tuple[int, dict[Token, int]]:
    """Send them, wait until they are there, and read the native coins and the tokens that the account holds."""
    from intendly.adapters.chain import artifacts
    from intendly.adapters.chain.keys import load_key
    from intendly.adapters.chain.local.market import COIN, Funding, LocalMarket
    from intendly.adapters.chain.multicall import Multicall, Read

    LocalMarket(rpc, load_key(settings.deployer_key_path)).fund([Funding(account, _COINS * COIN, tokens)])
    balance_of = artifacts.forge("ERC20").interface["balanceOf"]
    reads = [Read(token.address, balance_of, (account,)) for token in deployment.tokens]
    balances = Multicall(rpc, deployment.multicall3).read(reads)
    coins = int(rpc.call("eth_getBalance", str(account), "latest"), 16)
    return coins, {token: int(balance) for token, balance in zip(deployment.tokens, balances, strict=True)}
