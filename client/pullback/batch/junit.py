"""Results as JUnit XML, as pytest writes it, for continuous integration to show."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TextIO
from xml.etree.ElementTree import Element, SubElement, tostring
from xml.sax.saxutils import quoteattr

from .row import Row
from .summary import Summary

#: The element inside the test case of an answer that is not correct, and the suite's count that it is part of.
_ELEMENTS: Mapping[str, tuple[str, str]] = {
    "INCORRECT": ("failure", "failures"),
    "UNDECIDED": ("error", "errors"),
    "NOT_AN_ANSWER": ("skipped", "skipped"),
}
#: Characters that no XML document may hold.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(file: TextIO, rows: Iterable[Row], summary: Summary, seconds: float) -> None:
    """Wrong answers are failures, undecided ones are errors, and those that are not answers are skipped."""
    counts = {name: summary.all.outcomes[outcome] for outcome, (_, name) in _ELEMENTS.items()}
    suite = {"name": "pullback", "tests": summary.all.total, **counts, "time": f"{seconds:.3f}"}
    attributes = " ".join(f"{name}={quoteattr(str(value))}" for name, value in suite.items())
    file.write(f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n<testsuite {attributes}>\n')
    for row in rows:
        file.write(tostring(_case(row), encoding="unicode") + "\n")
    file.write("</testsuite>\n</testsuites>\n")


def _case(row: Row) -> Element:
    case = Element("testcase", classname=_clean(row.problem) or "pullback", name=_clean(row.id), time="0")
    values = {
        "outcome": row.outcome,
        "score": "" if row.score is None else f"{row.score:g}",
        "findings": "|".join(row.codes),
        "evidence": json.dumps(row.evidence) if row.evidence else "",
        "replay": row.replay,
    }
    properties = SubElement(case, "properties")
    for name, value in values.items():
        if value:
            SubElement(properties, "property", name=name, value=_clean(value))
    if row.outcome in _ELEMENTS:
        element, _ = _ELEMENTS[row.outcome]
        kind = row.codes[0] if row.codes else row.outcome
        child = SubElement(case, element, message=_clean(row.message), type=kind)
        child.text = "\n".join(_clean(f"{finding['code']}: {finding['message']}") for finding in row.findings)
    return case


def _clean(text: str) -> str:
    return _FORBIDDEN.sub(lambda mark: f"#x{ord(mark[0]):02X}", text)
