"""`intendly quote`: what an amount would yield now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from intendly_sdk.client import VenueClient
from intendly_sdk.errors import ApiError
from intendly_sdk.messages import QuoteRequest, QuoteSource, QuoteView, TokenView
from intendly_sdk.primitives import Address

from cli.amounts import in_tokens, of_token
from cli.contracts import address_option
from cli.keystore import Keystore, keystore_address
from cli.options import LOCAL_API, ApiUrl, Json, OptionError, api_url, say_json
from cli.terms import amount_of, basis_points, pair_named


def _two_words(given: tuple[str, str]) -> tuple[str, str]:
    if any(not word or word.startswith("-") or " " in word for word in given):
        raise OptionError(f"--sell: expected AMOUNT TOKEN, two words as 1.5 WOKB, got {given[0]}")
    return given


Sell = Annotated[
    tuple[str, str],
    typer.Option("--sell", metavar="AMOUNT TOKEN", help="whole tokens, as 1.5 WOKB", callback=_two_words),
]
Buy = Annotated[str, typer.Option("--for", metavar="TOKEN", help="what you want for it: a symbol or an address")]
Slippage = Annotated[
    str, typer.Option("--slippage", metavar="SHARE", help="how far below the quote your minimum lies: 50bps or 0.5%")
]


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("quote", epilog="Example: intendly quote --sell 10 WOKB --for USDC --keystore trader.json")(quote)


def quote(
    sell: Sell,
    buy: Buy,
    slippage: Slippage = "50bps",
    account: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="who would sell; default: the keystore's")
    ] = None,
    keystore: Keystore = None,
    api: ApiUrl = LOCAL_API,
    as_json: Json = False,
) -> None:
    """Ask what solvers and pools would give for an amount. Signs nothing, needs no password, binds nobody."""
    bps = basis_points("--slippage", slippage)
    swapper = _swapper(account, keystore)
    with VenueClient(api_url(api)) as venue:
        tokens = venue.tokens()
        sold, bought = pair_named(sell[1], buy, tokens)
        amount_in = amount_of("--sell", sell[0], sold)
        asked = ask(
            venue,
            QuoteRequest(
                swapper=swapper, token_in=sold.address, amount_in=amount_in, token_out=bought.address, slippage_bps=bps
            ),
        )
    if as_json:
        say_json(asked.model_dump(mode="json"))
        return
    for what, text in quote_lines(asked, sold, bought):
        typer.echo(f"{what:<10} {text}")


def ask(venue: VenueClient, request: QuoteRequest) -> QuoteView:
    """The venue's quote. Raises `OptionError` that asks for a minimum where the venue gives none."""
    try:
        return venue.quote(request)
    except ApiError as error:
        if error.problem.status == 404:
            raise OptionError("--min: expected the least that you take, since this venue gives no quotes") from None
        raise


def quote_lines(asked: QuoteView, sold: TokenView, bought: TokenView) -> list[tuple[str, str]]:
    """What a quote says: what each line is about, and what there is to say."""
    return [
        ("quote", f"{of_token(asked.amount_out, bought)}, after a fee of {of_token(asked.fee, bought)}"),
        *(("", f"{of_token(one.amount_out, bought)} by {_who(one)}") for one in asked.sources),
        ("minimum", of_token(asked.min_amount_out, bought)),
        *(("warning", in_tokens(warning, sold, bought)) for warning in asked.warnings),
    ]


def _who(source: QuoteSource) -> str:
    return f"solver {source.solver.checksum}" if source.solver else f"the {source.kind}"


def _swapper(account: str | None, keystore: Path | None) -> Address:
    if account is not None:
        return address_option("--account", account)
    if keystore is not None:
        return keystore_address(keystore)
    raise OptionError("--account: expected your account's address, or a --keystore that names it")
