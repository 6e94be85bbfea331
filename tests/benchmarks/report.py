"""The findings as a table for people, and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from .bounds import Bound
from .pairs import Finding

#: Characters that the tables take at least, whatever the terminal is.
NARROWEST = 160
#: How the columns of a table are set.
_TEXT: Mapping[str, Any] = {"overflow": "fold"}
_NUMBER: Mapping[str, Any] = {"justify": "right", "no_wrap": True}
COLUMNS: Mapping[str, Mapping[str, Any]] = {
    "what": _TEXT, "candidate": _NUMBER, "against": _TEXT, "baseline": _NUMBER, "figure": _NUMBER,
    "least .. greatest": {"no_wrap": True}, "bound": _NUMBER, "met": {}, "note": {**_TEXT, "style": "dim"},
}  # fmt: skip
PACKAGES = ("torch", "sympy", "grpcio", "protobuf", "numpy")


def machine() -> dict[str, object]:
    """What the figures depend on besides the code; asked before measuring, so that the load is other people's.

    Two torch threads wait for each other: with a load of one on two cores their figures mean nothing.
    """
    cores, load = len(os.sched_getaffinity(0)), round(os.getloadavg()[0], 2)
    versions = {name: version(name) for name in PACKAGES}
    return {"cores": cores, "load before": load, "python": platform.python_version(), **versions}


def as_json(findings: Mapping[str, Sequence[Finding]], on: Mapping[str, object], quick: bool) -> str:
    """The findings with their verdicts, and the machine that they were made on."""
    rows = [
        {"group": group, **asdict(finding), "met": finding.met} for group, each in findings.items() for finding in each
    ]
    return json.dumps({"machine": dict(on), "quick": quick, "findings": rows}, indent=2)


def print_tables(findings: Mapping[str, Sequence[Finding]], on: Mapping[str, object], quick: bool) -> None:
    """A table a group; a figure is the median over rounds, with the least and the greatest, a ratio where it can be."""
    console = Console(width=max(Console().width, NARROWEST))
    for group, rows in findings.items():
        table = Table(title=group, title_justify="left", title_style="bold", box=box.SIMPLE)
        for name, options in COLUMNS.items():
            table.add_column(name, **options)
        for finding in rows:
            table.add_row(*_cells(finding))
        console.print(table)
    console.print(", ".join(f"{name} {value}" for name, value in on.items()))
    if quick:
        console.print("Quick: the figures show that it runs, not how fast.")
    bounded = [(group, finding) for group, rows in findings.items() for finding in rows if finding.bound]
    missed = [(group, finding) for group, finding in bounded if not finding.met]
    console.print(f"{len(bounded) - len(missed)} of {len(bounded)} bounds met.")
    for group, finding in missed:
        figure = _figure(finding, finding.figure.median)
        console.print(f"  not met: {group}: {finding.what}: {figure}", soft_wrap=True)


def _cells(finding: Finding) -> tuple[str, ...]:
    figure = finding.figure
    return (
        finding.what,
        amount(finding.candidate, finding.unit),
        finding.against,
        "" if finding.baseline is None else amount(finding.baseline, finding.unit),
        _figure(finding, figure.median),
        f"{_figure(finding, figure.least)} .. {_figure(finding, figure.greatest)}",
        _bound(finding, finding.bound) if finding.bound else "",
        {None: "", True: "[green]yes[/green]", False: "[red]no[/red]"}[finding.met],
        finding.note,
    )


def _figure(finding: Finding, figure: float) -> str:
    return amount(figure, finding.unit) if finding.baseline is None else f"{figure:.3g} x"


def _bound(finding: Finding, bound: Bound) -> str:
    return f"{'>=' if bound.least else '<='} {_figure(finding, bound.limit)}"


def amount(value: float, unit: str) -> str:
    """A figure with its unit; seconds in what reads best.

    >>> amount(0.0123, "s"), amount(1500.0, "/s"), amount(0.0, " calls")
    ('12.3 ms', '1,500/s', '0 calls')
    """
    if unit != "s":
        return f"{value:,.0f}{unit}"
    if value < 1e-3:
        return f"{value * 1e6:.3g} us"
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"
