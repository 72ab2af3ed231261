"""Where a million intents are stored, each hot query goes by an index; docs/queries.md says by which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

import pytest
from sqlalchemy import Index

from bench.ground import Ground
from bench.hot_queries import DOCUMENT, STORED, document, hot_queries, indexes_in
from bench.plans import Plan
from bench.stored import ROWS, fill
from bench.walk import SETTINGS
from intendly.adapters.db.tables import metadata

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

Plans = Mapping[str, Sequence[Plan]]


@pytest.fixture(scope="module")
def plans() -> Iterator[Plans]:
    """A server of its own: no other's database is worth a million rows."""
    with closing(Ground(durable=False)) as ground:
        settings = ground.site(**SETTINGS)
        fill(settings, STORED, logged=False)
        yield hot_queries(settings)


def test_nothing_big_is_read_from_end_to_end(plans: Plans) -> None:
    assert {plan.name: plan.whole for of_work in plans.values() for plan in of_work if plan.whole} == {}


def test_the_document_names_the_indexes_by_which_each_statement_reads(plans: Plans) -> None:
    assert indexes_in(document(plans)) == indexes_in(DOCUMENT.read_text()), "run `make queries` and read what changed"


def test_every_index_that_is_none_of_a_constraint_is_used(plans: Plans) -> None:
    """Each costs something with every row that is written."""
    used = {read for of_work in plans.values() for plan in of_work for read in plan.reads}
    big = [table for table in metadata.sorted_tables if table.name in ROWS and table.name != "blocks"]
    assert {_as_read(index) for table in big for index in table.indexes if not index.unique} - used == set()


def _as_read(index: Index) -> str:
    """A partition's index is called by its columns."""
    assert index.table is not None
    if index.table.name == "events":
        return f"events: events_default_{'_'.join(column.name for column in index.columns)}_idx"
    return f"{index.table.name}: {index.name}"
