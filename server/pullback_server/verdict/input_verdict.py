"""The verdict on one input: what the comparison and the examination of its suspects come to together."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import torch

from ..program import Program
from .compare import Comparison, Status, entry
from .diagnosis import remedy
from .third_opinion import Looked
from .values import Cause, Diagnosis, Examined, Finding, Outcome, Verdict

#: Whether an expression has, at the request's inputs, this derivative at these entries of the input.
Tried = Callable[[str, tuple[Examined, ...]], bool]

#: What findings are told apart by: the outcome, the cause, and the node that it is at.
Key = tuple[Outcome, Cause | None, int | None]

BUDGET_SPENT = "OVER_BUDGET"
NO_LIMIT = "NO_LIMIT"

#: What a remedy is sought for.
REMEDIED = {Outcome.TORCH_DEVIATES, Outcome.BOTH_DEVIATE, Outcome.PRECISION_LIMITED}
#: Entries of a finding that the verdict shows.
SHOWN = 64


def decide(
    comparison: Comparison,
    shape: tuple[int, ...],
    looked: tuple[Looked, ...],
    program: Program,
    tried: Tried,
    digits: int,
) -> Verdict:
    """The verdict: the worst of the findings, and the right gradient where autograd's is not.

    `tried` judges remedies; `digits` are those that the third opinion computed with.
    """
    found = tuple(_remedied(f, program, tried) for f in _findings(looked))
    findings = tuple(sorted(found, key=lambda f: -f.outcome.severity))
    worst = findings[0].outcome if findings else Outcome.AGREE
    compared = comparison.entries
    derivative, source = _derivative(comparison, shape, looked, digits)
    return Verdict(
        worst,
        _reason(findings[0]) if worst is Outcome.UNDECIDED else "",
        _message(worst, findings, compared),
        compared,
        comparison.count(Status.DOUBT),
        entry(comparison, comparison.worst, shape) if compared else None,
        comparison.tolerance if compared else None,
        sum(len(own.sort.places) for own in looked),
        sum(len(own.entries) for own in looked),
        findings,
        derivative,
        source,
    )


def settled_verdict(comparison: Comparison, shape: tuple[int, ...]) -> Verdict:
    """The verdict where every entry is the same number and nothing makes it suspect."""
    compared = comparison.entries
    message = _message(Outcome.AGREE, (), compared)
    if not compared:
        return Verdict(Outcome.AGREE, message=message)
    worst = entry(comparison, comparison.worst, shape)
    return Verdict(Outcome.AGREE, "", message, compared, 0, worst, comparison.tolerance)


#: What a sort is, of which no entry could be examined, by its status.
_UNEXAMINED = {
    Status.SAME: (Outcome.UNDECIDED, None),
    Status.FRAGILE: (Outcome.AGREE, None),
    Status.LIMITED: (
        Outcome.PRECISION_LIMITED,
        Diagnosis(Cause.ROUNDING, "The legs are as far apart as rounding can carry them, and no further."),
    ),
    Status.DOUBT: (Outcome.UNDECIDED, None),
}


def _findings(looked: tuple[Looked, ...]) -> tuple[Finding, ...]:
    """Entries of one outcome and cause together; those that agree are none."""
    counts: dict[Key, int] = defaultdict(int)
    examined: dict[Key, list[Examined]] = defaultdict(list)
    why: dict[Key, Diagnosis | None] = {}
    for own in looked:
        if own.exhausted:
            outcome, diagnosis = _UNEXAMINED[own.sort.status]
            counts[outcome, None, None] += len(own.sort.places)
            why.setdefault((outcome, None, None), diagnosis)
            continue
        keys = [_key(e, d) for e, d in zip(own.entries, own.diagnoses, strict=True)]
        for key, found, diagnosis in zip(keys, own.entries, own.diagnoses, strict=True):
            counts[key] += 1
            examined[key].append(found)
            why.setdefault(key, diagnosis)
        # The entries of a sort that were not examined are taken to be like the worst that was.
        rest = len(own.sort.places) - len(own.entries)
        if rest:
            counts[max(keys, key=lambda k: k[0].severity)] += rest
    return tuple(
        Finding(key[0], counts[key], tuple(examined[key][:SHOWN]), diagnosis)
        for key, diagnosis in why.items()
        if key[0] is not Outcome.AGREE
    )


def _key(found: Examined, diagnosis: Diagnosis | None) -> Key:
    if diagnosis is None:
        return found.outcome, None, None
    return found.outcome, diagnosis.cause, diagnosis.node


def _remedied(finding: Finding, program: Program, tried: Tried) -> Finding:
    diagnosis = finding.diagnosis
    if finding.outcome not in REMEDIED or diagnosis is None or not finding.examined:
        return finding
    told = finding.examined
    text = remedy(program, diagnosis.node, lambda candidate: tried(candidate, told))
    return replace(finding, diagnosis=replace(diagnosis, remedy=text))


def _reason(finding: Finding) -> str:
    return NO_LIMIT if finding.examined else BUDGET_SPENT


def _derivative(
    comparison: Comparison, shape: tuple[int, ...], looked: tuple[Looked, ...], digits: int
) -> tuple[torch.Tensor | None, str]:
    """The right gradient where autograd's is not, and how it was found; nan where there is none, or none was found."""
    wrong = {Outcome.TORCH_DEVIATES, Outcome.BOTH_DEVIATE}
    if not any(found.outcome in wrong for own in looked for found in own.entries):
        return None, ""
    right = comparison.theirs.detach().to(torch.float64).cpu().clone()
    told = like = 0
    for own in looked:
        outcomes = {found.outcome for found in own.entries}
        if not outcomes <= {Outcome.AGREE, Outcome.PRECISION_LIMITED}:
            places = torch.from_numpy(own.sort.places)
            formula = outcomes == {Outcome.TORCH_DEVIATES}
            right[places] = comparison.ours.cpu()[places] if formula else math.nan
            like += len(own.sort.places) - len(own.entries) if formula else 0
        for place, found in zip(own.sort.chosen, own.entries, strict=False):
            right[place] = found.derivative
            told += 1
    source = f"difference quotients of the expression in {digits} digits at {told} entries"
    if like:
        source += f", the closed form at {like} entries like them"
    if told + like < right.numel():
        source += ", autograd at the others"
    return right.reshape(shape), source


def _message(worst: Outcome, findings: tuple[Finding, ...], compared: int) -> str:
    """The verdict in a sentence."""
    if not compared:
        return "There are no entries to compare."
    whole = "the only entry" if compared == 1 else f"all {compared} entries"
    if worst is Outcome.AGREE:
        return f"Both legs agree at {whole}."
    finding = next(f for f in findings if f.outcome is worst)
    where = "the only entry" if compared == 1 else f"{finding.count} of {compared} entries"
    told = _TOLD[worst].format(where=where)
    if worst is Outcome.UNDECIDED and not finding.examined:
        return f"{told[:-1]}: to compute in many digits there is more than a request may cost."
    return told


_TOLD = {
    Outcome.PRECISION_LIMITED: "The legs agree as far as the precision goes at {where}.",
    Outcome.UNDECIDED: "It could not be told who is right at {where}.",
    Outcome.NOT_DIFFERENTIABLE: "There is no derivative at {where}.",
    Outcome.SYMPY_DEVIATES: "Autograd is right and the closed form is not at {where}.",
    Outcome.TORCH_DEVIATES: "The closed form is right and autograd is not at {where}.",
    Outcome.BOTH_DEVIATE: "Neither leg is right at {where}.",
    Outcome.UNDEFINED: "The expression has no value at {where}.",
}
