"""Mistakes that lie in the answer rather than in f: one other sign or order in it, and it would be the derivative."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from ...language import check
from ...numeric import compile_program
from ...program import Apply, Limits, Node, Program, Refusal, TypedProgram
from ..codes import Mistake
from ..equivalence import Formula
from ..points import Reference, values
from ..problem import Finding
from .matching import explained
from .phrasing import written
from .trees import OutOfTime

#: Points at which a repair is tried before it is at all of them.
SIEVE = 1
#: Repairs that are tried, and nodes of the answers that they are tried on.
TRIED, LONGEST = 200, 80


def repairs(reference: Reference, answer: Formula, deadline: float) -> Iterator[Finding]:
    """The single repairs after which the answer is the derivative; none where it is longer than people write."""
    program = answer.typed.program
    if len(program.nodes) > LONGEST:
        return
    for changed, code, number, told in islice(_changes(program, answer.typed), TRIED):
        if time.thread_time() > deadline:
            raise OutOfTime
        if _is_right(reference, answer, changed):
            node = program.nodes[number]
            yield Finding(code, told, node.place)
    everywhere = _all_products(program)
    if everywhere is not None and _is_right(reference, answer, everywhere[0]):
        yield Finding(Mistake.ELEMENTWISE_PRODUCT, everywhere[1], None)


def _changes(program: Program, typed: TypedProgram) -> Iterator[tuple[Program, Mistake, int, str]]:
    for number, node in enumerate(program.nodes):
        if not isinstance(node, Apply):
            continue
        shown = f"`{written(program, number)}`"
        ranks = [typed.types[k].rank if k is not None else 0 for k in node.operands]
        if node.operator in ("mul", "matmul", "outer") and len(ranks) == 2 and all(ranks):
            for other in ("mul", "matmul", "outer"):
                if other != node.operator:
                    words = {"mul": "entry by entry", "matmul": "a matrix product", "outer": "an outer product"}
                    told = f"{shown} is to be {words[other]}, not {words[node.operator]}"
                    yield (
                        _with(program, number, replace(node, operator=other)),
                        Mistake.ELEMENTWISE_PRODUCT,
                        number,
                        told,
                    )
        if node.operator == "matmul":
            swapped = replace(node, operands=node.operands[::-1])
            told = f"the factors of {shown} stand in the wrong order"
            yield _with(program, number, swapped), Mistake.FACTORS_SWAPPED, number, told
            yield from _regrouped(program, number, node)
        if node.operator == "T":
            told = f"{shown} is to stand without its transpose"
            yield _aliased(program, number, node.operands[0] or 0), Mistake.TRANSPOSED, number, told
        for place, rank in enumerate(ranks):
            operand = node.operands[place]
            if rank == 2 and operand is not None and node.operator not in ("T", "div"):
                text = written(program, operand)
                told = f"`{text}` in {shown} is to be transposed"
                yield _transposing(program, number, place), Mistake.TRANSPOSED, number, told


def _regrouped(program: Program, number: int, node: Apply) -> Iterator[tuple[Program, Mistake, int, str]]:
    """The last two factors of a longer product in the other order: A C B for A B C."""
    left = node.operands[0]
    inner = program.nodes[left] if left is not None else None
    if isinstance(inner, Apply) and inner.operator == "matmul":
        nodes: list[Node] = list(program.nodes)
        a, b, c = inner.operands[0], inner.operands[1], node.operands[1]
        for first, second, third in ((a, c, b), (c, b, a), (b, c, a), (c, a, b)):
            new = [*nodes, replace(inner, operands=(first, second))]
            changed = _redirected(program, new, number, replace(node, operands=(len(new) - 1, third)))
            told = f"the factors of `{written(program, number)}` stand in the wrong order"
            yield changed, Mistake.FACTORS_SWAPPED, number, told


def _all_products(program: Program) -> tuple[Program, str] | None:
    """Every `*` of tensors as `@`, or the other way round, where an answer has several."""
    products = [k for k, n in enumerate(program.nodes) if isinstance(n, Apply) and n.operator == "matmul"]
    if len(products) < 2:
        return None
    nodes = [
        replace(n, operator="mul") if k in products and isinstance(n, Apply) else n for k, n in enumerate(program.nodes)
    ]
    return Program(tuple(nodes), program.bindings, program.output), "the products are to be entry by entry"


def _with(program: Program, number: int, node: Apply) -> Program:
    nodes = list(program.nodes)
    nodes[number] = node
    return Program(tuple(nodes), program.bindings, program.output)


def _aliased(program: Program, number: int, other: int) -> Program:
    """Every use of a node replaced by an earlier one."""
    nodes = [
        replace(n, operands=tuple(other if k == number else k for k in n.operands)) if isinstance(n, Apply) else n
        for n in program.nodes
    ]
    return Program(tuple(nodes), program.bindings, other if program.output == number else program.output)


def _transposing(program: Program, number: int, place: int) -> Program:
    """One operand of a node transposed."""
    node = program.nodes[number]
    assert isinstance(node, Apply)
    nodes: list[Node] = [*program.nodes, Apply("T", (node.operands[place],), (), node.place)]
    operands = tuple(len(nodes) - 1 if k == place else o for k, o in enumerate(node.operands))
    return _redirected(program, nodes, number, replace(node, operands=operands))


def _redirected(program: Program, nodes: Sequence[Node], number: int, node: Apply) -> Program:
    """The program with a node in the place of another, and nodes that follow it computed anew after it."""
    moved: dict[int, int] = {}
    new: list[Node] = [*nodes, node]
    moved[number] = len(new) - 1
    for later in range(number + 1, len(program.nodes)):
        old = program.nodes[later]
        if isinstance(old, Apply) and any(k in moved for k in old.operands):
            new.append(replace(old, operands=tuple(moved.get(k, k) if k is not None else None for k in old.operands)))
            moved[later] = len(new) - 1
    return Program(tuple(new), (), moved.get(program.output, program.output))


def _is_right(reference: Reference, answer: Formula, program: Program) -> bool:
    types = dict(reference.question.types)
    try:
        typed = check(_pruned(program), types, Limits())
    except Refusal:
        return False
    if typed.output.shape != reference.question.expected:
        return False
    some = np.flatnonzero(reference.graded)[:SIEVE].tolist()
    forward = compile_program(typed)
    sieved = values(forward, reference.points.some(some), typed.output.shape, at_once=False)
    if not explained(sieved, reference.values[some]):
        return False
    found, graded = Formula(typed, reference).values, reference.graded
    return explained(found[graded], reference.values[graded])


def _pruned(program: Program) -> Program:
    """The program without the nodes that its output does not need."""
    needed, stack = set(), [program.output]
    while stack:
        number = stack.pop()
        if number in needed:
            continue
        needed.add(number)
        node = program.nodes[number]
        if isinstance(node, Apply):
            stack.extend(k for k in node.operands if k is not None)
        elif hasattr(node, "value") and hasattr(node.value, "operand"):
            stack.append(node.value.operand)
    new = {old: k for k, old in enumerate(sorted(needed))}
    nodes = []
    for old in sorted(needed):
        node = program.nodes[old]
        if isinstance(node, Apply):
            node = replace(node, operands=tuple(None if k is None else new[k] for k in node.operands))
        nodes.append(node)
    return Program(tuple(nodes), (), new[program.output])
