"""/api/v1/solvers"""

from __future__ import annotations

from flask import Blueprint, Response
from intendly_sdk.primitives import Address
from pydantic import BaseModel, ConfigDict, Field

from web.current import venue
from web.wire import answer, path_as, query_as

solvers = Blueprint("solvers", __name__, url_prefix="/solvers")


class PageQuery(BaseModel):
    """Which page: `after` is the `next` of the page before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int = Field(default=50, ge=1, le=100)
    after: Address | None = None


@solvers.get("")
def page() -> Response:
    """The registered solvers, by address."""
    query = query_as(PageQuery)
    return answer(venue().read_solvers.page(query.limit, query.after))


@solvers.get("/<solver>")
def find(solver: str) -> Response:
    """A solver, and whether it is registered now."""
    return answer(venue().read_solvers.find(path_as(Address, "solver", solver)))
