"""Results of a plan with their axes in the order of the input's: what reads them then reads them in a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from .plan import Call, Operand, Plan, Product, Result, Step, reads


def orient(plan: Plan, ranks: Sequence[int]) -> Plan:
    """The plan with each result's last step written for the order of the input's axes, where only the result reads it.

    `ranks` are those of the steps' values.
    """
    steps, results = list(plan.steps), dict(plan.results)
    read = Counter(slot for step in steps for slot in reads(step))
    read.update(r.slot[0] for r in results.values() if r is not None and isinstance(r.slot, tuple))
    for name, result in results.items():
        if result is None or not isinstance(result.slot, tuple) or read[result.slot[0]] > 1:
            continue
        slot, order = result.slot[0], result.axes
        if sorted(order) != list(range(ranks[slot])) or list(order) == sorted(order):
            continue
        oriented = _oriented(steps[slot], order, ranks)
        if oriented is not None:
            steps[slot], results[name] = oriented, Result(result.slot, tuple(range(len(order))))
    return Plan(tuple(steps), results)


def _oriented(step: Step, order: tuple[int, ...], ranks: Sequence[int]) -> Step | None:
    """The step with the axes of its value in this order."""
    match step:
        case Call(_, operands):
            return replace(step, operands=tuple(_permuted(o, order, ranks) for o in operands))
        case Product(slots, labels, out):
            target = tuple(out[k] for k in order)
            if len(slots) == 2 and target[0] not in labels[0]:
                # The labels of the first operand come first in a product of matrices.
                slots, labels = slots[::-1], labels[::-1]
            return Product(slots, labels, target)
    return None


def _permuted(operand: Operand, order: tuple[int, ...], ranks: Sequence[int]) -> Operand:
    if not isinstance(operand, tuple):
        return operand
    slot, axes = operand
    rank = ranks[slot]
    full = (-1,) * (len(order) - rank) + tuple(range(rank)) if axes is None else (-1,) * (len(order) - len(axes)) + axes
    return align_axes(slot, tuple(full[k] for k in order), rank)


def align_axes(slot: int, axes: tuple[int, ...], rank: int) -> Operand:
    """A slot of this rank as an operand that lines up with these axes of its own, -1 for a new one of length 1."""
    first = next((k for k, a in enumerate(axes) if a >= 0), len(axes))
    # Broadcasting adds leading axes by itself.
    return (slot, None if axes[first:] == tuple(range(rank)) else axes)
