"""The formats in which results are written, and the one that a file's suffix implies."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TextIO

from .classroom import write_classroom
from .gradescope import write_gradescope
from .junit import write_junit
from .prairielearn import write_prairielearn
from .row import Row
from .summary import Summary

#: Writes rows, in order, with their summary; the last number is how many seconds the run took.
Writer = Callable[[TextIO, Iterable[Row], Summary, float], None]

#: The columns of CSV, in order; JSON Lines has the same fields.
COLUMNS = ("id", "outcome", "score", "findings", "message", "evidence", "replay", "findings_state", "right_state")


def write_json_lines(file: TextIO, rows: Iterable[Row], _summary: Summary, _seconds: float) -> None:
    """One object a row, of the fields in COLUMNS; the score is null where it is undecided."""
    for row in rows:
        values = row.to_json()
        file.write(json.dumps({name: values[name] for name in COLUMNS}, ensure_ascii=False, allow_nan=False) + "\n")


def write_csv(file: TextIO, rows: Iterable[Row], _summary: Summary, _seconds: float) -> None:
    """The same fields as columns: findings as codes with `|` between them, evidence as JSON."""
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows:
        score = "" if row.score is None else f"{row.score:g}"
        evidence = json.dumps(row.evidence, allow_nan=False) if row.evidence else ""
        cells = {"score": score, "findings": "|".join(row.codes), "evidence": evidence}
        table.writerow(cells.get(name, getattr(row, name)) for name in COLUMNS)


FORMATS: Mapping[str, Writer] = {
    "jsonl": write_json_lines,
    "csv": write_csv,
    "gradescope": write_gradescope,
    "prairielearn": write_prairielearn,
    "junit": write_junit,
    "classroom": write_classroom,
}
_SUFFIXES = {".csv": "csv", ".xml": "junit"}


def format_of(path: Path) -> str:
    """The format of results in a file of that name, unless another is chosen.

    >>> format_of(Path("grades.csv")), format_of(Path("grades.jsonl"))
    ('csv', 'jsonl')
    """
    return _SUFFIXES.get(path.suffix.lower(), "jsonl")


def write(path: Path, form: str, rows: Iterable[Row], summary: Summary, seconds: float) -> None:
    """Writes results in one of FORMATS; the file is complete afterwards, or as it was before."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", errors="replace", newline="") as file:
            FORMATS[form](file, rows, summary, seconds)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
