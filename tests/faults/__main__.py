"""Runs the storm and prints its figures; the exit code is 1 where a promise was broken."""

from __future__ import annotations

import argparse
import asyncio
import sys

from .report import print_report
from .storm import storm


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 where every promise held."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long the storm lasts (default 10)")
    parser.add_argument("--clients", type=int, default=32, help="how many clients call at once (default 32)")
    parser.add_argument("--seed", default="storm", help="what the chances are drawn from (default: storm)")
    chosen = parser.parse_args(arguments)
    outcome = asyncio.run(storm(chosen.minutes * 60, chosen.clients, chosen.seed))
    print_report(outcome)
    return 1 if outcome.ledger.violations else 0


if __name__ == "__main__":
    sys.exit(main())
