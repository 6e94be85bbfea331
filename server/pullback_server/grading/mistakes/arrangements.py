"""The right numbers, or all of them, in another arrangement: transposed, summed, of another shape or convention."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from ...program import Work
from ..checked_problem import SYMMETRIC
from ..codes import Mistake
from ..equivalence import Candidate
from ..points import Floats, RightDerivative
from ..problem import Finding, Kind
from ..work import CALL, FLOATS
from .matching import matches
from .other_questions import jacobian_of


def find_arrangements(right_derivative: RightDerivative, candidate: Candidate, work: Work) -> Iterator[Finding]:
    """The arrangements of the right numbers that the answer is. Raises OverBudget."""
    gradable = right_derivative.gradable
    answer, right = candidate.values[gradable], right_derivative.values[gradable]
    question, shape = right_derivative.question, list(right.shape[1:])
    work.spend((CALL + right.size // FLOATS) * 2**right.ndim)
    for axes in _transpositions(right_derivative, right.ndim - 1):
        transposed = right.transpose(0, *(k + 1 for k in axes))
        if matches(answer, transposed) and not (transposed.shape == right.shape and matches(transposed, right)):
            what = "Jacobian" if question.problem.kind is Kind.JACOBIAN else "derivative"
            layout = f"its shape is {shape}, the output's dimensions first"
            yield Finding(Mistake.TRANSPOSED, f"this is the transposed {what}: {layout}")
            break
    yield from _symmetric_conventions(right_derivative, answer, right)
    jacobian = jacobian_of(right_derivative, work)
    if jacobian is not None and (matches(answer, jacobian[gradable]) or _has_numbers(answer, jacobian[gradable])):
        message = "this is the Jacobian J; its product with the upstream gradient is asked for"
        yield Finding(Mistake.JACOBIAN_FOR_VJP, message)
    if answer.shape != right.shape:
        for sizes in range(1, right.ndim):
            for axes in combinations(range(1, right.ndim), sizes):
                for total, word in ((right.sum(axes), "summed"), (right.mean(axes), "averaged")):
                    if right.sum(axes).size < right.size and matches(answer, total):
                        yield Finding(Mistake.SUMMED, f"entries are {word} away: the derivative has shape {shape}")
                        return
    if answer.shape == right.shape and right.ndim > 1:
        total = np.broadcast_to(right.sum(tuple(range(1, right.ndim)), keepdims=True), right.shape)
        if matches(answer, total) and not matches(total, right):
            yield Finding(Mistake.SUMMED, "each entry is the sum of the derivative's entries")


def wrong_shape(right_derivative: RightDerivative, candidate: Candidate, compared: bool) -> Finding:
    """The finding for an answer of another shape, which may have the right numbers where these can be compared."""
    shapes = (
        f"the answer has shape {list(candidate.shape)}, the derivative {list(right_derivative.question.expected_shape)}"
    )
    if compared:
        gradable = right_derivative.gradable
        if _has_numbers(candidate.values[gradable], right_derivative.values[gradable]):
            return Finding(Mistake.SHAPE, f"the numbers are right, their shape is not: {shapes}")
    return Finding(Mistake.SHAPE, f"the shape is wrong: {shapes}")


def _has_numbers(answer: Floats, right: Floats) -> bool:
    """Whether the answer has the right numbers in their order, or one number that stands for all of them."""
    answer, right = answer.reshape(len(answer), -1), right.reshape(len(right), -1)
    return matches(np.broadcast_to(answer, right.shape) if answer.shape[1] == 1 else answer, right)


def _symmetric_conventions(right_derivative: RightDerivative, answer: Floats, right: Floats) -> Iterator[Finding]:
    question = right_derivative.question
    structured = any(question.variables[n].structure in SYMMETRIC for n in question.chain if n in question.variables)
    if not structured or right.ndim != 3 or right.shape[1] != right.shape[2]:
        return
    diagonal = right * np.eye(right.shape[-1])
    doubled, halved = right + right.swapaxes(1, 2) - diagonal, (right + diagonal) / 2
    if question.mirrored and matches(answer, halved):
        message = "mirrored entries of a symmetric matrix move together here: the derivative is 2G - diag(G), not G"
        yield Finding(Mistake.SYMMETRIC_CONVENTION, message)
    if not question.mirrored and matches(answer, doubled):
        message = "the entries of a symmetric matrix are independent here: the derivative is G, not 2G - diag(G)"
        yield Finding(Mistake.SYMMETRIC_CONVENTION, message)


def _transpositions(right_derivative: RightDerivative, rank: int) -> Iterator[tuple[int, ...]]:
    if rank < 2:
        return
    if rank == 2:
        yield (1, 0)
        return
    outer = len(right_derivative.question.output_shape)
    yield (*range(outer, rank), *range(outer))
    yield (*range(outer)[::-1], *range(outer, rank)[::-1])
    yield tuple(range(rank))[::-1]
    if rank - outer == 2:
        yield (*range(outer), rank - 1, rank - 2)
    if outer == 2:
        yield (1, 0, *range(2, rank))
