"""Results as Gradescope's autograder reads them: `results.json`, a test for each answer.

The form: https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TextIO

from .row import Row
from .summary import OUTCOMES, Summary

#: Gradescope knows only passed and failed; a test without a status and a score waits for a person.
_STATUS = {"CORRECT": "passed", "INCORRECT": "failed", "NOT_AN_ANSWER": "failed"}


def write_gradescope(file: TextIO, rows: Iterable[Row], summary: Summary, seconds: float) -> None:
    """Undecided answers have neither status nor score, and the output says that they wait for a person."""
    results = {
        "score": summary.all.earned,
        "execution_time": round(seconds),
        "output": _output(summary),
        "output_format": "text",
        "visibility": "visible",
        "tests": [_test(number, row) for number, row in enumerate(rows, 1)],
        "extra_data": {"outcomes": {name: summary.all.outcomes[name] for name in OUTCOMES}},
    }
    json.dump(results, file, ensure_ascii=False, allow_nan=False, indent=1)


def _test(number: int, row: Row) -> dict[str, Any]:
    decided = {"score": row.earned, "status": _STATUS[row.outcome]} if row.score is not None else {}
    return {
        "name": row.id,
        "number": str(number),
        "max_score": row.points,
        **decided,
        "output": row.message,
        "output_format": "text",
        "tags": [row.outcome, *row.codes],
        "visibility": "visible",
        "extra_data": {"outcome": row.outcome, "evidence": row.evidence, "replay": row.replay},
    }


def _output(summary: Summary) -> str:
    counts = summary.all.outcomes
    correct = f"{counts['CORRECT']} of {summary.all.total} answers are correct."
    waiting = counts["UNDECIDED"]
    return correct + (f" {waiting} could not be decided and wait for a person." if waiting else "")
