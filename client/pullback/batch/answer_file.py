"""Reads files of answers, JSON Lines or CSV, one submission a line; a line that cannot be read says why."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ..errors import InvalidRequest
from ..reasons import Reason
from ..values.grading import Attempt, Policy, Problem, Submission

#: Bytes of the longest line.
LONGEST = 64 * 2**20

#: Seconds for an answer, waiting for others of this run included; the policy's budget bounds the grading itself.
TIMEOUT = 300.0

_POLICY = {item.name for item in fields(Policy)}
_STRINGS = ("expression", "kind", "syntax", "upstream")


@dataclass(frozen=True, eq=False)
class Line:
    """One line of a file, at a position that counts from 0: a submission, or a fault where it holds none.

    `id` is the line's own, or `line N`; `label` names its problem; `points` is what a correct answer is worth.
    """

    position: int
    id: str
    label: str = ""
    points: float = 1.0
    submission: Submission | None = None
    fault: str = ""


@dataclass(frozen=True)
class Survey:
    """A file before it is graded: how many lines it has, its SHA-256, and ids that several lines share."""

    total: int
    digest: str
    repeated: tuple[str, ...]


def survey(path: Path, lines: Iterable[Line]) -> Survey:
    """The survey of a file with those lines."""
    counts = Counter(line.id for line in lines)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Survey(counts.total(), digest, tuple(name for name, count in counts.items() if count > 1))


def lines(path: Path, seed: int | None = None) -> Iterator[Line]:
    """The lines of a file by its suffix: CSV where that is `.csv`, else JSON Lines; blank ones are skipped.

    `seed`, unless it is None, takes the place of every line's own.
    """
    records = _csv(path) if path.suffix.lower() == ".csv" else _json_lines(path)
    for position, (number, record) in enumerate(records):
        yield _line(position, number, record, seed)


def _line(position: int, number: int, record: Mapping[str, Any] | str, seed: int | None) -> Line:
    unnamed = f"line {number}"
    if isinstance(record, str):
        return Line(position, unnamed, fault=f"{unnamed}: {record}")
    name = _name(record.get("id"), unnamed)
    try:
        return _submission_line(position, name, record, seed)
    except InvalidRequest as error:
        return Line(position, name, _name(record.get("problem"), ""), fault=f"{unnamed}: {error}")


def _submission_line(position: int, name: str, record: Mapping[str, Any], seed: int | None) -> Line:
    values = {field: value for field, value in record.items() if value is not None}
    for field in ("expression", "inputs", "answer"):
        if field not in values:
            raise _fault(field, f"there is no `{field}`")
    for field in _STRINGS:
        if not isinstance(values.get(field, ""), str):
            raise _fault(field, f"`{field}` is not a string")
    if not isinstance(values["inputs"], Mapping):
        raise _fault("inputs", "`inputs` is not an object of names and inputs")
    wrt, policy = _wrt(values.get("wrt")), _policy(values.get("policy", {}), seed)
    kind, order, upstream = values.get("kind", "derivative"), values.get("order"), values.get("upstream", "v")
    problem = Problem(values["expression"], values["inputs"], wrt, kind, order, upstream, policy)
    answer = _answer(values["answer"], values.get("tensor"), values.get("syntax", "math"))
    points = values.get("points", 1.0)
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 <= points < 1e9:
        raise _fault("points", "`points` is not a number of points")
    # Positions are the ids on the wire: several lines of the file may share one.
    submission = Submission(problem, answer, id=str(position), timeout=TIMEOUT)
    return Line(position, name, _name(values.get("problem"), str(problem)), float(points), submission)


def _answer(answer: object, tensor: object, syntax: str) -> Attempt:
    if isinstance(answer, list):
        return Attempt(tensor=answer)
    if isinstance(answer, bool) or not isinstance(answer, str | int | float):
        raise _fault("answer", "`answer` is neither a string nor numbers")
    return Attempt(str(answer), syntax, tensor)


def _wrt(value: object) -> str | tuple[str, ...] | None:
    match value:
        case None | str():
            return value
        case list() if all(isinstance(name, str) for name in value):
            return tuple(value)
    raise _fault("wrt", "`wrt` is neither a name nor a list of names")


def _policy(options: object, seed: int | None) -> Policy:
    if not isinstance(options, Mapping) or not options.keys() <= _POLICY:
        raise _fault("policy", f"`policy` is not an object of {', '.join(sorted(_POLICY))}")
    policy = Policy(**options)
    if not isinstance(policy.partial_credit, Mapping) or not isinstance(policy.notations, list | tuple):
        raise _fault("policy", "`partial_credit` must be an object of codes and scores, and `notations` a list")
    if not isinstance(policy.accept_smaller_domain, bool) or not isinstance(policy.reveal, bool):
        raise _fault("policy", "`reveal` and `accept_smaller_domain` must be true or false")
    return policy if seed is None else replace(policy, seed=seed)


def _name(value: object, default: str) -> str:
    if value is None or value == "" or isinstance(value, list | dict):
        return default
    return str(value).encode(errors="replace").decode()[:1000]


def _fault(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, reason=Reason.BAD_LINE, field=field)


def _json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST + 1):
            number += 1
            if len(line) > LONGEST:
                while line and not line.endswith(b"\n"):
                    line = file.readline(LONGEST)
                yield number, f"it is longer than {LONGEST} bytes"
            elif line.strip():
                yield number, _json(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)


def _json(line: bytes) -> Mapping[str, Any] | str:
    try:
        record = json.loads(line.decode())
    except UnicodeDecodeError:
        return "it is not UTF-8"
    except json.JSONDecodeError as error:
        return f"it is not JSON: {error.msg} at column {error.colno}"
    except (ValueError, RecursionError):  # a number of too many digits, lists too deep
        return "it is not JSON that can be read"
    return record if isinstance(record, dict) else "it is not a JSON object"


def _csv(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    csv.field_size_limit(LONGEST)
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        rows = csv.reader(file)
        header = [name.strip() for name in next(rows, [])]
        while True:
            number = rows.line_num + 1
            try:
                cells = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, f"it is not CSV: {error}"
                continue
            if any(cell.strip() for cell in cells):
                yield number, _record(header, cells)


def _record(header: list[str], cells: list[str]) -> Mapping[str, Any] | str:
    if len(cells) > len(header):
        return f"it has {len(cells)} cells, and the header {len(header)}"
    record: dict[str, Any] = {name: cell for name, cell in zip(header, cells, strict=False) if cell.strip()}
    try:
        return {name: _CELLS[name](cell) if name in _CELLS else cell for name, cell in record.items()}
    except (ValueError, RecursionError):
        return "a cell for an object, a list or a number holds something else"


def _names(cell: str) -> object:
    if cell.strip().startswith("["):
        return json.loads(cell)
    names = [name for name in re.split(r"[,;\s]+", cell) if name]
    return names[0] if len(names) == 1 else names


#: How cells of a CSV file are read that are not strings.
_CELLS: Mapping[str, Callable[[str], Any]] = {
    "inputs": json.loads,
    "policy": json.loads,
    "tensor": json.loads,
    "order": int,
    "points": float,
    "wrt": _names,
}
