"""A problem that has been checked: f as a typed program, the right answer's shape, and what each of its entries is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ..language import check, check_names, parse
from ..numeric import Forward, compile_program
from ..operators import BY_NAME
from ..operators.lifting import Lifted
from ..program import Apply, DType, Limits, Reason, Refusal, TensorType, TypedProgram
from .problem import MOST_POINTS, MOST_WORK, TOLERANCE_END, Kind, Layout, Problem, Structure, Symmetry, Variable

SYMMETRIC = (Structure.SYMMETRIC, Structure.POSITIVE_DEFINITE)
#: The most entries of a derivative: it is computed at many points.
LARGEST_ENTRIES = 4096


@dataclass(frozen=True, slots=True)
class Move:
    """One differentiation: with respect to these entries of an input, which move together."""

    name: str
    entries: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class CheckedProblem:
    """A problem with its program; f is differentiated with respect to the inputs of `chain`, one after the other.

    `stacked` says that the inputs of `wrt` are numbers that stand for the entries of one vector.
    """

    problem: Problem
    typed: TypedProgram
    forward: Forward
    types: Mapping[str, TensorType]
    chain: tuple[str, ...]
    stacked: bool
    upstream: str

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of what is differentiated: f, or with an upstream gradient v the number `sum(v*f)`."""
        return () if self.upstream else self.typed.output.shape

    @cached_property
    def variables(self) -> dict[str, Variable]:
        """The problem's inputs by name."""
        return {v.name: v for v in self.problem.inputs}

    @cached_property
    def numerator_shape(self) -> tuple[int, ...]:
        """The derivative's shape in numerator layout, which is torch's: the output's dimensions first."""
        if self.stacked:
            return self.output_shape + (len(self.problem.wrt),) * self.problem.order
        return self.output_shape + tuple(n for name in self.chain for n in self.types[name].shape)

    @cached_property
    def expected_shape(self) -> tuple[int, ...]:
        """The right answer's shape, in the layout that the policy asks for."""
        if self.problem.policy.layout is Layout.DENOMINATOR:
            return tuple(self.numerator_shape[k] for k in self.denominator_axes)
        return self.numerator_shape

    @cached_property
    def denominator_axes(self) -> tuple[int, ...]:
        """The order of axes that puts the input's dimensions before the output's."""
        outer = len(self.output_shape)
        return (*range(outer, len(self.numerator_shape)), *range(outer))

    @cached_property
    def scalar(self) -> bool:
        """Whether every input and every step is a number, so that many points are computed at once."""
        return all(t.rank == 0 for t in self.types.values()) and is_elementwise(self.typed)

    @cached_property
    def mirrored(self) -> bool:
        """Whether the two mirrored entries of a symmetric input move together."""
        return self.problem.policy.symmetry is Symmetry.STRUCTURED and any(self.is_symmetric(n) for n in self.chain)

    def moves(self, index: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[Move, ...]]:
        """What an entry of the derivative in numerator layout is: the output's entry, and its differentiations."""
        outer = len(self.output_shape)
        rest, moves = list(index[outer:]), []
        for name in self.chain if not self.stacked else [""] * self.problem.order:
            if self.stacked:
                moves.append(Move(self.problem.wrt[rest.pop(0)], ((),)))
                continue
            rank = self.types[name].rank
            entry, rest = tuple(rest[:rank]), rest[rank:]
            entries = {entry, entry[::-1]} if self.mirrored and self.is_symmetric(name) else {entry}
            moves.append(Move(name, tuple(sorted(entries))))
        return index[:outer], tuple(moves)

    def is_symmetric(self, name: str) -> bool:
        """Whether an input is a symmetric matrix."""
        return self.variables[name].structure in SYMMETRIC


def check_problem(problem: Problem, limits: Limits) -> CheckedProblem:
    """The problem, checked; raises Refusal with a field such as `problem.expression` where it cannot be graded.

    >>> check_problem(Problem("x**3", (Variable("x"),), ("x",)), Limits()).expected_shape
    ()
    """
    try:
        check_names([v.name for v in problem.inputs], limits)
    except Refusal as refusal:
        refusal.field = f"problem.{refusal.field}"
        raise
    types = {v.name: TensorType(DType.FLOAT64, v.value.shape if v.value else v.shape) for v in problem.inputs}
    upstream = problem.upstream if problem.kind is Kind.VJP else ""
    try:
        program = parse(problem.expression, tuple(types), limits)
        if upstream in program.inputs():
            # As in the notations of closed forms: f's own input keeps the name.
            upstream += "_"
        used = {n: t for n, t in types.items() if n != upstream}
        typed = check(program, used, limits)
    except Refusal as refusal:
        refusal.field = refusal.field.replace("expression", "problem.expression").replace("inputs", "problem.inputs")
        raise
    floating = typed.output.dtype.floating or typed.output.weak
    _require(floating, "expression", "the value is not floating", typed.output, Reason.NOT_DIFFERENTIABLE)
    chain, stacked = _chain(problem, typed, used)
    if upstream:
        types[upstream] = TensorType(DType.FLOAT64, typed.output.shape)
    question = CheckedProblem(problem, typed, compile_program(typed), types, chain, stacked, upstream)
    entries = math.prod(question.numerator_shape)
    message = f"the derivative has {entries} entries; at most {LARGEST_ENTRIES} are graded"
    _require(entries <= LARGEST_ENTRIES, "inputs", message, entries, Reason.LIMIT_EXCEEDED)
    _check_policy(problem)
    return question


def is_elementwise(typed: TypedProgram) -> bool:
    """Whether every step of a program is an elementwise operation on numbers."""
    return all(_works_on_numbers(typed, number) for number in range(len(typed.program.nodes)))


def vector_entries(typed: TypedProgram) -> tuple[int, ...]:
    """The nodes of a vector's entries, where a program stacks numbers and has no other tensors; else none."""
    output = typed.program.output
    node = typed.program.nodes[output]
    if not isinstance(node, Apply) or node.operator != "stack" or node.arguments:
        return ()
    others = (number for number in range(len(typed.program.nodes)) if number != output)
    return tuple(k for k in node.operands if k is not None) if all(_works_on_numbers(typed, k) for k in others) else ()


def _works_on_numbers(typed: TypedProgram, number: int) -> bool:
    node = typed.program.nodes[number]
    if not isinstance(node, Apply):
        return True
    return isinstance(BY_NAME[node.operator].sympy, Lifted) and not typed.types[number].rank


def _chain(problem: Problem, typed: TypedProgram, types: Mapping[str, TensorType]) -> tuple[tuple[str, ...], bool]:
    """The inputs to differentiate with respect to in turn, and whether the names of `wrt` are a vector's entries."""
    _require(bool(problem.wrt), "wrt", "no input is named", "nothing", Reason.NOTHING_TO_DIFFERENTIATE)
    for number, name in enumerate(problem.wrt):
        field = f"wrt[{number}]"
        _require(name in types, field, f"there is no input `{name}`", name, Reason.UNKNOWN_NAME)
        orthogonal = next(v for v in problem.inputs if v.name == name).structure is Structure.ORTHOGONAL
        _require(not orthogonal, field, "an orthogonal input is not a free variable", name)
    numbers, scalar = all(types[name].rank == 0 for name in problem.wrt), typed.output.rank == 0
    graded = 1 <= problem.order <= 3 and not (problem.kind is Kind.PARTIAL and len(problem.wrt) > 3)
    _require(graded, "order", "a derivative of an order from 1 to 3 is graded", problem.order)
    match problem.kind:
        case Kind.PARTIAL:
            several = problem.order > 1 and len(problem.wrt) == 1
            return problem.wrt * problem.order if several else problem.wrt, False
        case Kind.VJP:
            single = len(problem.wrt) == problem.order == 1
            _require(single, "wrt", "v^T J is with respect to one input, of order 1", ", ".join(problem.wrt))
        case Kind.GRADIENT:
            _require(scalar, "kind", "the value is not a number: ask for the jacobian", typed.output)
    if len(problem.wrt) > 1:
        distinct = numbers and len(set(problem.wrt)) == len(problem.wrt)
        message = "several inputs are the entries of one gradient where they are different numbers"
        _require(distinct, "wrt", message, ", ".join(problem.wrt))
        return problem.wrt, True
    # The gradient with respect to one number is the derivative itself.
    return problem.wrt * problem.order, False


def _check_policy(problem: Problem) -> None:
    policy = problem.policy
    points, tolerance, work, budget = policy.points, policy.tolerance, policy.work, policy.budget
    _require(1 <= points <= MOST_POINTS, "policy.points", f"from 1 to {MOST_POINTS} points are drawn", points)
    small = f"a tolerance is from 0 to below {TOLERANCE_END:g}"
    _require(0 <= tolerance < TOLERANCE_END, "policy.tolerance", small, tolerance)
    _require(1 <= work <= MOST_WORK, "policy.work", f"the work of a stage is from 1 to {MOST_WORK} units", work)
    _require(budget > 0, "policy.budget", "a budget is more than 0 seconds", budget)
    for number, v in enumerate(problem.inputs):
        field, domain = f"inputs[{number}]", v.domain
        ordered = domain is None or domain.low <= domain.high
        _require(ordered, f"{field}.domain", "the interval is empty", domain, Reason.BAD_VALUE)
        if v.value is not None:
            count, length = math.prod(v.value.shape), len(v.value.values)
            _require(count == length, f"{field}.value", f"the shape has {count} numbers", length, Reason.DATA_LENGTH)
        elif v.structure in (*SYMMETRIC, Structure.ORTHOGONAL, Structure.DIAGONAL):
            square = len(v.shape) >= 2 and v.shape[-1] == v.shape[-2]
            message = f"an input that is {v.structure.value} is a square matrix"
            _require(square, f"{field}.structure", message, v.shape, Reason.BAD_SHAPE)


def _require(condition: bool, field: str, message: str, value: object, reason: Reason = Reason.BAD_ARGUMENT) -> None:
    if not condition:
        raise Refusal(reason, message, field=f"problem.{field}", found=str(value))
