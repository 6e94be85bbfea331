"""Mistakes in the answer rather than in f: with one other operator or order it would be the derivative."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from ...language import check
from ...program import Apply, Limits, Node, Program, Refusal, TypedProgram, Work
from ..codes import Mistake
from ..equivalence import ProgramCandidate
from ..phrasing import phrase
from ..points import RightDerivative, values
from ..problem import Finding
from ..work import float_work
from .matching import matches

#: Points at which a repair is tried before it is tried at all of them.
SIEVE = 1
#: The most repairs that are tried, and the most nodes of an answer that they are tried on.
TRIED, LONGEST = 200, 80
#: The work of checking and compiling a node of a repaired program.
CHECK = 30
#: The products of tensors, as sentences name them.
_PRODUCTS = {"mul": "entry by entry", "matmul": "a matrix product", "outer": "an outer product"}


@dataclass(frozen=True)
class _Repair:
    """An answer's program with one node of it repaired, and what was wrong there."""

    program: Program
    code: Mistake
    node: int
    message: str


def find_repairs(right_derivative: RightDerivative, answer: ProgramCandidate, work: Work) -> Iterator[Finding]:
    """The single repairs after which the answer is the derivative; none where it is longer than people write.

    Raises OverBudget.
    """
    program = answer.typed.program
    if len(program.nodes) > LONGEST:
        return
    for repair in islice(_repairs(program, answer.typed), TRIED):
        if _is_right(right_derivative, repair.program, work):
            yield Finding(repair.code, repair.message, program.nodes[repair.node].place)
    elementwise = _with_elementwise_products(program)
    if elementwise is not None and _is_right(right_derivative, elementwise, work):
        yield Finding(Mistake.ELEMENTWISE_PRODUCT, "the products should be entry by entry")


def _repairs(program: Program, typed: TypedProgram) -> Iterator[_Repair]:
    for number, node in enumerate(program.nodes):
        if not isinstance(node, Apply):
            continue
        text = f"`{phrase(program, number)}`"
        ranks = [typed.types[k].rank if k is not None else 0 for k in node.operands]
        if node.operator in _PRODUCTS and len(ranks) == 2 and all(ranks):
            for other in _PRODUCTS:
                if other != node.operator:
                    changed = _with_node(program, number, replace(node, operator=other))
                    message = f"{text} should be {_PRODUCTS[other]}, not {_PRODUCTS[node.operator]}"
                    yield _Repair(changed, Mistake.ELEMENTWISE_PRODUCT, number, message)
        if node.operator == "matmul":
            message = f"the factors of {text} are in the wrong order"
            swapped = _with_node(program, number, replace(node, operands=node.operands[::-1]))
            for changed in (swapped, *_with_factors_reordered(program, number, node)):
                yield _Repair(changed, Mistake.FACTORS_SWAPPED, number, message)
        if node.operator == "T":
            message = f"{text} should not be transposed"
            yield _Repair(_with_alias(program, number, node.operands[0] or 0), Mistake.TRANSPOSED, number, message)
        for place, rank in enumerate(ranks):
            operand = node.operands[place]
            if rank == 2 and operand is not None and node.operator not in ("T", "div"):
                message = f"`{phrase(program, operand)}` in {text} should be transposed"
                yield _Repair(_with_transpose(program, number, place), Mistake.TRANSPOSED, number, message)


def _with_factors_reordered(program: Program, number: int, node: Apply) -> Iterator[Program]:
    """The last three factors of a longer product in another order: A C B for A B C."""
    left = node.operands[0]
    inner = program.nodes[left] if left is not None else None
    if isinstance(inner, Apply) and inner.operator == "matmul":
        a, b, c = inner.operands[0], inner.operands[1], node.operands[1]
        for first, second, third in ((a, c, b), (c, b, a), (b, c, a), (c, a, b)):
            nodes = [*program.nodes, replace(inner, operands=(first, second))]
            yield _redirect(program, nodes, number, replace(node, operands=(len(nodes) - 1, third)))


def _with_elementwise_products(program: Program) -> Program | None:
    """Every matrix product as an elementwise one, where an answer has several."""
    products = {k: n for k, n in enumerate(program.nodes) if isinstance(n, Apply) and n.operator == "matmul"}
    if len(products) < 2:
        return None
    for number, product in products.items():
        program = _with_node(program, number, replace(product, operator="mul"))
    return program


def _with_node(program: Program, number: int, node: Apply) -> Program:
    return replace(program, nodes=(*program.nodes[:number], node, *program.nodes[number + 1 :]))


def _with_alias(program: Program, number: int, other: int) -> Program:
    """Every use of a node replaced by an earlier one."""
    nodes = [
        replace(n, operands=tuple(other if k == number else k for k in n.operands)) if isinstance(n, Apply) else n
        for n in program.nodes
    ]
    return Program(tuple(nodes), program.bindings, other if program.output == number else program.output)


def _with_transpose(program: Program, number: int, place: int) -> Program:
    """One operand of a node transposed."""
    node = program.nodes[number]
    assert isinstance(node, Apply)
    nodes: list[Node] = [*program.nodes, Apply("T", (node.operands[place],), (), node.place)]
    operands = tuple(len(nodes) - 1 if k == place else o for k, o in enumerate(node.operands))
    return _redirect(program, nodes, number, replace(node, operands=operands))


def _redirect(program: Program, nodes: Sequence[Node], number: int, node: Apply) -> Program:
    """The program with a node in place of another, and copies of the nodes that depend on it after it."""
    new: list[Node] = [*nodes, node]
    copies = {number: len(new) - 1}
    for later in range(number + 1, len(program.nodes)):
        old = program.nodes[later]
        if isinstance(old, Apply) and any(k in copies for k in old.operands):
            new.append(replace(old, operands=tuple(copies.get(k, k) if k is not None else None for k in old.operands)))
            copies[later] = len(new) - 1
    return Program(tuple(new), (), copies.get(program.output, program.output))


def _is_right(right_derivative: RightDerivative, program: Program, work: Work) -> bool:
    work.spend(CHECK * len(program.nodes))
    try:
        typed = check(_prune(program), right_derivative.question.types, Limits())
    except Refusal:
        return False
    if typed.output.shape != right_derivative.question.expected_shape:
        return False
    repaired = ProgramCandidate(typed, right_derivative)
    work.spend(float_work(typed, SIEVE, at_once=False))
    gradable = right_derivative.gradable
    some = np.flatnonzero(gradable)[:SIEVE].tolist()
    few = values(repaired.forward, right_derivative.points.some(some), typed.output.shape, at_once=False)
    if not matches(few, right_derivative.values[some]):
        return False
    work.spend(repaired.values_work)
    return matches(repaired.values[gradable], right_derivative.values[gradable])


def _prune(program: Program) -> Program:
    """The program without the nodes that its output does not need."""
    new = {old: k for k, old in enumerate(sorted(program.dependencies(program.output)))}
    nodes = []
    for old in new:
        node = program.nodes[old]
        if isinstance(node, Apply):
            node = replace(node, operands=tuple(None if k is None else new[k] for k in node.operands))
        nodes.append(node)
    return Program(tuple(nodes), (), new[program.output])
