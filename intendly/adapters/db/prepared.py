"""Statements of the hot paths, planned once by each connection (docs/adr/0013-prepared-statements.md).

PostgreSQL plans a statement of psycopg2's anew each time, which for a large one costs more than running it. PREPARE
and EXECUTE are plain SQL. Whatever is behind DATABASE_URL must keep a session's statements: no pooling by transaction.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row

Rows = Sequence[Row[Any]]
_PARAMETER: Final = re.compile(r"CAST\(:(?P<name>\w+) AS (?P<type>\w+(?:\[\])?)\)")


class Prepared:
    """SQL whose parameters all stand as `CAST(:name AS type)`, an array's type as `bytea[]`.

    An array is sent as one literal, which the server reads faster than as many constants. `execute` is what runs it.
    """

    def __init__(self, sql: str) -> None:
        self._types: dict[str, str] = {}
        body = _PARAMETER.sub(self._number, sql)
        # psycopg2 looks for its own places in what goes with values only; PREPARE goes without any.
        self._name = f"intendly_{hashlib.sha256(sql.encode()).hexdigest()[:16]}"
        self._prepare = f"PREPARE {self._name} ({', '.join(self._types.values())}) AS {body}"
        self.execute = f"EXECUTE {self._name} ({', '.join(['%s'] * len(self._types))})"

    def all(self, connection: Connection, values: Mapping[str, Any], *, after: Prepared | None = None) -> Rows:
        """The rows for these values, one for each parameter by its name.

        `after` runs before, for the same values, in the same round trip, and on `Database.statement` in the same
        transaction; each of the two sees what was committed when it begins.
        """
        steps = [self] if after is None else [after, self]
        for step in steps:
            if step._name not in connection.info:
                connection.exec_driver_sql(step._prepare)
                connection.info[step._name] = True
        sent = tuple(_sent(values[name], kind) for step in steps for name, kind in step._types.items())
        return connection.exec_driver_sql("; ".join(step.execute for step in steps), sent).all()

    def _number(self, found: re.Match[str]) -> str:
        self._types.setdefault(found["name"], found["type"])
        return f"${list(self._types).index(found['name']) + 1}"


def _sent(value: Any, kind: str) -> Any:
    if not kind.endswith("[]"):
        return value
    if kind == "bytea[]":
        return _array(['"\\\\x' + one.hex() + '"' if one is not None else "NULL" for one in value])
    if kind == "text[]":
        return _array([_quoted(one) if one is not None else "NULL" for one in value])
    return _array([str(one) if one is not None else "NULL" for one in value])


def _array(parts: Sequence[str]) -> str:
    return "{" + ",".join(parts) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
