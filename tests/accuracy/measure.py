"""All kernels measured in this process, with the kernels that torch has chosen in it."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from itertools import chain

import torch

from . import functions, matrices, sums
from .share import Share, largest


def measure(points: int, lengths: tuple[int, ...], matrix_count: int, seed: int = 0) -> list[Share]:
    """The largest share of each kernel: of functions at so many points, sums of these lengths, so many matrices."""
    return largest(
        chain(functions.shares(points, seed), sums.shares(lengths, seed), matrices.shares(matrix_count, seed))
    )


def main() -> None:
    """Prints the shares as JSON, for the command that starts this process with one kind of kernels."""
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy.measure", description=__doc__)
    parser.add_argument("--points", type=int, required=True)
    parser.add_argument("--lengths", type=int, nargs="+", required=True)
    parser.add_argument("--matrices", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    chosen = parser.parse_args()
    shares = measure(chosen.points, tuple(chosen.lengths), chosen.matrices, chosen.seed)
    print(json.dumps({"kernels": torch.backends.cpu.get_cpu_capability(), "shares": [asdict(s) for s in shares]}))


if __name__ == "__main__":
    main()
