"""The plans of the SQL that the venue runs, taken at the moment when it runs it."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final

from sqlalchemy import ClauseElement, event, text

import intendly.adapters.db
from intendly.adapters.db.engine import Database
from intendly.adapters.db.prepared import Prepared

_BIG: Final = 10_000
_PLANNED: Final = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "EXECUTE")
_LITERAL: Final = re.compile(r"'(?:[^']|'')*'(?:::interval)?")
_OF_A_CLOCK: Final = re.compile(r"\d:\d\d:\d\d\.\d+'::interval")
_LONG: Final = 26
_CARRIERS: Final = ("engine", "prepared")
"""Modules that run the statements of others."""
_SIZES: Final = text("""
    SELECT c.relname, regexp_replace(coalesce(t.relname, c.relname), '_default$', '') AS of,
           c.reltuples > :big AS is_big, coalesce(t.reltuples, c.reltuples) > :big AS is_of_big
    FROM pg_class c LEFT JOIN pg_index x ON x.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = x.indrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i')
""")


@dataclass(frozen=True)
class _Size:
    """A table or index: whose it is, and whether it and its table have more than `_BIG` rows."""

    table: str
    is_big: bool
    is_of_big: bool


@dataclass(frozen=True)
class Plan:
    """How PostgreSQL runs a statement, in its own words.

    `name` says where the statement is: file and constant, or file and function. `reads` are the indexes of tables of
    more than 10,000 rows, each as "table: index"; `whole` those with as many rows that are read from end to end, and
    such tables.
    """

    name: str
    explained: str
    reads: tuple[str, ...]
    whole: tuple[str, ...]


@dataclass
class Plans:
    """The plans of what ran within `work`: of each statement the first, by the name of the work."""

    of: dict[str, list[Plan]] = field(default_factory=dict)
    at: str = ""

    @contextmanager
    def work(self, name: str) -> Iterator[None]:
        self.at = name
        try:
            yield
        finally:
            self.at = ""


@contextmanager
def plans_of(database: Database) -> Iterator[Plans]:
    """The plans of all that `database` runs meanwhile, but for rows that are only inserted."""
    plans, known = Plans(), set[tuple[str, str]]()
    names, prepared = _names()
    with database.transaction() as connection:
        rows = connection.execute(_SIZES, {"big": _BIG})
        sizes = {row.relname: _Size(row.of, row.is_big, row.is_of_big) for row in rows}

    def explain_each(_: object, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        """Of statements in one round trip each by itself."""
        if not statement.startswith("EXECUTE "):
            explain(cursor, statement, parameters, many, names.get(id(context.invoked_statement)))
            return
        left = parameters
        for one in statement.split("; "):
            count = one.count("%s")
            explain(cursor, one, left[:count], many, prepared.get(one))
            left = left[count:]

    def explain(cursor: Any, statement: str, parameters: Any, many: bool, constant: str | None) -> None:
        name = constant or _caller(sys._getframe())
        if (
            many
            or not plans.at
            or name is None
            or (plans.at, statement) in known
            or not statement.lstrip().startswith(_PLANNED)
        ):
            return
        known.add((plans.at, statement))
        with cursor.connection.cursor() as other:
            other.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            (([found],),) = other.fetchall()
            other.execute(f"EXPLAIN (COSTS OFF) {statement}", parameters)
            explained = _LITERAL.sub(_steady, "\n".join(line for (line,) in other.fetchall()))
        reads, whole = _reads(found["Plan"], sizes)
        plan = Plan(name, explained, reads, whole)
        plans.of.setdefault(plans.at, []).append(plan)

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", explain_each)
    try:
        yield plans
    finally:
        for engine in database.engines:
            event.remove(engine, "before_cursor_execute", explain_each)


def _reads(plan: Any, sizes: dict[str, _Size]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    reads, whole = set[str](), set[str]()
    for node in _nodes(plan):
        name = node.get("Index Name") or (node["Node Type"] == "Seq Scan" and node["Relation Name"])
        if not name or not (found := sizes[name]).is_of_big:
            continue
        reads.add(f"{found.table}: {name}")
        if found.is_big and "Index Cond" not in node:
            whole.add(f"{found.table}: {name}")
    return tuple(sorted(reads)), tuple(sorted(whole))


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _names() -> tuple[dict[int, str], dict[str, str]]:
    """Of each statement that is a constant of the adapters, by its identity; of each prepared one, by what runs it."""
    found: dict[int, str] = {}
    prepared: dict[str, str] = {}
    for each in pkgutil.iter_modules(intendly.adapters.db.__path__):
        module = importlib.import_module(f"{intendly.adapters.db.__name__}.{each.name}")
        for name, value in vars(module).items():
            if isinstance(value, ClauseElement) and not hasattr(value, "metadata"):
                found.setdefault(id(value), f"{each.name}.{name}")
            elif isinstance(value, Prepared):
                prepared.setdefault(value.execute, f"{each.name}.{name}")
    return found, prepared


def _caller(frame: FrameType | None) -> str | None:
    """The function of the adapters that runs a statement which is no constant; None: it is not theirs."""
    while frame is not None:
        package, _, module = frame.f_globals.get("__name__", "").rpartition(".")
        if package == intendly.adapters.db.__name__ and module not in _CARRIERS:
            return f"{module}.{frame.f_code.co_qualname}"
        frame = frame.f_back
    return None


def _steady(literal: re.Match[str]) -> str:
    """A value of a plan's text, without what is of another length and content each time."""
    text = literal[0]
    return "'…'" if "\\x" in text or len(text) > _LONG or _OF_A_CLOCK.search(text) else text
