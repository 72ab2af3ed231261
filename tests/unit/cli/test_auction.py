"""`intendly auction show`, as a person reads it."""

from __future__ import annotations

from intendly_sdk.messages import AuctionState, AuctionView, RosterAnswer
from intendly_sdk.primitives import Address
from typer.testing import CliRunner

from cli.program import app
from tests.unit.sdk.venue import http_venue
from web.openapi.examples import examples

ROSTER = tuple(Address(bytes([n]) * 20) for n in (1, 2, 3, 4))


def _asked(auction: AuctionView) -> list[str]:
    told = {"tokens": [], str(auction.auction_id): auction.model_dump(mode="json")}
    with http_venue(lambda _, path: (200, told[path.rpartition("/")[2]])) as venue:
        done = CliRunner().invoke(app, ["auction", "show", str(auction.auction_id), "--api", venue.url])
    assert done.exit_code == 0, done.output
    return [line.removeprefix("asked").strip() for line in done.output.splitlines() if line.startswith("asked")]


def _auction() -> AuctionView:
    found = examples()[AuctionView]
    assert isinstance(found, AuctionView)
    return found.model_copy(update={"roster": ROSTER, "answers": ()})


def test_a_closed_auction_shows_what_each_solver_answered_and_why_it_was_refused() -> None:
    bid, declined, failed, silent = ROSTER
    answers = (
        RosterAnswer(solver=bid, answer="bid"),
        RosterAnswer(solver=declined, answer="declined"),
        RosterAnswer(solver=failed, answer="failed", refusal="bid_invalid"),
        RosterAnswer(solver=silent),
    )
    assert _asked(_auction().model_copy(update={"answers": answers})) == [
        f"{bid.checksum}, bid",
        f"{declined.checksum}, declined",
        f"{failed.checksum}, failed: bid_invalid",
        f"{silent.checksum}, no answer in time",
    ]


def test_an_open_auction_shows_only_who_is_asked() -> None:
    open_auction = _auction().model_copy(update={"state": AuctionState.OPEN, "bids": (), "closed_at": None})
    assert _asked(open_auction) == [solver.checksum for solver in ROSTER]
