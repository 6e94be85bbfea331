"""The printed expressions of a derivative checked against the numbers of its plan, once, on small random tensors."""

from __future__ import annotations

import math

import sympy as sp
import torch

from ...index_notation.index_program import Axes, IndexProgram
from ..differentiation.derivatives import UPSTREAM, Differentiated
from ..evaluation.evaluate import evaluator
from ..lowering.lower import Lowering
from ..lowering.plan import Plan

#: The lengths that unknown dimensions take begin and end here.
SMALLEST, LONGEST = 2, 5
#: A Jacobian of more entries than this is not computed.
LARGEST = 10**6
#: The names of the two expressions while they are evaluated; no input has such names.
JACOBIAN, VJP = "^jacobian", "^vjp"

#: An expression with its axes, None for an axis of length 1.
Derivative = tuple[sp.Expr, Axes]


def agrees(differentiated: Differentiated, name: str, plan: Plan, jacobian: Derivative, vjp: Derivative) -> bool:
    """Whether the two expressions, as they will be printed, give the gradient that the plan gives.

    The Jacobian is contracted with the upstream gradient here.
    """
    partition, program = differentiated.partition, differentiated.partition.program
    # A square matrix stays square where functions of matrices need its rank.
    sizes = _sizes(program, tied=any(p.result_rank is not None for p in differentiated.forward))
    random = torch.Generator().manual_seed(0)

    def draw(axes: Axes) -> torch.Tensor:
        return torch.rand(_lengths(axes, program, sizes), dtype=torch.float64, generator=random) * 0.6 + 0.2

    inputs, types = partition.inputs, partition.typed.types
    floating = {n: types[number].dtype.floating for n, number in partition.typed.program.inputs().items()}
    tensors = {n: draw(x.axes) if floating[n] else draw(x.axes).round() for n, x in inputs.items()}
    tensors[UPSTREAM] = draw(partition.output.axes)
    expected = evaluator(plan)(tensors)[name]
    if expected is None:
        expected = torch.zeros_like(tensors[name])
    tensors |= {partition.upstream: tensors[UPSTREAM], VJP: draw(vjp[1])}
    lowering = Lowering(program, differentiated.forward, partition.axes(partition.upstream))
    # A form that lengths are part of is checked at these; where they make the Jacobian large, by its product only.
    large = math.prod(_lengths(jacobian[1], program, sizes)) > LARGEST
    if not large:
        tensors[JACOBIAN] = draw(jacobian[1])
    wanted = ((VJP, *vjp),) if large else ((VJP, *vjp), (JACOBIAN, *jacobian))
    printed = lowering.plan((n, e, tuple(a for a in axes if a is not None)) for n, e, axes in wanted)
    results = evaluator(printed)(tensors)
    gradients = [results[VJP]]
    if not large:
        full = results[JACOBIAN]
        assert full is not None
        gradients.append(torch.tensordot(tensors[UPSTREAM], full, dims=len(partition.output.axes)))
    return all(g is not None and torch.allclose(g, expected, rtol=1e-9, atol=1e-9, equal_nan=True) for g in gradients)


def _lengths(axes: Axes, program: IndexProgram, sizes: dict[sp.Symbol, int]) -> list[int]:
    return [1 if a is None else sizes[program.dimensions[a].root().symbol] for a in axes]


def _sizes(program: IndexProgram, tied: bool) -> dict[sp.Symbol, int]:
    """Small lengths in the order of the real ones: a tall matrix stays tall, so that its rank stays full.

    Equal lengths get different ones unless they are `tied`.
    """
    roots = {d.root() for d in program.dimensions.values()}
    free = sorted((r for r in roots if not isinstance(r.source, int)), key=lambda r: (r.length, str(r.symbol)))
    lengths = sorted({r.length for r in free})
    places = (lengths.index(r.length) if tied else number for number, r in enumerate(free))
    small = {r.symbol: min(SMALLEST + place, LONGEST) for r, place in zip(free, places, strict=True)}
    return small | {r.symbol: r.source for r in roots if isinstance(r.source, int)}
