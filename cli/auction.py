"""`intendly auction …`: one auction, as anyone may see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from intendly_sdk.client import VenueClient
from intendly_sdk.messages import AuctionView, RosterAnswer, TokenView

from cli.amounts import in_tokens, of_address
from cli.options import EXAMPLE_HASH, LOCAL_API, ApiUrl, Json, api_url, hash_argument, say_json
from cli.progress import when

group = typer.Typer(help="One auction: who bid what, and who won.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group to the program."""
    app.add_typer(group, name="auction")


@group.callback()
def _group() -> None:
    """Keeps `auction` a group while it has one command."""


@group.command("show", epilog=f"Example: intendly auction show {EXAMPLE_HASH}")
def show_command(
    auction_id: Annotated[
        str, typer.Argument(metavar="ID", help="the auction_id, as `trade` and `intent show` print it")
    ],
    api: ApiUrl = LOCAL_API,
    as_json: Json = False,
) -> None:
    """Show an auction: its intents and its roster, and every bid with its fate once it is closed."""
    asked = hash_argument("ID", auction_id)
    with VenueClient(api_url(api)) as venue:
        auction = venue.auction(asked)
        tokens = () if as_json else venue.tokens()
    if as_json:
        say_json(auction.model_dump(mode="json"))
        return
    for line in _lines(auction, tokens):
        typer.echo(line)


def _answered(answer: RosterAnswer | None) -> str:
    if answer is None:  # hidden until the close
        return ""
    return f", {answer.answer or 'no answer in time'}" + (f": {answer.refusal}" if answer.refusal else "")


def _lines(auction: AuctionView, tokens: Sequence[TokenView]) -> list[str]:
    intents = {each.intent_hash: each.intent for each in auction.intents}
    lines = [f"auction    {auction.auction_id}", f"state      {auction.state}"]
    for each in auction.intents:
        fee = of_address(each.fee, each.intent.token_out, tokens)
        least = of_address(each.intent.min_amount_out, each.intent.token_out, tokens)
        lines.append(f"intent     {each.intent_hash} for {least} or more, fee {fee}")
    lines += [f"opened     {when(auction.opened_at / 1000)}", f"closes     {when(auction.closes_at / 1000)}"]
    answers = {each.solver: each for each in auction.answers}
    lines += [f"asked      {solver.checksum}{_answered(answers.get(solver))}" for solver in auction.roster]
    for bid in sorted(auction.bids, key=lambda each: -each.bid.legs[0].amount_out):
        amounts = " and ".join(
            of_address(leg.amount_out, intents[leg.intent_hash].token_out, tokens) for leg in bid.bid.legs
        )
        bought = next((each for each in tokens if each.address == intents[bid.bid.legs[0].intent_hash].token_out), None)
        fate = f"{bid.fate}: {in_tokens(bid.fate_detail, None, bought)}" if bid.fate_detail else str(bid.fate)
        lines.append(f"bid        {amounts} by {bid.bid.solver.checksum}, {fate}")
    if auction.closed_at is not None and auction.winner is None:
        lines.append("winner     none")
    return lines
