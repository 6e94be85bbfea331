"""Mistakes about the whole question: another derivative, none at all, or the right numbers in another arrangement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations

from ..equivalence import Candidate, Formula
from ..points import Floats, Reference
from ..points.batch import derivatives
from ..problem import Code, Finding, Kind
from .explains import explained, factor_of

#: Higher than this no other order is tried.
ORDERS = 3


def whole_mistakes(reference: Reference, candidate: Candidate) -> Iterator[Finding]:
    """The mistakes of this kind that explain the answer, each with its sentence."""
    answer, right, question = candidate.values, reference.values, reference.question
    graded = reference.graded
    at = _At(answer[graded])
    if answer.shape == right.shape and at(-right[graded]):
        yield Finding(Code.SIGN, "the sign is wrong: this is the derivative's negative")
    if at(reference.f[graded]):
        yield Finding(Code.NOT_DIFFERENTIATED, "this is the function itself, not its derivative")
    yield from _other_orders(reference, at)
    yield from _other_inputs(reference, at)
    yield from _integrated(reference, candidate)
    if question.upstream:
        yield from _without_upstream(reference, at)
    if answer.shape == right.shape:
        c = factor_of(answer[graded], right[graded])
        if c is not None and c != -1:
            yield Finding(Code.CONSTANT_FACTOR, f"this is {c:.6g} times the derivative: a constant factor is wrong")


class _At:
    """Whether numbers are the answer's at the graded points, whatever their shape is called."""

    def __init__(self, answer: Floats) -> None:
        self.answer = answer

    def __call__(self, found: Floats) -> bool:
        return explained(self.answer, found)


def _other_orders(reference: Reference, at: Callable[[Floats], bool]) -> Iterator[Finding]:
    question = reference.question
    if len(set(question.chain)) > 1 or question.upstream:
        return
    order, name = len(question.chain), question.chain[0]
    for other in range(1, ORDERS + 1):
        if other != order and question.types[name].rank == 0 and at(reference.by((name,) * other)[reference.graded]):
            words = {1: "first", 2: "second", 3: "third"}
            yield Finding(Code.WRONG_ORDER, f"this is the {words[other]} derivative; the {words[order]} is asked for")
    if order == 2 and question.types[name].rank and at(reference.by((name,))[reference.graded]):
        yield Finding(Code.WRONG_ORDER, "this is the first derivative; the second is asked for")


def _other_inputs(reference: Reference, at: Callable[[Floats], bool]) -> Iterator[Finding]:
    question = reference.question
    names = [n for n in question.types if n != question.upstream]
    shape = question.types[question.chain[0]].shape
    others = [n for n in names if n not in question.chain and question.types[n].shape == shape]
    asked = ", ".join(f"`{n}`" for n in dict.fromkeys(question.chain))
    if question.stacked:
        for order in permutations(question.chain):
            if order != question.chain and at(reference.by(order, stacked=True)[reference.graded]):
                yield Finding(Code.WRONG_VARIABLE, "the partial derivatives stand in another order than the inputs")
                return
        return
    chains = {(*question.chain[:k], n, *question.chain[k + 1 :]) for k in range(len(question.chain)) for n in others}
    chains |= {(n,) * len(question.chain) for n in (*others, *question.chain)} - {question.chain}
    for chain in sorted(chains):
        if question.types[chain[0]].shape == shape and at(reference.by(chain)[reference.graded]):
            told = ", ".join(f"`{n}`" for n in dict.fromkeys(chain))
            yield Finding(Code.WRONG_VARIABLE, f"this is the derivative by {told}; the one by {asked} is asked for")
            return


def _integrated(reference: Reference, candidate: Candidate) -> Iterator[Finding]:
    """The answer's own derivative is f, and f' is no antiderivative of f."""
    question = reference.question
    if not isinstance(candidate, Formula) or not candidate.at_once or not question.scalar or question.upstream:
        return
    name = question.chain[0]
    if question.stacked or name not in candidate.typed.program.inputs():
        return
    graded = reference.graded
    slope = derivatives(candidate.forward, reference.points, (name,), "", (), at_once=True)[graded]
    f = reference.f[graded]
    if not explained(slope, f) or explained(reference.by((name, name))[graded], f):
        return
    yield Finding(Code.INTEGRATED, "this is an antiderivative of the function: it was integrated, not differentiated")


def _without_upstream(reference: Reference, at: Callable[[Floats], bool]) -> Iterator[Finding]:
    jacobian = jacobian_of(reference)
    if jacobian is None:
        return
    graded, outer = reference.graded, reference.question.typed.output.rank
    summed = jacobian.sum(tuple(range(1, outer + 1))) if outer else jacobian
    if at(summed[graded]):
        yield Finding(Code.UPSTREAM_IGNORED, "the upstream gradient is ignored: this is right for a v of ones only")


def jacobian_of(reference: Reference) -> Floats | None:
    """The Jacobian of f, where the question asks for its product with an upstream gradient."""
    question = reference.question
    if question.problem.kind is not Kind.VJP:
        return None
    name = question.chain[0]
    shape = question.typed.output.shape + question.types[name].shape
    return derivatives(question.forward, reference.points, (name,), "", shape, question.scalar)
