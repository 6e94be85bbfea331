"""Choosing between values entry by entry: by a condition, by size, by bounds."""

from __future__ import annotations

import sympy as sp
import torch

from ..index_notation import functions as fn
from .lifting import Lifted
from .operator import Kink, Operator
from .reference import scalars
from .reference.columns import Elementwise
from .shape_rules import elementwise as shapes
from .shape_rules.common import broadcast, broadcast_shapes


def _where(condition: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """torch.where, also for a constant condition, which is 0 or 1."""
    condition, x, y = on_one_device(condition.bool(), x, y)
    return torch.where(condition, x, y)


def _clamp(x: torch.Tensor, low: torch.Tensor | None, high: torch.Tensor | None) -> torch.Tensor:
    """torch.clamp, whose backward pass fails where x has to be broadcast to two bounds."""
    if low is None or high is None:
        return torch.clamp(x, low, high)
    x, low, high = on_one_device(x, low, high)
    return torch.clamp(x.expand(broadcast_shapes(x.shape, low.shape, high.shape)), low, high)


def on_one_device(*tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The tensors on one device: numbers of the text, which are on the CPU, follow tensors on an accelerator."""
    device = next((t.device for t in tensors if t.device.type != "cpu"), None)
    return tensors if device is None else tuple(t.to(device) for t in tensors)


# fmt: off
OPERATORS = (
    Operator(
        name="maximum", family="selection", signature="x, y", shape=broadcast,
        torch=torch.maximum, sympy=Lifted(fn.maximum), reference=Elementwise(scalars.maximum),
        doc="The larger of two, entry by entry.",
        kinks=(Kink("x == y", "1/2 to each"),),
        samples=("maximum(x, y)", "maximum(x, 0)", "maximum(0.5, x)", "maximum(c, r)", "maximum(s, C)", "maximum(z, r)",
                 "maximum(count, x)"),
        error_inputs=("maximum(x)", "maximum(x, B)", "maximum(x, y, s)", "maximum(x, dim=0)"),
    ),
    Operator(
        name="minimum", family="selection", signature="x, y", shape=broadcast,
        torch=torch.minimum, sympy=Lifted(fn.minimum), reference=Elementwise(scalars.minimum),
        doc="The smaller of two, entry by entry.",
        kinks=(Kink("x == y", "1/2 to each"),),
        samples=("minimum(x, y)", "minimum(x, 0)", "minimum(0.5, x)", "minimum(c, r)", "minimum(s, C)", "minimum(z, r)",
                 "minimum(count, x)"),
        error_inputs=("minimum(x)", "minimum(x, B)", "minimum(x, y, s)", "minimum(x, dim=0)"),
    ),
    Operator(
        name="where", family="selection", signature="condition, x, y", shape=shapes.where,
        torch=_where, sympy=Lifted(fn.where), reference=Elementwise(scalars.where),
        doc="x where the condition holds, else y.",
        samples=("where(x > 0, x, y)", "where(mask, x, 0)", "where(mask, 1, x)", "where(c > 0, r, s)",
                 "where(s > 0, x, y)", "where(z > 0, z, r)", "where(mask, 1, 2)*x", "where(mask, 0.5, 2)*x",
                 "where(x > 0, count, x)", "where(x > 0, exp(x), 1 + x)"),
        error_inputs=("where(x, x, y)", "where(count, x, y)", "where(mask, x)", "where(mask)", "where(mask, x, B)"),
    ),
    Operator(
        name="clamp", family="selection", signature="x, min=None, max=None", shape=shapes.clamp,
        torch=_clamp, sympy=Lifted(fn.clamp, (None, -sp.oo, sp.oo)), reference=Elementwise(scalars.clamp),
        doc="x clamped between min and max, either of which may be left out; max where min is above it.",
        aliases=("clip",),
        kinks=(Kink("x == min_", "1 for x, 0 for the bound"), Kink("x == max_", "1 for x, 0 for the bound")),
        samples=("clamp(x, -1, 1)", "clamp(x, min=0)", "clamp(x, max=0.5)", "clamp(x, c, r)", "clamp(x, y, 1.5)",
                 "clamp(x, s)", "clamp(C, -0.5, w)", "clamp(z, 0, 1)", "clamp(s, min=o, max=u)", "clamp(count, 0.5)*x"),
        error_inputs=("clamp(x)", "clamp(x, 0, 1, 2)", "clamp(x, B)", "clamp(x, low=0)", "clamp(mask, mask)"),
    ),
)
# fmt: on
