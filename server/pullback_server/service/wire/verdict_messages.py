"""Verdicts as wire messages."""

from __future__ import annotations

from pullback.v1 import verdict_pb2 as wire

from ...verdict import Diagnosis, ExaminedEntry, Finding, Slope, Verdict
from .tensors import to_wire


def verdict_message(verdict: Verdict) -> wire.Verdict:
    """The message that says a verdict."""
    worst, tolerance = verdict.worst, verdict.tolerance
    return wire.Verdict(
        outcome=f"OUTCOME_{verdict.outcome.name}",
        reason=verdict.reason or "",
        message=verdict.message,
        compared=verdict.compared,
        differing=verdict.differing,
        worst=wire.WorstEntry(**vars(worst)) if worst else None,
        tolerance=wire.Tolerance(**vars(tolerance)) if tolerance else None,
        suspects=verdict.suspects,
        examined=verdict.examined,
        findings=map(_finding, verdict.findings),
        derivative=None if verdict.derivative is None else to_wire(verdict.derivative),
        derivative_source=verdict.derivative_source,
    )


def _finding(finding: Finding) -> wire.Finding:
    return wire.Finding(
        outcome=f"OUTCOME_{finding.outcome.name}",
        count=finding.count,
        examined=map(_examined, finding.examined),
        diagnosis=_diagnosis(finding.diagnosis) if finding.diagnosis else None,
    )


def _examined(entry: ExaminedEntry) -> wire.ExaminedEntry:
    return wire.ExaminedEntry(
        index=entry.index,
        outcome=f"OUTCOME_{entry.outcome.name}",
        autograd=entry.autograd,
        closed_form=entry.closed_form,
        closed_form_exact=entry.closed_form_exact,
        derivative=entry.derivative,
        error=entry.error,
        left=_slope(entry.left),
        right=_slope(entry.right),
    )


def _slope(slope: Slope) -> wire.Slope:
    return wire.Slope(kind=f"SLOPE_KIND_{slope.kind.name}", value=slope.value, error=slope.error)


def _diagnosis(diagnosis: Diagnosis) -> wire.Diagnosis:
    return wire.Diagnosis(
        cause=f"CAUSE_{diagnosis.cause.name}",
        message=diagnosis.message,
        line=diagnosis.line,
        column=diagnosis.column,
        expression=diagnosis.expression,
        remedy=diagnosis.remedy,
    )
