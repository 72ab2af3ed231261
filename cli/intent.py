"""`intendly intent …`: one intent, shown or cancelled."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from intendly_sdk.client import TraderClient, VenueClient
from intendly_sdk.primitives import Hash32

from cli.amounts import in_tokens, of_address
from cli.contracts import address_option
from cli.keystore import Keystore, PasswordFile, load_signer
from cli.options import (
    EXAMPLE_HASH,
    LOCAL_API,
    ApiUrl,
    ChainId,
    Json,
    OptionError,
    SettlementAddress,
    api_url,
    hash_argument,
    say_json,
)
from cli.progress import when

IntentHash = Annotated[str, typer.Argument(metavar="HASH", help="the intent_hash that `trade` printed")]

group = typer.Typer(help="One intent: shown, cancelled.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group to the program."""
    app.add_typer(group, name="intent")


@group.command("show", epilog=f"Example: intendly intent show {EXAMPLE_HASH}")
def show_command(intent_hash: IntentHash, api: ApiUrl = LOCAL_API, as_json: Json = False) -> None:
    """Show an intent, where it stands and why, and its fill when there is one."""
    asked = hash_argument("HASH", intent_hash)
    with VenueClient(api_url(api)) as venue:
        if as_json:
            say_json(intent_answer(venue, asked))
            return
        view, status, tokens = venue.get(asked), venue.status(asked), venue.tokens()
    intent, bought = view.intent, view.intent.token_out
    known = {token.address: token for token in tokens}
    why = in_tokens(status.detail, known.get(intent.token_in), known.get(bought))
    rows = [
        ("intent", str(view.intent_hash)),
        ("state", f"{status.state}: {why}"),
        ("sells", of_address(intent.amount_in, intent.token_in, tokens)),
        ("for", f"{of_address(intent.min_amount_out, bought, tokens)} or more"),
        ("swapper", intent.swapper.checksum),
        ("receiver", intent.receiver.checksum),
        ("deadline", when(intent.deadline)),
        ("auctions", f"{status.attempts} held" + (f", the last {view.auction_id}" if view.auction_id else "")),
    ]
    if status.best_amount_out is not None:
        rows.append(("best bid", of_address(status.best_amount_out, bought, tokens)))
    if fill := view.fill:
        certainty = "final" if fill.final else f"{fill.confirmations} confirmations"
        rows.append(("received", f"{of_address(fill.amount_out, bought, tokens)} from {fill.solver.checksum}"))
        rows.append(("in", f"tx {fill.tx_hash}, block {fill.block_number}, {certainty}"))
    for what, text in rows:
        typer.echo(f"{what:<10} {text}")


@group.command("cancel", epilog=f"Example: intendly intent cancel {EXAMPLE_HASH} --keystore trader.json")
def cancel_command(
    intent_hash: IntentHash,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    api: ApiUrl = LOCAL_API,
    chain_id: ChainId = None,
    settlement: SettlementAddress = None,
    as_json: Json = False,
) -> None:
    """Cancel an open intent, signed and free, and print the venue's signed receipt for it.

    The signature of the intent itself stays valid on chain: `spend nonce` is the transaction that makes it void there.
    """
    asked = hash_argument("HASH", intent_hash)
    pinned = address_option("--settlement", settlement) if settlement else None
    with VenueClient(api_url(api), chain_id=chain_id, settlement=pinned) as venue:
        intent = venue.get(asked).intent
    signer = load_signer(keystore, password_file)
    if signer.address != intent.swapper:
        raise OptionError(
            f"--keystore: expected the key of {intent.swapper.checksum}, the swapper, got {signer.address.checksum}"
        )
    with TraderClient(api, signer, chain_id=chain_id, settlement=pinned) as trader:
        receipt = trader.cancel(intent)
    if as_json:
        say_json(receipt.model_dump(mode="json"))
        return
    rows = (
        (str(receipt.state), str(receipt.intent_hash)),
        ("not after", f"{receipt.not_after}, {when(receipt.not_after)} of block time"),
        ("receipt", str(receipt.signature)),
        ("exposure", receipt.exposure),
        ("spend nonce", f"to {receipt.spend_nonce.to.checksum}, data {receipt.spend_nonce.data}"),
    )
    for what, text in rows:
        typer.echo(f"{what:<11} {text}")


def intent_answer(venue: VenueClient, intent_hash: Hash32) -> dict[str, Any]:
    """The intent as JSON: what GET /intents/{hash} answers, and in `status` why it stands as it does."""
    view, status = venue.get(intent_hash), venue.status(intent_hash)
    return view.model_dump(mode="json") | {"status": status.model_dump(mode="json")}
