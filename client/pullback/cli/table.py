"""Prints values as JSON or as tables: replies, derivations and the description of the language."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TypeVar

import click
from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..plain import json_text
from ..values.formulas import StepKind
from ..values.language import Language, Operator
from ..values.reply import LegState, Reply, array_text
from ..values.verdict import Finding, Outcome, Verdict

T = TypeVar("T")

_STYLES = {Outcome.AGREE: "bold green", Outcome.PRECISION_LIMITED: "bold green"} | dict.fromkeys(
    (Outcome.TORCH_DEVIATES, Outcome.SYMPY_DEVIATES, Outcome.BOTH_DEVIATE), "bold red"
)
#: How many examined entries of a finding are shown.
SHOWN = 4


def show(value: T, table: Callable[[T], RenderableType], as_json: bool) -> None:
    """Print a value as JSON, or else its table."""
    if as_json:
        click.echo(json_text(value))
    else:
        Console(highlight=False).print(table(value))


def reply_table(reply: Reply) -> RenderableType:
    """The value, then for each input its gradient, Jacobian, VJP and verdict, then where and how fast."""
    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("", "value", Text(array_text(reply.value)) + Text(f"  {reply.value.dtype.name}", style="dim"))
    for name, array in reply.intermediates.items():
        table.add_row(Text(name), "value", Text(array_text(array)))
    for name in reply.verdicts:
        table.add_section()
        for place, (label, content) in enumerate(_block(reply, name)):
            table.add_row(Text(name if place == 0 else ""), label, content)
    return Group(table, Text(f"on {reply.device}; {reply.timings}", style="dim"))


def latex_lines(reply: Reply) -> Iterator[str]:
    """The formulas in LaTeX, one per line, under comments that say what they are."""
    for name, verdict in reply.verdicts.items():
        yield f"% {name}: {' '.join(str(verdict).split())}"
        for label, forms in (("Jacobian", reply.jacobians), ("VJP", reply.vjps)):
            for notation, latex in (("", forms[name].latex), (", matrix notation", forms[name].matrix_latex)):
                if latex:
                    yield f"% {label}{notation}"
                    yield latex


def steps_table(reply: Reply) -> RenderableType:
    """The derivation: each step with its number and the rule that it follows."""
    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_column(style="dim", justify="right", no_wrap=True)
    table.add_column(overflow="fold", ratio=3)
    table.add_column(style="dim", overflow="fold", ratio=2)
    kind = None
    for number, step in enumerate(reply.steps, 1):
        backward = step.kind in (StepKind.BACKWARD, StepKind.RESULT)
        if backward != kind:
            kind = backward
            table.add_section()
            table.add_row("", Text("backward" if backward else "forward", style="bold cyan"), "")
        style = "bold" if step.kind is StepKind.RESULT else ""
        table.add_row(str(number), Text(step.text, style=style), Text(step.rule))
    return table


def language_table(language: Language) -> RenderableType:
    """The operators, family by family, one per row."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("operator", style="bold", overflow="fold")
    table.add_column("spellings", overflow="fold", ratio=2)
    table.add_column("what it computes", overflow="fold", ratio=3)
    family = None
    for operator in language.operators:
        if operator.family != family:
            family = operator.family
            table.add_section()
            table.add_row(Text(family, style="bold cyan"), "", "")
        table.add_row(Text(operator.name), Text(", ".join(operator.spellings)), Text(operator.doc))
    return table


def operators_table(language: Language) -> RenderableType:
    """Everything that the language says of its operators."""
    return Group(*map(_operator_table, language.operators))


def _operator_table(operator: Operator) -> RenderableType:
    return label_table(
        ("name", operator.name),
        ("aliases", ", ".join(operator.aliases)),
        ("family", operator.family),
        ("parameters", operator.signature),
        ("spellings", ", ".join(operator.spellings)),
        ("computes", operator.doc),
        ("domain", operator.domain),
        ("kinks", operator.kinks),
        ("closed form", "yes" if operator.closed_form else "no"),
        ("example", operator.example),
        *((f"  with respect to {name}", text) for name, text in operator.example_jacobians.items()),
    )


def label_table(*rows: tuple[str, str | Text]) -> Table:
    """Labels and what they stand for, without the rows that are empty."""
    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, content in rows:
        if content:
            table.add_row(label, Text(content) if isinstance(content, str) else content)
    return table


def _block(reply: Reply, name: str) -> Iterator[tuple[str, Text]]:
    if name in reply.gradients:
        yield "gradient", Text(array_text(reply.gradients[name]))
    for label, forms in (("Jacobian", reply.jacobians), ("VJP", reply.vjps)):
        form = forms[name]
        entries = (f"{list(entry.index)}: {entry}" for entry in form.named_entries)
        for place, line in enumerate((*form.lines_or_reason(), *entries)):
            yield label if place == 0 else "", Text(line)
    for label, leg in (("autograd", reply.legs[name].numeric), ("closed form", reply.legs[name].symbolic)):
        if leg.message and leg.state not in (LegState.DONE, LegState.NOT_REQUESTED):
            yield label, Text(str(leg), style="yellow")
    verdict = reply.verdicts[name]
    yield "verdict", _verdict(verdict)
    for finding in verdict.findings:
        yield from _finding(finding, verdict.compared)
    if verdict.derivative is not None:
        right = Text(array_text(verdict.derivative), style="bold green")
        yield "derivative", right + Text(f"  by {verdict.derivative_source}", style="dim")


def _finding(finding: Finding, compared: int) -> Iterator[tuple[str, Text]]:
    """Why entries are not plainly right: the node, the numbers, the slopes, and what to write instead."""
    diagnosis = finding.diagnosis
    if diagnosis is not None:
        where = f"  line {diagnosis.line}, column {diagnosis.column}" if diagnosis.line else ""
        yield diagnosis.cause.name, Text(diagnosis.message) + Text(where, style="dim")
    for entry in finding.examined[:SHOWN]:
        line = Text(f"at {list(entry.index)}  " if entry.index else "")
        line += Text(f"autograd {entry.autograd:.8g}  closed form {entry.closed_form:.8g}")
        if not math.isnan(entry.derivative):
            line += Text(f"  derivative {entry.derivative:.8g}", style="bold")
        line += Text(f"  slopes {entry.left} | {entry.right}", style="dim")
        if entry.subgradient is not None:
            low, high = entry.subgradient
            line += Text(f"  subgradients [{low:.6g}, {high:.6g}]", style="dim")
        yield "", line
    left = finding.count - min(len(finding.examined), SHOWN)
    if left and finding.examined:
        yield "", Text(f"and {left} more of {compared} entries", style="dim")
    if diagnosis is not None and diagnosis.remedy:
        yield "instead", Text(diagnosis.remedy, style="bold cyan")


def _verdict(verdict: Verdict) -> Text:
    text = Text(verdict.outcome.name, style=_STYLES.get(verdict.outcome, "bold yellow"))
    return text + Text(f"  {verdict.message}" if verdict.message else "", style="default")
