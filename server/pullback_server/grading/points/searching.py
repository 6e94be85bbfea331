"""Points where f has a value: those of the domain, and more of them where f is defined on a small part of it only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from ..problem import Interval, Structure, Variable
from ..question import Question
from .batch import values
from .drawing import Points, draw

#: So many points of tensors there are for as many numbers.
TENSORS = 16
#: So many times the points are drawn where fewer than half of them have a value.
MORE = 32
#: Where entries lie, for an input that says nothing of them, when f has no value at any numbers: as of a logarithm, or
#: of an arcsine of something small.
ELSEWHERE = (Interval(0.05, 3.0), Interval(0.05, 0.95), Interval(1.05, 3.0))


def points_of(question: Question) -> Points:
    """The points of a question; all of them are the same for everybody who has its seed."""
    policy, inputs = question.problem.policy, question.problem.inputs
    if all(v.value is not None for v in inputs) and not question.upstream:
        return _drawn(question, inputs, 1)
    count = policy.points if question.scalar else max(policy.points // TENSORS, 4)
    points = _drawn(question, inputs, count)
    if _defined(question, points).mean() >= 0.5:
        return points
    # A few draws of tensors tell as much as many of numbers.
    found = _chosen(question, inputs, count, MORE if question.scalar else 4)
    for interval in ELSEWHERE:
        if found is not None:
            break
        moved = tuple(replace(v, domain=interval) if _is_free(v) else v for v in inputs)
        found = _chosen(question, moved, count, 4) if moved != inputs else None
    return points if found is None else found


def _chosen(question: Question, inputs: tuple[Variable, ...], count: int, more: int) -> Points | None:
    """As many of more points as there are to be, those with a value; None where none has one."""
    points = _drawn(question, inputs, count * more)
    defined = _defined(question, points)
    ordinary = np.flatnonzero(defined[: points.count - points.special])[:count]
    if not len(ordinary):
        return None
    kept = torch.tensor([*ordinary.tolist(), *range(points.count - points.special, points.count)])
    return Points({n: v[kept] for n, v in points.values.items()}, len(kept), points.special)


def _defined(question: Question, points: Points) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    found = values(question.forward, points, question.typed.output.shape, question.scalar)
    finite = np.isfinite(found.reshape(points.count, -1)).all(1)
    return np.asarray(finite)


def _is_free(variable: Variable) -> bool:
    return variable.domain is None and variable.value is None and variable.structure is Structure.REAL


def _drawn(question: Question, inputs: tuple[Variable, ...], count: int) -> Points:
    return draw(inputs, question.upstream, dict(question.types), count, question.problem.policy.seed)
