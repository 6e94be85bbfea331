"""A program with a node of its own for each use of a value."""

from __future__ import annotations

from dataclasses import replace

from ...program import Apply, Node, Program

#: The most nodes of a tree that mistakes are looked for in.
LARGEST = 200


def unshare(program: Program) -> Program | None:
    """The program with a separate node for each use of an operator's value; None where each is used once at most.

    >>> from ...language import parse
    >>> from ...program import Limits
    >>> len(parse("sin(x)*sin(x)", ["x"], Limits()).nodes)
    3
    >>> tree = unshare(parse("sin(x)*sin(x)", ["x"], Limits()))
    >>> len(tree.nodes) if tree else 0
    4
    """
    uses = [0] * len(program.nodes)
    for node in program.nodes:
        for operand in node.operands if isinstance(node, Apply) else ():
            if operand is not None:
                uses[operand] += 1
    if not any(n > 1 and isinstance(node, Apply) for n, node in zip(uses, program.nodes, strict=True)):
        return None
    nodes: list[Node] = [n for n in program.nodes if not isinstance(n, Apply)]
    fixed = [k for k, n in enumerate(program.nodes) if not isinstance(n, Apply)]
    known = {old: new for new, old in enumerate(fixed)}
    output = _copy(program, program.output, nodes, known)
    return None if output is None else Program(tuple(nodes), (), output)


def _copy(program: Program, number: int, nodes: list[Node], known: dict[int, int]) -> int | None:
    """The number of a node's copy, made after those of its operands; None where the tree would be too large."""
    node = program.nodes[number]
    if not isinstance(node, Apply):
        return known[number]
    operands: list[int | None] = []
    for operand in node.operands:
        copy = None if operand is None else _copy(program, operand, nodes, known)
        if operand is not None and copy is None:
            return None
        operands.append(copy)
    if len(nodes) >= LARGEST:
        return None
    nodes.append(replace(node, operands=tuple(operands)))
    return len(nodes) - 1
