"""Lays out the result of a run for a person, and a single grade."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..batch import Summary
from ..batch.summary import OUTCOMES, Tally
from ..values.grading import Grade
from .grading_progress import STYLES
from .table import label_table

#: How many problems have rows of their own: those with the most answers.
SHOWN = 20


def summary_table(summary: Summary) -> RenderableType:
    """Two tables with a row for each problem: outcomes and mean score, then findings; and a row for all."""
    ranked = sorted(summary.problems.items(), key=lambda item: -item[1].total)
    shown = [(Text(problem or "no readable problem"), tally) for problem, tally in ranked[:SHOWN]]
    outcomes, findings = _outcomes_table(), _findings_table()
    for problem, tally in shown:
        outcomes.add_row(problem, *_counts(tally))
        if tally.codes:
            findings.add_row(problem, _findings(tally))
    for table in (outcomes, findings):
        table.add_section()
    outcomes.add_row(Text("all", style="bold"), *_counts(summary.all))
    findings.add_row(Text("all", style="bold"), _findings(summary.all))
    more = len(ranked) - len(shown)
    parts: list[RenderableType] = [outcomes]
    parts += [Text(f"and {more} more problems", style="dim")] if more else []
    parts += [findings] if summary.all.codes else []
    return Group(*parts)


def grade_table(grade: Grade) -> RenderableType:
    """The outcome, then the evidence, then the right answer, then the versions."""
    outcome = grade.outcome.name
    versions = ", ".join(f"{name} {number}" for name, number in sorted(grade.versions.items()))
    return label_table(
        ("outcome", Text(f"{outcome}  score {grade.score:g}", style=f"bold {STYLES.get(outcome, 'yellow')}")),
        *(("finding", str(finding)) for finding in grade.findings),
        ("reason", grade.reason),
        ("evidence", str(grade.evidence)),
        *((f"right, {syntax}", text) for syntax, text in grade.right.items()),
        ("versions", versions),
    )


def _outcomes_table() -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("problem", overflow="fold")
    table.add_column("answers", justify="right", no_wrap=True)
    for name, heading in zip(OUTCOMES, ("correct", "incorrect", "undecided", "none"), strict=True):
        table.add_column(heading, justify="right", style=STYLES[name], no_wrap=True)
    table.add_column("mean", justify="right", no_wrap=True)
    return table


def _findings_table() -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("problem", overflow="fold", ratio=2)
    table.add_column("findings", overflow="fold", ratio=3)
    return table


def _counts(tally: Tally) -> tuple[str, ...]:
    counts = (f"{tally.outcomes[name]}" if tally.outcomes[name] else "" for name in OUTCOMES)
    return f"{tally.total}", *counts, "" if tally.mean is None else f"{tally.mean:.3f}"


def _findings(tally: Tally) -> Text:
    return Text(", ".join(f"{code} {count}" for code, count in tally.codes.most_common()))
