"""Measures torch's kernels of every kind that this machine has; the exit code is 1 where one exceeds its error.

Prints the largest share of its allowed error that each kernel reaches. One that reaches more than three quarters needs
a larger error: in its row of the operator table, `symbolic/evaluation/kernel_errors.py` or `symbolic/primitives.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from .share import ROOM

TOP = Path(__file__).parents[2]
#: Environments that make torch and its matrix library take other kernels; the first leaves them the choice.
KERNELS: tuple[dict[str, str], ...] = (
    {},
    {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    {"ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"},
    {"ATEN_CPU_CAPABILITY": "default", "OMP_NUM_THREADS": "1"},
)
LENGTHS = (1, 2, 3, 10, 30, 100, 300, 1000, 10_000, 100_000)


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 where every kernel stays within the room that its error leaves."""
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy", description=__doc__)
    parser.add_argument("--points", type=int, default=2000, help="points of each kind for a function (default 2000)")
    parser.add_argument("--matrices", type=int, default=100, help="matrices of each size and kind (default 100)")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (default 0)")
    chosen = parser.parse_args(arguments)
    measured = [_measured(environment, chosen) for environment in KERNELS]
    worst: dict[tuple[str, str], list[Any]] = {}
    for kernels in measured:
        for share in kernels["shares"]:
            worst.setdefault((share["kernel"], share["dtype"]), []).append(share)
    table = Table(box=box.SIMPLE)
    for heading in ("kernel", "dtype", *(_name(k, e) for k, e in zip(measured, KERNELS, strict=True)), "most at"):
        table.add_column(heading, overflow="fold")
    for (kernel, dtype), shares in worst.items():
        most = max(shares, key=lambda s: s["share"])
        style = "bold red" if most["share"] > ROOM else ""
        table.add_row(kernel, dtype, *(f"{s['share']:.3f}" for s in shares), most["where"], style=style)
    console = Console()
    console.width = max(console.width, 140)
    console.print(table)
    beyond = sorted({kernel for (kernel, _), shares in worst.items() if max(s["share"] for s in shares) > ROOM})
    console.print(f"{len(worst)} kernels and dtypes; beyond {ROOM} of their error: {', '.join(beyond) or 'none'}.")
    return int(bool(beyond))


def _measured(environment: dict[str, str], chosen: argparse.Namespace) -> dict[str, Any]:
    command = (
        sys.executable, "-m", "tests.accuracy.measure", "--points", str(chosen.points), "--seed", str(chosen.seed),
        "--matrices", str(chosen.matrices), "--lengths", *map(str, LENGTHS),
    )  # fmt: skip
    done = subprocess.run(command, env=os.environ | environment, cwd=TOP, check=True, capture_output=True, text=True)
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _name(measured: dict[str, Any], environment: dict[str, str]) -> str:
    rest = [f"{k.split('_')[0]} {v}" for k, v in environment.items() if k != "ATEN_CPU_CAPABILITY"]
    return ", ".join([measured["kernels"], *rest])


if __name__ == "__main__":
    sys.exit(main())
