"""Answers to another question than the one asked: another derivative, f itself, or an antiderivative."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, permutations

import numpy as np
import torch

from ...program import Work
from ..codes import Mistake
from ..equivalence import Candidate, ProgramCandidate
from ..phrasing import list_names
from ..points import Floats, Points, RightDerivative, values
from ..points.batch import derivatives
from ..problem import Finding, Kind
from ..work import CALL, FLOATS
from .matching import factor_of, matches

#: The step of differences relative to 1 + |x|, and how near they are to the derivative at most points.
STEP, NEAR = 1e-5, 1e-3
#: The highest order of a derivative that an answer is compared with.
ORDERS = 3
#: In how many orders the inputs of a gradient are tried.
PERMUTATIONS = 5040


@dataclass(frozen=True)
class OtherAnswer:
    """Numbers that an answer may have instead of the derivative's, at all points, and what to say then."""

    finding: Finding
    values: Floats


def other_answers(right_derivative: RightDerivative, work: Work) -> Iterator[OtherAnswer]:
    """The right answers to other questions than the one asked, the same for all answers. Raises OverBudget."""
    negative = Finding(Mistake.SIGN, "the sign is wrong: this is the derivative's negative")
    yield OtherAnswer(negative, -right_derivative.values)
    function = Finding(Mistake.NOT_DIFFERENTIATED, "this is the function itself, not its derivative")
    yield OtherAnswer(function, right_derivative.f)
    yield from _other_orders(right_derivative, work)
    yield from _other_inputs(right_derivative, work)
    jacobian = jacobian_of(right_derivative, work)
    if jacobian is not None:
        outer = right_derivative.question.typed.output.rank
        message = "the upstream gradient is ignored: this is right only for a v of ones"
        summed = jacobian.sum(tuple(range(1, outer + 1)))
        yield OtherAnswer(Finding(Mistake.UPSTREAM_IGNORED, message), summed)


def find_integrated(
    right_derivative: RightDerivative, candidate: Candidate, at: list[int], work: Work
) -> Iterator[Finding]:
    """The answer's derivative is f, and f' is not an antiderivative of f."""
    question = right_derivative.question
    if not isinstance(candidate, ProgramCandidate) or not candidate.at_once or not question.scalar or question.upstream:
        return
    name = question.chain[0]
    if question.stacked or name not in candidate.typed.program.inputs():
        return
    work.spend(3 * candidate.values_work)
    points, f = right_derivative.points.some(at), right_derivative.f[at]
    if not _is_near(_differences(candidate, points, name), f):
        return
    slope = derivatives(candidate.forward, points, (name,), "", (), at_once=True)
    if not matches(slope, f):
        return
    work.spend(right_derivative.derivative_work((name, name)))
    if matches(right_derivative.derivative((name, name))[at], f):
        return
    message = "this is an antiderivative of the function: it was integrated, not differentiated"
    yield Finding(Mistake.INTEGRATED, message)


def _differences(candidate: ProgramCandidate, points: Points, name: str) -> Floats:
    """The answer's derivative by differences in float64, which is quick, and rough enough only to rule out."""
    around = {n: torch.cat((v, v)) for n, v in points.values.items()}
    step = STEP * (1 + points.values[name].abs())
    around[name] = torch.cat((points.values[name] + step, points.values[name] - step))
    up, down = values(candidate.forward, Points(around, 2 * points.count, 0), (), at_once=True).reshape(2, -1)
    with np.errstate(all="ignore"):
        return np.asarray((up - down) / (2 * step.numpy(force=True)))


def _is_near(slope: Floats, f: Floats) -> bool:
    with np.errstate(all="ignore"):
        off = np.abs(slope - f) > NEAR * (np.abs(slope) + np.abs(f) + NEAR)
    return int(np.count_nonzero(off)) <= len(f) // 4


def find_constant_factor(answer: Floats, right: Floats) -> Iterator[Finding]:
    """The answer is a multiple of the derivative."""
    c = factor_of(answer, right) if answer.shape == right.shape else None
    if c is not None and c != -1:
        yield Finding(Mistake.CONSTANT_FACTOR, f"this is {c:.6g} times the derivative: a constant factor is wrong")


def jacobian_of(right_derivative: RightDerivative, work: Work) -> Floats | None:
    """The Jacobian of f, where the question asks for its product with an upstream gradient."""
    question = right_derivative.question
    if question.problem.kind is not Kind.VJP:
        return None
    name = question.chain[0]
    shape = question.typed.output.shape + question.types[name].shape
    work.spend(right_derivative.jacobian_work)
    return derivatives(question.forward, right_derivative.points, (name,), "", shape, question.scalar)


def _other_orders(right_derivative: RightDerivative, work: Work) -> Iterator[OtherAnswer]:
    question = right_derivative.question
    if len(set(question.chain)) > 1 or question.upstream or question.stacked:
        return
    order, name = len(question.chain), question.chain[0]
    words = {1: "first", 2: "second", 3: "third"}
    for other in range(1, ORDERS + 1) if not question.types[name].rank else range(1, order):
        if other != order:
            message = f"this is the {words[other]} derivative; the {words[order]} is asked for"
            work.spend(right_derivative.derivative_work((name,) * other))
            yield OtherAnswer(Finding(Mistake.WRONG_ORDER, message), right_derivative.derivative((name,) * other))


def _other_inputs(right_derivative: RightDerivative, work: Work) -> Iterator[OtherAnswer]:
    question = right_derivative.question
    chain = question.chain
    if question.stacked:
        finding = Finding(Mistake.WRONG_VARIABLE, "the partial derivatives are in another order than the inputs")
        right = right_derivative.numerator
        for order in islice(permutations(range(len(chain))), 1, PERMUTATIONS):
            work.spend(CALL + right.size // FLOATS)
            values = right
            for axis in range(right.ndim - question.problem.order, right.ndim):
                values = values.take(order, axis)
            yield OtherAnswer(finding, values)
        return
    shape = question.types[chain[0]].shape
    inputs = [n for n, t in question.types.items() if n != question.upstream and t.shape == shape]
    chains = {(*chain[:k], n, *chain[k + 1 :]) for k in range(len(chain)) for n in inputs}
    chains |= {(n,) * len(chain) for n in inputs}
    for other in sorted(chains):
        if sorted(other) != sorted(chain):
            asked = f"with respect to {list_names(chain)}"
            message = f"this is the derivative with respect to {list_names(other)}; the one {asked} is asked for"
            work.spend(right_derivative.derivative_work(other))
            yield OtherAnswer(Finding(Mistake.WRONG_VARIABLE, message), right_derivative.derivative(other))
