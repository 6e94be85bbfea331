"""The findings as a table for people, and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import version

from rich.console import Console
from rich.table import Table

from .bounds import Bound
from .pairs import Finding

PACKAGES = ("torch", "sympy", "grpcio", "protobuf", "numpy")


def machine() -> dict[str, object]:
    """What the figures depend on besides the code."""
    cores = len(os.sched_getaffinity(0))
    return {"cores": cores, "python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def as_json(findings: Iterable[Finding], quick: bool) -> str:
    """The findings with their verdicts, and the machine."""
    rows = [{**asdict(finding), "met": finding.met} for finding in findings]
    return json.dumps({"machine": machine(), "quick": quick, "findings": rows}, indent=2)


def print_table(console: Console, findings: Sequence[Finding], quick: bool) -> None:
    """A row a finding, a section a group; the ratio is the median over rounds, with the least and the greatest."""
    facts = ", ".join(f"{name} {value}" for name, value in machine().items())
    table = Table(caption=facts + (" - quick: figures mean little" if quick else ""), caption_justify="left")
    for heading in ("what", "ours", "against", "theirs", "figure", "least .. greatest", "bound", "met"):
        numeric = heading in ("ours", "theirs", "figure", "bound")
        table.add_column(heading, justify="right" if numeric else "left", no_wrap=heading not in ("what", "against"))
    group = ""
    for finding in findings:
        if finding.group != group:
            if group:
                table.add_section()
            group = finding.group
            table.add_row(f"[bold]{group}[/bold]")
        table.add_row(*_cells(finding))
    console.print(table)
    bounded = [finding for finding in findings if finding.met is not None]
    missed = [finding for finding in bounded if not finding.met]
    console.print(f"{len(bounded) - len(missed)} of {len(bounded)} bounds met.")
    for finding in missed:
        console.print(f"  not met: {finding.group}: {finding.what}: {_figure(finding, finding.figure.median)}")


def _cells(finding: Finding) -> tuple[str, ...]:
    figure = finding.figure
    theirs = "" if finding.theirs is None else amount(finding.theirs, finding.unit)
    met = {None: "", True: "[green]yes[/green]", False: "[red]no[/red]"}[finding.met]
    return (
        finding.what,
        amount(finding.ours, finding.unit),
        finding.against,
        theirs,
        _figure(finding, figure.median),
        f"{_figure(finding, figure.least)} .. {_figure(finding, figure.greatest)}",
        _bound(finding, finding.bound) if finding.bound else "",
        met,
    )


def _figure(finding: Finding, figure: float) -> str:
    return amount(figure, finding.unit) if finding.theirs is None else f"{figure:.3g} x"


def _bound(finding: Finding, bound: Bound) -> str:
    return f"{'>=' if bound.least else '<='} {_figure(finding, bound.limit)}"


def amount(value: float, unit: str) -> str:
    """A figure with its unit; seconds in what reads best.

    >>> amount(0.0123, "s"), amount(1500.0, "/s"), amount(0.0, "calls")
    ('12.3 ms', '1,500 /s', '0 calls')
    """
    if unit != "s":
        return f"{value:,.0f} {unit}"
    if value < 1e-3:
        return f"{value * 1e6:.3g} us"
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"
