"""`python -m tests.benchmarks`: measures, and prints a table of ratios with the bounds, or JSON.

It reports every figure, met or not, and its exit code says only whether it ran.
"""

from __future__ import annotations

import argparse
import gc
from collections import defaultdict
from collections.abc import Callable, Iterator

from rich.console import Console

from .check import check
from .closed_forms import closed_forms
from .cold import cold
from .forms import forms
from .gradcheck import gradcheck
from .graders import graders
from .grades import grades
from .jacobian import jacobian
from .latency import latency
from .load import load
from .pairs import FULL, QUICK, Effort, Finding
from .recovery import recovery
from .refusals import refusals
from .report import as_json, machine, print_tables
from .servers import Servers
from .streams import streams
from .tensorgrad import tensorgrad
from .tensors import tensors
from .throughput import throughput
from .verdict import verdict
from .worker import worker

#: A comparison gives its findings as it makes them.
Comparison = Callable[[Servers, Effort], Iterator[Finding]]

COMPARISONS: dict[str, Comparison] = {
    comparison.__name__: comparison
    for comparison in (
        worker, latency, throughput, streams, load, tensors, refusals, cold, forms, recovery,
        check, verdict, gradcheck, jacobian, closed_forms, tensorgrad, grades, graders,
    )
}  # fmt: skip


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
    findings: dict[str, list[Finding]] = defaultdict(list)
    progress = Console(stderr=True)
    with Servers() as servers:
        for name in arguments.only or COMPARISONS:
            progress.print(f"measuring {name}", style="dim")
            findings[name].extend(COMPARISONS[name](servers, effort))
    if arguments.json:
        print(as_json(findings, on, arguments.quick))
    else:
        print_tables(findings, on, arguments.quick)


if __name__ == "__main__":
    main()
