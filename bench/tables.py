"""The rows as a table: on a terminal, and in docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.results import Results
from bench.rows import Row, Spec
from cli.processes import ROOT

DOCUMENT: Final = ROOT / "docs" / "performance.md"
_BETWEEN: Final = re.compile(r"(<!-- rows:[^\n]*-->\n).*?(<!-- end of rows -->)", re.DOTALL)
_WIDTH: Final = 120
_HEADS: Final = ("row", "value", "floor", "ratio", "aim", "met", "spread")


def show(console: Console, rows: Sequence[Row]) -> None:
    """Print the table, and the notes of the rows that have one."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for place, head in enumerate(_HEADS):
        table.add_column(head, justify="left" if place in (0, 4, 5) else "right", no_wrap=True)
    for row in rows:
        style = "red" if row.met is False else None
        table.add_row(row.name, *_cells(row), style=style)
    console.width = max(console.width, _WIDTH)
    console.print(table)
    for row in rows:
        if row.note:
            console.print(f"{row.name}: {row.note}", markup=False)


def markdown(specs: Sequence[Spec], results: Results | None) -> str:
    """Every row that there is, with the figures of those that were measured."""
    lines = [
        f"| row | what | {' | '.join(_HEADS[1:])} |",
        f"|---|---|{'---:|' * 3}---|---|---:|",
    ]
    for spec in specs:
        row = (results and results.row(spec.name)) or Row(name=spec.name, value=None, unit=spec.unit, aim=_aim(spec))
        lines.append(f"| `{spec.name}` | {_what(spec)} | {' | '.join(_cells(row))} |")
    if results:
        lines += ["", f"{_runs(results.rows)}, on {results.cpus} CPUs; {_versions(results)}."]
        lines += [f"`{row.name}`: {row.note}" for row in results.rows if row.note]
    else:
        lines += ["", "Not measured yet."]
    return "\n".join(lines) + "\n"


def document_with(text: str, table: str) -> str:
    """The document, with this table between its marks. Raises `ValueError` where it has none."""
    found, count = _BETWEEN.subn(lambda marks: f"{marks[1]}\n{table}\n{marks[2]}", text)
    if count != 1:
        raise ValueError(f"{DOCUMENT.name}: expected the marks <!-- rows: … --> and <!-- end of rows -->, once")
    return found


def _cells(row: Row) -> tuple[str, ...]:
    met = {True: "yes", False: "no", None: "–"}[row.met]
    spread = "–" if row.spread is None else f"{row.spread:.0%}" if row.value else _figure(row.spread, row.unit)
    return (_figure(row.value, row.unit), _figure(row.floor, row.unit), _figure(row.ratio), row.aim or "–", met, spread)


def _figure(value: float | None, unit: str = "") -> str:
    return (
        "–" if value is None else f"{value:,.4g} {unit}".strip() if value < 10_000 else f"{value:,.0f} {unit}".strip()
    )


def _what(spec: Spec) -> str:
    return f"{spec.what}; floor: {spec.floor}" if spec.floor else spec.what


def _aim(spec: Spec) -> str | None:
    return str(spec.aim) if spec.aim else None


def _runs(rows: Sequence[Row]) -> str:
    """When and at which commit the rows were measured; of several runs each, with its rows."""
    runs: dict[tuple[str, str, int], list[str]] = {}
    for row in rows:
        runs.setdefault((row.date, row.commit, row.rounds), []).append(f"`{row.name}`")
    (first, *others) = sorted(runs.items(), key=lambda run: -len(run[1])) or [(("–", "–", 0), [])]
    (date, commit, rounds), _ = first
    text = f"Measured {date} at {commit} by {rounds} rounds"
    for (date, commit, rounds), names in others:
        text += f"; {', '.join(names)} {date} at {commit} by {rounds}"
    return text


def _versions(results: Results) -> str:
    return ", ".join(f"{name} {value}" for name, value in results.versions.items())
