"""Results as GitHub Classroom's graders hand them to its reporter, which takes this JSON in base64.

The form: https://github.com/classroom-resources/autograding-grading-reporter
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TextIO

from .row import Row
from .summary import Summary

#: An answer that could not be decided is an error, never a failure.
_STATUS = {"CORRECT": "pass", "INCORRECT": "fail", "NOT_AN_ANSWER": "fail", "UNDECIDED": "error"}


def write_classroom(file: TextIO, rows: Iterable[Row], summary: Summary, _seconds: float) -> None:
    """The run is an error if an answer could not be decided, and a pass if all are correct."""
    counts, total = summary.all.outcomes, summary.all.total
    status = "error" if counts["UNDECIDED"] else "pass" if counts["CORRECT"] == total else "fail"
    tests: list[dict[str, Any]] = []
    worth = 0.0
    for row in rows:
        worth += row.points
        tests.append({"name": row.id, "status": _STATUS[row.outcome], "message": row.message, "score": row.earned})
    results = {"version": 1, "status": status, "max_score": worth, "tests": tests}
    json.dump(results, file, ensure_ascii=False, allow_nan=False, indent=1)
