"""`python -m tests.benchmarks`: measures, and prints a table of ratios with the bounds, or JSON.

It reports every figure, met or not, and its exit code says only whether it ran.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable, Iterator

from rich.console import Console

from . import (
    check,
    closed_forms,
    forms,
    gradcheck,
    graders,
    grades,
    jacobian,
    latency,
    load,
    recovery,
    refusals,
    tensors,
    throughput,
    verdict,
)
from .pairs import FULL, QUICK, Effort, Finding
from .report import as_json, machine, print_tables
from .servers import Servers

#: A comparison gives its findings as it makes them.
Comparison = Callable[[Servers, Effort], Iterator[Finding]]

COMPARISONS: dict[str, Comparison] = {
    latency.GROUP: latency.latency,
    throughput.GROUP: throughput.throughput,
    load.GROUP: load.load,
    tensors.GROUP: tensors.tensors,
    refusals.GROUP: refusals.refusals,
    forms.GROUP: forms.forms,
    recovery.GROUP: recovery.recovery,
    check.GROUP: check.check,
    verdict.GROUP: verdict.verdict,
    gradcheck.GROUP: gradcheck.gradcheck,
    jacobian.GROUP: jacobian.jacobian,
    closed_forms.GROUP: closed_forms.closed_forms,
    grades.GROUP: grades.grades,
    graders.GROUP: graders.graders,
}


def main() -> None:
    """Runs the comparisons that are asked for, all by default."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repetitions: shows that it runs, not how fast")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--only", action="append", choices=COMPARISONS, metavar="NAME", help=", ".join(COMPARISONS))
    arguments = parser.parse_args()
    effort = QUICK if arguments.quick else FULL
    on = machine()
    gc.collect()
    gc.freeze()
    findings: list[Finding] = []
    progress = Console(stderr=True)
    with Servers() as servers:
        for name in arguments.only or COMPARISONS:
            progress.print(f"measuring {name}", style="dim")
            findings.extend(COMPARISONS[name](servers, effort))
    if arguments.json:
        print(as_json(findings, on, arguments.quick))
    else:
        print_tables(findings, on, arguments.quick)


if __name__ == "__main__":
    main()
