"""`intendly trade`: one swap, from the quote to the tokens."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from typing import Annotated, Any, Final

import typer
from intendly_sdk.client import TraderClient, VenueClient
from intendly_sdk.errors import ApiError, IntendlyError
from intendly_sdk.messages import ConfigView, QuoteKind, QuoteRequest, QuoteView, SignedIntent, TokenView
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer

from cli.allowance import Standing, approve, read_standing
from cli.amounts import in_tokens, of_token
from cli.contracts import address_option
from cli.failures import Left
from cli.follow import Followed
from cli.intent import intent_answer
from cli.keystore import Keystore, PasswordFile, load_signer
from cli.options import (
    LOCAL_API,
    ApiUrl,
    ChainId,
    Json,
    OptionError,
    RpcUrl,
    SettlementAddress,
    Yes,
    api_url,
    confirmed,
    say_json,
    venue_chain,
)
from cli.progress import Progress, TradeStory, when
from cli.quote import Buy, Sell, ask, quote_lines
from cli.terms import amount_of, basis_points, pair_named, seconds, span
from intendly.adapters.observability.logging import configure_logging

_QUOTE_TTL: Final = range(10, 86_401)
"""Seconds that POST /quotes takes."""
_LATE_S: Final = 60
"""An intent is expired once a block after its deadline is indexed; seconds that this may take."""
_UNSURE: Final = frozenset({"unavailable", "internal"})
"""After any other refusal nothing is stored; after these an intent may be."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("trade", epilog="Example: intendly trade --sell 10 WOKB --for USDC --min 990 --keystore trader.json")(
        trade
    )


def trade(
    sell: Sell,
    buy: Buy,
    minimum: Annotated[
        str | None, typer.Option("--min", metavar="AMOUNT", help="the least that you take, in whole tokens")
    ] = None,
    slippage: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="in the place of --min: how far below the quote it lies; default 50bps"),
    ] = None,
    ttl: Annotated[str, typer.Option(metavar="TIME", help="how long your signature is good: 90s, 10m, 2h, 1d")] = "10m",
    wait: Annotated[
        str | None, typer.Option(metavar="TIME", help="how long to watch; default: until the intent has ended")
    ] = None,
    receiver: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="who gets the tokens; default: your account")
    ] = None,
    approves: Annotated[
        bool, typer.Option("--approve", help="let Permit2 take the token, where it may not yet (a transaction)")
    ] = False,
    yes: Yes = False,
    rpc: RpcUrl = None,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    api: ApiUrl = LOCAL_API,
    chain_id: ChainId = None,
    settlement: SettlementAddress = None,
    as_json: Json = False,
) -> None:
    """Swap: quote, sign, submit, and watch until the tokens have arrived.

    The exit code is 0 when it is settled, 1 when it is not filled, 2 at a mistake, 130 after Ctrl-C.
    """
    configure_logging("trade", "ERROR", "console")
    if minimum is not None and slippage is not None:
        raise OptionError("--slippage: expected either --min or --slippage")
    lives = seconds("--ttl", ttl)
    watched = lives + _LATE_S if wait is None else seconds("--wait", wait)
    bps = basis_points("--slippage", slippage or "50bps")
    to = address_option("--receiver", receiver) if receiver else None
    pinned = address_option("--settlement", settlement) if settlement else None
    with VenueClient(api_url(api), chain_id=chain_id, settlement=pinned) as venue:
        config, tokens = venue.known_config, venue.tokens()
    sold, bought = pair_named(sell[1], buy, tokens)
    amount_in = amount_of("--sell", sell[0], sold)
    least = amount_of("--min", minimum, bought) if minimum is not None else None
    if lives > config.deadline_max_s:
        raise OptionError(f"--ttl: expected {span(config.deadline_max_s)} at most, got {ttl}")
    signer = load_signer(keystore, password_file)
    with (
        TraderClient(api, signer, chain_id=chain_id, settlement=pinned) as trader,
        Progress(to_stderr=as_json) as progress,
    ):
        pools = None
        if least is None:
            quote = _quoted(trader, progress, sold, bought, amount_in, bps, lives, to)
            least = quote.min_amount_out
            pools = next((one.amount_out for one in quote.sources if one.kind is QuoteKind.POOLS), None)
        said = f"{of_token(amount_in, sold)} for {of_token(least, bought)} or more"
        progress.say("sell", f"{said}, from {signer.address.checksum}")
        if minimum is None:
            confirmed(f"sign to sell {said}?", yes=yes)
        _see_to_allowance(progress, config, sold, amount_in, signer, rpc, approves=approves, yes=yes)
        deadline = int(time.time()) + lives
        intent = trader.build_intent(sold.address, amount_in, bought.address, least, deadline=deadline, receiver=to)
        status, answer = _carry_out(trader, progress, trader.sign(intent), sold, bought, watched, api, pools)
        if as_json:
            say_json(answer)
        raise typer.Exit(status)


def _quoted(
    trader: TraderClient,
    progress: Progress,
    sold: TokenView,
    bought: TokenView,
    amount_in: int,
    bps: int,
    lives: int,
    receiver: Address | None,
) -> QuoteView:
    """The venue's quote, with the minimum that it comes to less slippage; shown, for the trader to judge."""
    if lives not in _QUOTE_TTL:
        raise OptionError("--ttl: expected 10s to 1d for a quote; for any other give --min")
    asked = ask(
        trader,
        QuoteRequest(
            swapper=trader.signer.address,
            token_in=sold.address,
            amount_in=amount_in,
            token_out=bought.address,
            receiver=receiver,
            slippage_bps=bps,
            ttl_s=lives,
        ),
    )
    for what, text in quote_lines(asked, sold, bought):
        progress.say(what, text)
    return asked


def _see_to_allowance(
    progress: Progress,
    config: ConfigView,
    sold: TokenView,
    amount_in: int,
    signer: Signer,
    rpc_url: str | None,
    *,
    approves: bool,
    yes: bool,
) -> None:
    """Where the chain can be asked, see to it that the account holds the input and that Permit2 may take it."""
    if rpc_url is None and not approves:
        progress.say("Permit2", "not checked: --rpc or RPC_URL says where the chain is")
        return
    with venue_chain(rpc_url, config) as rpc:
        standing = read_standing(rpc, config, sold, signer.address)
        if standing.balance < amount_in:
            held = of_token(standing.balance, sold)
            raise OptionError(f"--sell: expected no more than {signer.address.checksum} holds, which is {held}")
        if standing.allowance >= amount_in:
            return
        progress.say("Permit2", _missing(standing, sold))
        if not approves and not sys.stdin.isatty():
            raise OptionError(f"--approve: expected, since {_missing(standing, sold)}; it sends the approval")
        confirmed(f"let Permit2 take any amount of {sold.symbol} (a transaction that costs gas)?", yes=yes)
        progress.say("approved", f"tx {approve(rpc, config, sold, signer)}")


def _missing(standing: Standing, sold: TokenView) -> str:
    return f"Permit2 may take {of_token(standing.allowance, sold)} of the account, which is not enough"


def _carry_out(
    trader: TraderClient,
    progress: Progress,
    signed: SignedIntent,
    sold: TokenView,
    bought: TokenView,
    watched: float,
    api: str,
    pools: int | None,
) -> tuple[int, dict[str, Any]]:
    """Submit, watch, tell how it ended; the exit code, and the same as JSON. `pools`: what they gave at the quote."""
    intent, intent_hash = signed.intent, signed.intent.hash
    cancel = f"intendly intent cancel {intent_hash}" + ("" if api == LOCAL_API else f" --api {api}")
    accepted = False
    with closing(Followed(trader, intent_hash)) as followed:
        try:
            trader.submit(signed)
            accepted = True
            progress.say("accepted", f"intent {intent_hash}, good until {when(intent.deadline)}")
            progress.waits("the auction opens")
            view = followed.until_ended(TradeStory(progress, trader, sold, bought).heard, watched)
        except KeyboardInterrupt:
            lives = f"{'is still' if accepted else 'may be'} live until {when(intent.deadline)}"
            raise Left(130, f"interrupted: the intent {lives}; to cancel it: {cancel}") from None
        except IntendlyError as error:
            if isinstance(error, ApiError) and error.problem.code not in _UNSURE:
                raise
            text = f"{error}\nthe intent may have been accepted all the same; to cancel it: {cancel}"
            raise Left(1, text) from error
    answer = intent_answer(trader, intent_hash)
    if view is not None and view.fill is not None:
        progress.say("settled", f"tx {view.fill.tx_hash} in block {view.fill.block_number}")
        progress.say("received", f"{of_token(view.fill.amount_out, bought)} at {view.intent.receiver.checksum}")
        over = {"over_minimum_bps": _over(view.fill.amount_out, intent.min_amount_out)}
        said = f"{over['over_minimum_bps']}bps over the minimum"
        if pools:
            over["over_pools_bps"] = _over(view.fill.amount_out, pools)
            said += f", {over['over_pools_bps']}bps over the pools' amount at the quote"
        progress.say("better", said)
        return 0, answer | {"improvement": over}
    status = trader.status(intent_hash)
    progress.say("not filled", f"{status.state}: {in_tokens(status.detail, sold, bought)}")
    if status.best_amount_out is not None:
        progress.say("best bid", of_token(status.best_amount_out, bought))
    if view is None:
        progress.say("live", f"until {when(intent.deadline)}; to cancel it: {cancel}")
    return 1, answer


def _over(amount: int, base: int) -> int:
    """How much more than `base` it is, in whole basis points; below 0 where it is less."""
    return (amount - base) * 10_000 // base
