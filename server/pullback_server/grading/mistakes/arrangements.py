"""The right numbers, or all of them, in another arrangement: transposed, summed, of another shape or convention."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from ..codes import Mistake
from ..equivalence import Candidate
from ..points import Floats, Reference
from ..problem import Finding, Kind
from ..question import SYMMETRIC
from .matching import explained
from .other_questions import jacobian_of


def arrangements(reference: Reference, candidate: Candidate) -> Iterator[Finding]:
    """The arrangements of the right numbers that the answer is."""
    graded = reference.graded
    answer, right = candidate.values[graded], reference.values[graded]
    question = reference.question
    for axes in _transpositions(reference, right.ndim - 1):
        turned = right.transpose(0, *(k + 1 for k in axes))
        if explained(answer, turned) and not (turned.shape == right.shape and explained(turned, right)):
            what = "Jacobian" if question.problem.kind is Kind.JACOBIAN else "derivative"
            yield Finding(
                Mistake.TRANSPOSED, f"this is the transposed {what}: its shape is {_shown(right)}, {_layout()}"
            )
            break
    yield from _symmetric(reference, answer, right)
    jacobian = jacobian_of(reference)
    if jacobian is not None and (explained(answer, jacobian[graded]) or _same_numbers(answer, jacobian[graded])):
        yield Finding(
            Mistake.JACOBIAN_FOR_VJP, "this is the Jacobian J; its product with the upstream gradient is asked for"
        )
    if answer.shape != right.shape:
        for sizes in range(1, right.ndim):
            for axes in combinations(range(1, right.ndim), sizes):
                for total, word in ((right.sum(axes), "summed"), (right.mean(axes), "averaged")):
                    if right.sum(axes).size < right.size and explained(answer, total):
                        yield Finding(
                            Mistake.SUMMED, f"entries are {word} away: the derivative has shape {_shown(right)}"
                        )
                        return
    if answer.shape == right.shape and right.ndim > 1:
        total = np.broadcast_to(right.sum(tuple(range(1, right.ndim)), keepdims=True), right.shape)
        if explained(answer, total) and not explained(total, right):
            yield Finding(Mistake.SUMMED, "each entry is the sum of the derivative's entries")


def misshapen(reference: Reference, candidate: Candidate) -> Finding:
    """The finding for an answer of another shape, which may have the right numbers."""
    graded = reference.graded
    answer, right = candidate.values[graded], reference.values[graded]
    shapes = f"the answer has shape {list(candidate.shape)}, the derivative {list(reference.question.expected)}"
    if _same_numbers(answer, right):
        return Finding(Mistake.SHAPE, f"the numbers are right, their shape is not: {shapes}")
    return Finding(Mistake.SHAPE, f"the shape is wrong: {shapes}")


def _same_numbers(answer: Floats, right: Floats) -> bool:
    """Whether the answer has the derivative's numbers in their order, or one number that stands for all of them."""
    rows, own = right.reshape(len(right), -1), answer.reshape(len(answer), -1)
    return explained(np.broadcast_to(own, rows.shape) if own.shape[1] == 1 else own, rows)


def _symmetric(reference: Reference, answer: Floats, right: Floats) -> Iterator[Finding]:
    question = reference.question
    structured = any(question.variables[n].structure in SYMMETRIC for n in question.chain if n in question.variables)
    if not structured or right.ndim != 3 or right.shape[1] != right.shape[2]:
        return
    diagonal = right * np.eye(right.shape[-1])
    doubled, halved = right + right.swapaxes(1, 2) - diagonal, (right + diagonal) / 2
    if (not question.mirrored and explained(answer, doubled)) or (question.mirrored and explained(answer, halved)):
        told = "each entry on its own" if not question.mirrored else "with its mirrored entry"
        yield Finding(
            Mistake.SYMMETRIC_CONVENTION,
            f"the derivative by a symmetric matrix is taken here {told}: G, or 2G - diag(G), is the other convention",
        )


def _transpositions(reference: Reference, rank: int) -> Iterator[tuple[int, ...]]:
    if rank < 2:
        return
    if rank == 2:
        yield (1, 0)
        return
    outer = len(reference.question.output)
    yield (*range(outer, rank), *range(outer))
    yield (*range(outer)[::-1], *range(outer, rank)[::-1])
    yield tuple(range(rank))[::-1]
    if rank - outer == 2:
        yield (*range(outer), rank - 1, rank - 2)
    if outer == 2:
        yield (1, 0, *range(2, rank))


def _shown(right: Floats) -> str:
    return str(list(right.shape[1:]))


def _layout() -> str:
    return "the output's dimensions first"
