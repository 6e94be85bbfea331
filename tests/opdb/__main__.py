"""`python -m tests.opdb [OPERATOR ...]`: the results of torch's samples, operator by operator, with every reason.

The exit code is 1 where one differs, and where the README states other totals for this release of torch.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter

from pullback_server.operators import BY_NAME, TABLE
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .operations import operations
from .totals import release, sentence, stated
from .trial import State, Trial, trials

#: Characters that the table takes at least, whatever the terminal is.
NARROWEST = 160
NUMBERS = re.compile(r"-?\d+(\.\d+)?")


def main() -> int:
    """Runs the samples of the operators that are named, of all by default, prints the table; gives its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.opdb", description=__doc__)
    parser.add_argument("operators", nargs="*", metavar="OPERATOR", help="names of the table")
    wanted = {BY_NAME[name].name for name in parser.parse_args().operators} or {row.name for row in TABLE}
    console = Console()
    console.width = max(console.width, NARROWEST)
    progress = Console(stderr=True)
    table = Table(box=box.SIMPLE)
    for heading in ("operator", "torch's", *(state.value for state in State), "why"):
        table.add_column(heading, overflow="fold", justify="right" if heading in {s.value for s in State} else "left")
    whole: Counter[State] = Counter()
    for operation in operations():
        if operation.row.name in wanted:
            progress.print(operation.name, style="dim", end=" ")
            results = list(trials(operation))
            counts = Counter(trial.state for trial in results)
            whole += counts
            name = f"{operation.name} {operation.info.variant_test_name}".rstrip()
            table.add_row(operation.row.name, name, *(_count(counts[state]) for state in State), _reasons(results))
    table.add_row("all", "", *(_count(whole[state]) for state in State), end_section=True, style="bold")
    progress.print()
    console.print(table)
    matched = {operation.row.name for operation in operations()}
    without = [name for name in (row.name for row in TABLE) if name in wanted - matched]
    totals = sentence(whole, len(wanted & matched))
    console.print(totals, soft_wrap=True)
    console.print(f"Of {len(wanted)} rows {len(wanted & matched)} have samples of torch's.")
    console.print(f"Without: {', '.join(without) or 'none'}.", soft_wrap=True)
    other = len(wanted) == len(TABLE) and stated(f"torch {release()}: ") and not stated(totals)
    if other:
        console.print("The README states other totals.", style="bold red")
    return int(other or any(state.wrong and count for state, count in whole.items()))


def _count(number: int) -> str:
    return str(number or "")


def _reasons(results: list[Trial]) -> str:
    """The reasons, the most frequent first; those that differ in their numbers only are one. What is wrong, in full."""
    reasons = Counter(str(t) if t.state.wrong else NUMBERS.sub("#", t.reason) for t in results if t.reason)
    return escape("\n".join(f"{count} x {reason}" for reason, count in reasons.most_common()))


if __name__ == "__main__":
    sys.exit(main())
