"""The progress bar of a run: how far, how fast, how much longer, and the outcomes so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from ..batch import Row

STYLES = {"CORRECT": "green", "INCORRECT": "red", "UNDECIDED": "yellow", "NOT_AN_ANSWER": "magenta"}


class GradingProgress(Progress):
    """A bar on standard error while the block runs; nothing where that is not a terminal."""

    def __init__(self, total: int, before: Iterable[Row]) -> None:
        """`before` are the rows that an earlier run kept."""
        console = Console(stderr=True, highlight=False)
        self._counts: Counter[str] = Counter()
        super().__init__(
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn("{task.fields[counts]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._counts.update(row.outcome for row in before)
        self._task = self.add_task("", total=total, completed=self._counts.total(), counts=self._outcomes())

    def on_row(self, row: Row) -> None:
        """Counts a row."""
        self._counts[row.outcome] += 1
        self.update(self._task, advance=1, counts=self._outcomes())

    def _outcomes(self) -> str:
        return "  ".join(
            f"[{style}]{self._counts[name]} {name.lower().replace('_', ' ')}[/]" for name, style in STYLES.items()
        )


class _Rate(ProgressColumn):
    """Answers per second, over the last half minute."""

    def render(self, task: Task) -> Text:
        """The rate."""
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s", style="dim")
