"""Soaks a service and prints its figures; the exit code is 1 where something grew or was answered wrongly."""

from __future__ import annotations

import argparse
import asyncio
import sys

from .soak import HOSTILE, PART, Soak, soak

#: Lines of the table, each the median of as many samples as fall on it, and complaints that are shown.
LINES, SHOWN = 15, 20


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 where everything stayed as it was."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default 30)")
    parser.add_argument("--seed", default="soak", help="what the traffic is drawn from (default: soak)")
    chosen = parser.parse_args(arguments)
    figures = asyncio.run(soak(chosen.minutes * 60, chosen.seed))
    _print(figures)
    return int(bool(figures.complaints()))


def _print(figures: Soak) -> None:
    print(f"peak {figures.peak:.0f} requests/s; {PART:.0%} of it sent, {HOSTILE:.0%} hostile")
    print("\n    at  p50 ms  p99 ms  memory MiB  front MiB  files  buffers  processes")
    step = max(1, len(figures.samples) // LINES)
    for s in figures.samples[step - 1 :: step]:
        held = f"{s.memory >> 20:10}  {s.front >> 20:9}  {s.files:5}  {s.buffers:7}  {s.processes:9}"
        print(f"{s.at:5.0f}s  {s.p50 * 1e3:6.1f}  {s.p99 * 1e3:6.1f}  {held}")
    print()
    for status, count in figures.statuses.most_common():
        print(f"{count:8}  {status}")
    complaints = figures.complaints()
    print(f"\ncomplaints: {len(complaints)}")
    for complaint in complaints[:SHOWN]:
        print(f"  {complaint}")


if __name__ == "__main__":
    sys.exit(main())
