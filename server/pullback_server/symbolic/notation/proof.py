"""A derivative in writing checked against the numbers of its plan, once, on small random tensors."""

from __future__ import annotations

import sympy as sp
import torch

from ...operators.index import Axes, Pieces
from ..derivatives import UPSTREAM, Differentiated
from ..evaluation import evaluator
from ..lowering import Lowering
from ..plan import Plan

#: The lengths that unknown dimensions take, in turn.
SIZES = (2, 3)
#: What the two expressions are called while they are evaluated; no input has such names.
JACOBIAN, VJP = "^jacobian", "^vjp"

#: An expression with its axes, None for an axis of length 1.
Whole = tuple[sp.Expr, Axes]


def agrees(found: Differentiated, name: str, plan: Plan, jacobian: Whole, vjp: Whole, upstream: str) -> bool:
    """Whether the two expressions, as they will be printed, give the gradient that the plan gives.

    `upstream` is what the upstream gradient is called in `vjp`; the Jacobian is contracted with it here.
    """
    c, pieces = found.cut, found.cut.pieces
    sizes = _sizes(pieces)
    random = torch.Generator().manual_seed(0)

    def draw(own: Axes) -> torch.Tensor:
        shape = [1 if a is None else sizes[pieces.dimensions[a].root().symbol] for a in own]
        return torch.rand(shape, dtype=torch.float64, generator=random) * 0.6 + 0.2

    tensors = {n: draw(x.axes) for n, x in c.inputs.items()} | {UPSTREAM: draw(c.output.axes)}
    expected = evaluator(plan)(tensors)[name]
    if expected is None:
        expected = torch.zeros_like(tensors[name])
    tensors |= {upstream: tensors[UPSTREAM], JACOBIAN: draw(jacobian[1]), VJP: draw(vjp[1])}
    axes = {n: x.axes for n, x in c.inputs.items()} | {upstream: c.output.axes}
    lowering = Lowering(pieces, found.forward, axes)
    wanted = ((JACOBIAN, *jacobian), (VJP, *vjp))
    results = evaluator(lowering.plan((n, e, tuple(a for a in own if a is not None)) for n, e, own in wanted))(tensors)
    whole, pulled = results[JACOBIAN], results[VJP]
    assert whole is not None
    assert pulled is not None
    contracted = torch.tensordot(tensors[UPSTREAM], whole, dims=len(c.output.axes))
    return all(torch.allclose(x, expected, rtol=1e-9, atol=1e-9, equal_nan=True) for x in (contracted, pulled))


def _sizes(pieces: Pieces) -> dict[sp.Symbol, int]:
    sizes: dict[sp.Symbol, int] = {}
    for dimension in pieces.dimensions.values():
        root = dimension.root()
        free = SIZES[len(sizes) % len(SIZES)]
        sizes.setdefault(root.symbol, root.source if isinstance(root.source, int) else free)
    return sizes
