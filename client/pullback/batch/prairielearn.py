"""Results as PrairieLearn's external graders write them: the answers of one submission in `results.json`.

The form: https://prairielearn.readthedocs.io/en/latest/externalGrading/
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TextIO

from .row import Row
from .summary import Summary

#: PrairieLearn takes 1 MB, of which 20 kB are kept for everything but the tests.
LARGEST = 1_000_000 - 20_000
#: How many format errors a submission that is not gradable keeps.
_FORMAT_ERRORS = 50


def write_prairielearn(file: TextIO, rows: Iterable[Row], summary: Summary, _seconds: float) -> None:
    """One answer that is not an answer, or is undecided, makes the submission not gradable: no attempt is lost."""
    rows = list(rows)
    ungraded = [row for row in rows if row.score is None or row.outcome == "NOT_AN_ANSWER"]
    message = f"{summary.all.outcomes['CORRECT']} of {summary.all.total} answers are correct."
    if ungraded:
        errors = [f"{row.id}: {row.message}"[:1000] for row in ungraded[:_FORMAT_ERRORS]]
        results = {"gradable": False, "format_errors": errors, "message": message}
    else:
        tests, left_out = _fit([_test(row) for row in rows])
        message += f" {left_out} more are not listed, since the results would be too large." if left_out else ""
        results = {"gradable": True, "score": summary.all.mean or 0.0, "message": message, "tests": tests}
    json.dump(results, file, allow_nan=False, indent=1)


def _test(row: Row) -> dict[str, Any]:
    return {
        "name": row.id,
        "description": row.problem,
        "points": row.earned,
        "max_points": row.points,
        "message": row.message,
        "output": "; ".join(row.codes),
    }


def _fit(tests: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """The first tests that fit into a results file, and how many do not."""
    size = 0
    for number, test in enumerate(tests):
        size += len(json.dumps(test, indent=3)) + 10
        if size > LARGEST:
            return tests[:number], len(tests) - number
    return tests, 0
