"""Grades generated questions and prints how often each truth met each outcome, and how often the code was named.

python -m tests.grading [--questions 1000] [--seed 0] [--wrong]
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections import Counter

from pullback_server.grading import GradeOutcome, Grader, Policy

from .generated import Case, cases

OUTCOMES = tuple(o.name for o in GradeOutcome)


def main() -> int:
    """Prints the table; the exit status is 0 where no verdict is false."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", action="store_true", help="print false verdicts and unnamed codes")
    arguments = parser.parse_args()
    counts, named, slowest, grader = Counter[tuple[str, str]](), Counter[str](), 0.0, Grader()
    started, total = time.perf_counter(), 0.0
    for case in cases(arguments.questions, arguments.seed):
        problem = dataclasses.replace(case.problem, policy=Policy(notations=()))
        begun = time.perf_counter()
        grade = grader.grade(problem, case.answer)
        spent = time.perf_counter() - begun
        slowest, total = max(slowest, spent), total + spent
        truth = "right" if case.right else case.code
        counts[truth, grade.outcome.name] += 1
        codes = {f.code.name for f in grade.findings}
        named[truth] += case.code in codes
        expected = "CORRECT" if case.right else "INCORRECT"
        if arguments.show and spent > 0.5:
            print(f"slow: {spent:.2f} s for {case.problem.expression} | {case.answer.text}")
        if arguments.show and (
            grade.outcome.name != expected or (case.code not in ("", "edit") and case.code not in codes)
        ):
            _show(case, grade.outcome.name, sorted(codes), grade.reason)
    truths = sorted({t for t, _ in counts}, key=lambda t: (t != "right", t == "edit", t))
    print(f"{'truth':28}" + "".join(f"{o:>15}" for o in OUTCOMES) + f"{'named':>10}")
    for truth in truths:
        row = [counts[truth, o] for o in OUTCOMES]
        rate = f"{100 * named[truth] / sum(row):9.1f}%" if truth not in ("right", "edit") else ""
        print(f"{truth:28}" + "".join(f"{n:15}" for n in row) + f"{rate:>10}")
    everything = sum(counts.values())
    undecided = sum(n for (_, o), n in counts.items() if o == "UNDECIDED")
    single = [t for t in truths if t not in ("right", "edit")]
    rate = sum(named[t] for t in single) / max(sum(counts[t, o] for t in single for o in OUTCOMES), 1)
    print(f"{everything} answers, {undecided} undecided, code named in {100 * rate:.1f} % of single mistakes")
    took = time.perf_counter() - started
    print(f"grading {1e3 * total / everything:.2f} ms an answer, slowest {1e3 * slowest:.0f} ms; all {took:.0f} s")
    false = sum(
        n for (t, o), n in counts.items() if (t == "right") == (o == "INCORRECT") and o in ("CORRECT", "INCORRECT")
    )
    print(f"{false} false verdicts")
    return int(false > 0)


def _show(case: Case, outcome: str, codes: list[str], reason: str) -> None:
    variable = case.problem.inputs[0]
    print(
        f"{case.code or 'right'} -> {outcome} {codes} {reason}\n    f = {case.problem.expression} on {variable.domain}"
    )
    print(f"    {case.answer.syntax.value}: {case.answer.text}")


if __name__ == "__main__":
    sys.exit(main())
