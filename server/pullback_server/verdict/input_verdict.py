"""The verdict on one input, from the comparison and what the third opinion says of its suspects."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from ..program import Program
from .compare import Comparison, Status
from .diagnosis import remedy
from .reasons import UndecidedReason
from .third_opinion import ExaminedGroup
from .values import Cause, Diagnosis, ExaminedEntry, Finding, Outcome, Verdict

#: Whether an expression has, at the request's inputs, the same value and this derivative at these entries of the input.
IsRight = Callable[[str, tuple[ExaminedEntry, ...]], bool]

Groups = tuple[ExaminedGroup, ...]

#: What distinguishes findings: the outcome, the cause, and the node that it is at.
Key = tuple[Outcome, Cause | None, int | None]

#: The outcomes for which a remedy is sought.
REMEDIED = {Outcome.TORCH_DEVIATES, Outcome.BOTH_DEVIATE, Outcome.PRECISION_LIMITED}
#: Entries of a finding that the verdict shows.
SHOWN = 64


def input_verdict(comparison: Comparison, groups: Groups, program: Program, is_right: IsRight, digits: int) -> Verdict:
    """The verdict: the worst of the findings, and the right gradient where autograd's is wrong.

    `is_right` judges remedies; `digits` are those that the third opinion computed with.
    """
    findings = tuple(_with_remedy(finding, program, is_right) for finding in _findings(groups))
    findings = tuple(sorted(findings, key=lambda finding: -finding.outcome.severity))
    worst = findings[0].outcome if findings else Outcome.AGREE
    reason = UndecidedReason.NO_LIMIT if findings and findings[0].examined else UndecidedReason.OVER_BUDGET
    compared = comparison.entries
    derivative, source = _derivative(comparison, groups, digits)
    return Verdict(
        worst,
        reason if worst is Outcome.UNDECIDED else None,
        _message(worst, findings, compared),
        compared,
        comparison.count(Status.DOUBT),
        comparison.worst_entry() if compared else None,
        comparison.tolerance if compared else None,
        sum(len(group.suspects.places) for group in groups),
        sum(len(group.entries) for group in groups),
        findings,
        derivative,
        source,
    )


def agreement(comparison: Comparison) -> Verdict:
    """The verdict where every entry is the same number and nothing makes it suspect."""
    compared = comparison.entries
    message = _message(Outcome.AGREE, (), compared)
    if not compared:
        return Verdict(Outcome.AGREE, message=message)
    return Verdict(Outcome.AGREE, None, message, compared, 0, comparison.worst_entry(), comparison.tolerance)


#: The outcome of a group none of whose entries could be examined, by its status.
_UNEXAMINED = {
    Status.SAME: (Outcome.UNDECIDED, None),
    Status.FRAGILE: (Outcome.AGREE, None),
    Status.LIMITED: (
        Outcome.PRECISION_LIMITED,
        Diagnosis(Cause.ROUNDING, "The legs differ by no more than rounding can make them."),
    ),
    Status.DOUBT: (Outcome.UNDECIDED, None),
}


def _findings(groups: Groups) -> tuple[Finding, ...]:
    """Entries of one outcome and cause together; there is no finding of entries that agree."""
    counts: dict[Key, int] = defaultdict(int)
    examined: dict[Key, list[ExaminedEntry]] = defaultdict(list)
    diagnoses: dict[Key, Diagnosis | None] = {}
    for group in groups:
        suspects = group.suspects
        if not group.entries:
            outcome, diagnosis = _UNEXAMINED[suspects.status]
            counts[outcome, None, None] += len(suspects.places)
            diagnoses.setdefault((outcome, None, None), diagnosis)
            continue
        keys: list[Key] = [(e.outcome, d.cause, d.node) if d else (e.outcome, None, None) for e, d in group.entries]
        for key, (entry, diagnosis) in zip(keys, group.entries, strict=True):
            counts[key] += 1
            examined[key].append(entry)
            diagnoses.setdefault(key, diagnosis)
        # The entries of a group that were not examined are taken to be like the worst that was.
        rest = len(suspects.places) - len(group.entries)
        if rest:
            counts[max(keys, key=lambda key: key[0].severity)] += rest
    return tuple(
        Finding(key[0], counts[key], tuple(examined[key][:SHOWN]), diagnosis)
        for key, diagnosis in diagnoses.items()
        if key[0] is not Outcome.AGREE
    )


def _with_remedy(finding: Finding, program: Program, is_right: IsRight) -> Finding:
    diagnosis = finding.diagnosis
    if finding.outcome not in REMEDIED or diagnosis is None or not finding.examined:
        return finding
    text = remedy(program, diagnosis.node, lambda candidate: is_right(candidate, finding.examined))
    return replace(finding, diagnosis=replace(diagnosis, remedy=text))


def _derivative(comparison: Comparison, groups: Groups, digits: int) -> tuple[torch.Tensor | None, str]:
    """The right gradient where autograd's is wrong (nan where there is none or it is unknown), and its source."""
    wrong = {Outcome.TORCH_DEVIATES, Outcome.BOTH_DEVIATE}
    if not any(entry.outcome in wrong for group in groups for entry, _ in group.entries):
        return None, ""
    right = comparison.autograd.astype(np.float64)
    by_quotients = by_formula = 0
    for group in groups:
        suspects, outcomes = group.suspects, {entry.outcome for entry, _ in group.entries}
        if not outcomes <= {Outcome.AGREE, Outcome.PRECISION_LIMITED}:
            places = suspects.places
            formula = outcomes == {Outcome.TORCH_DEVIATES}
            right[places] = comparison.closed_form[places] if formula else math.nan
            by_formula += len(suspects.places) - len(group.entries) if formula else 0
        for place, (entry, _) in zip(suspects.chosen, group.entries, strict=False):
            right[place] = entry.derivative
            by_quotients += 1
    source = f"difference quotients of the expression in {digits} digits at {by_quotients} entries"
    if by_formula:
        source += f", the closed form at {by_formula} entries like them"
    if by_quotients + by_formula < right.size:
        source += ", autograd at the others"
    return torch.from_numpy(right.reshape(comparison.shape)), source


def _message(worst: Outcome, findings: tuple[Finding, ...], compared: int) -> str:
    """The verdict in a sentence."""
    if not compared:
        return "There are no entries to compare."
    if worst is Outcome.AGREE:
        return f"Both legs agree at {'the only entry' if compared == 1 else f'all {compared} entries'}."
    finding = next(f for f in findings if f.outcome is worst)
    where = "the only entry" if compared == 1 else f"{finding.count} of {compared} entries"
    message = _MESSAGES[worst].format(where=where)
    if worst is Outcome.UNDECIDED and not finding.examined:
        return f"{message[:-1]}: computing the expression in many digits would cost more than a request may."
    return message


_MESSAGES = {
    Outcome.PRECISION_LIMITED: "The legs agree as far as the precision goes at {where}.",
    Outcome.UNDECIDED: "Which leg is right could not be determined at {where}.",
    Outcome.NOT_DIFFERENTIABLE: "There is no derivative at {where}.",
    Outcome.SYMPY_DEVIATES: "Autograd is right and the closed form is not at {where}.",
    Outcome.TORCH_DEVIATES: "The closed form is right and autograd is not at {where}.",
    Outcome.BOTH_DEVIATE: "Neither leg is right at {where}.",
    Outcome.UNDEFINED: "The expression has no value at {where}.",
}
