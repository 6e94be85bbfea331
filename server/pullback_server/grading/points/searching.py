"""Points where f has a value: those of the domain, and more of them where f is defined on a small part of it only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from ...program import Work
from ..checked_problem import CheckedProblem
from ..problem import Interval, Structure, Variable
from ..work import CALL, float_work
from .batch import values
from .drawing import Points, draw

#: For so many points of numbers there is one point of tensors.
TENSORS = 16
#: How many times as many points are drawn where fewer than half of them have a value.
MORE = 32
#: Where the entries of an input without a domain lie, one after the other, when f has no value at any numbers: as of a
#: logarithm, or of an arcsine of something small.
ELSEWHERE = (Interval(0.05, 3.0), Interval(0.05, 0.95), Interval(1.05, 3.0))


def points_of(question: CheckedProblem, work: Work) -> Points:
    """The points of a question; all of them are the same for everybody who has its seed. Raises OverBudget."""
    policy, inputs = question.problem.policy, question.problem.inputs
    if all(v.value is not None for v in inputs) and not question.upstream:
        return _draw(question, inputs, 1, work)
    count = policy.points if question.scalar else max(policy.points // TENSORS, 4)
    points = _draw(question, inputs, count, work)
    if _is_defined(question, points).mean() >= 0.5:
        return points
    # A few more points of tensors show as much as many of numbers.
    chosen = _choose(question, inputs, count, MORE if question.scalar else 4, work)
    for interval in ELSEWHERE:
        if chosen is not None:
            break
        elsewhere = tuple(replace(v, domain=interval) if _is_free(v) else v for v in inputs)
        chosen = _choose(question, elsewhere, count, 4, work) if elsewhere != inputs else None
    return points if chosen is None else chosen


def _choose(
    question: CheckedProblem, inputs: tuple[Variable, ...], count: int, times: int, work: Work
) -> Points | None:
    """`count` points with a value out of `times` as many; None where none has one."""
    points = _draw(question, inputs, count * times, work)
    ordinary = np.flatnonzero(_is_defined(question, points)[: points.count - points.special])[:count]
    if not len(ordinary):
        return None
    kept = torch.tensor([*ordinary.tolist(), *range(points.count - points.special, points.count)])
    return Points({n: v[kept] for n, v in points.values.items()}, len(kept), points.special)


def _is_defined(question: CheckedProblem, points: Points) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    outputs = values(question.forward, points, question.typed.output.shape, question.scalar)
    return np.asarray(np.isfinite(outputs.reshape(points.count, -1)).all(1))


def _is_free(variable: Variable) -> bool:
    return variable.domain is None and variable.value is None and variable.structure is Structure.REAL


def _draw(question: CheckedProblem, inputs: tuple[Variable, ...], count: int, work: Work) -> Points:
    """So many points; the work of f's values there, which are computed next, is counted too."""
    work.spend(sum(count * (kind.elements + CALL * bool(kind.rank)) for kind in question.types.values()))
    work.spend(float_work(question.typed, count, question.scalar))
    return draw(inputs, question.upstream, question.types, count, question.problem.policy.seed)
