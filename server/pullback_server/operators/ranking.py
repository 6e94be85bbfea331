"""The largest, the smallest and the middle entry, which torch gives together with their indices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .lifting import reduction_form
from .operator import Kink, Operator
from .reductions import DIMS, TIES, WRONG
from .reference import reductions, scalars
from .reference.columns import Reduced
from .shape_rules import reductions as shapes
from .shape_rules.common import axes_of

MEDIANS = ("median(x)", "median(x, 0)", "median(x, dim=-1, keepdim=True)", "median(C, 1).values", "median(u)",
           "x*median(x, 1, True)", "median(s)", "median(o, 0)", "median(count)*x")  # fmt: skip
WRONG_MEDIAN = ("median()", "median(x, 2)", "median(x, (0, 1))", "median(z, 0)", "median(mask)", "median(x, y)",
                "median(x, keepdim=True)")  # fmt: skip
ONE_TIES = f"{TIES}; with dim, 1 to the one that torch picks"


def extreme(
    name: str, several: Callable[..., torch.Tensor], one: Callable[..., Any], reference: Callable[..., Any], doc: str
) -> Operator:
    """The largest or smallest entry; `several` is torch's function over several dimensions, `one` over one or all."""
    return Operator(
        name=name, family="reductions", signature="x, dim: dims = None, keepdim: flag = False", shape=shapes.extreme,
        torch=_values(one, several), sympy=reduction_form(name), reference=Reduced(reference),
        doc=f"{doc}; with a dim the values, without the indices.", source=f"torch.{name}",
        kinks=(Kink(f"sum(x == a{name}(x)) > 1", ONE_TIES),),
        samples=(*(text.format(name) for text in DIMS), f"{name}(count)*x", f"{name}(x, 0).values"),
        error_inputs=(*(text.format(name) for text in WRONG), f"{name}(z)", f"{name}(z, 0)"),
    )  # fmt: skip


def _values(one: Callable[..., Any], several: Callable[..., torch.Tensor] | None = None) -> Callable[..., torch.Tensor]:
    """torch.max or the like without the indices that it gives together with the values over one dimension."""

    def column(x: torch.Tensor, *, dim: Any = None, keepdim: bool = False) -> torch.Tensor:
        if isinstance(dim, int):
            return one(x, dim, keepdim).values  # type: ignore[no-any-return]
        if several is None or (dim is None and not keepdim):
            return one(x)  # type: ignore[no-any-return]
        return several(x, axes_of(dim, x.dim()), keepdim)

    return column


# fmt: off
OPERATORS = (
    #       name   several     one        reference         doc
    extreme("max", torch.amax, torch.max, scalars.largest,  "The largest entry"),
    extreme("min", torch.amin, torch.min, scalars.smallest, "The smallest entry"),
    Operator(
        name="median", family="reductions", signature="x, dim: dim = None, keepdim: flag = False",
        shape=shapes.median, torch=_values(torch.median), sympy=None, reference=Reduced(reductions.median),
        doc="The middle entry, the lower of two; with a dim the values, without the indices.", source="torch.median",
        kinks=(Kink("sum(x == median(x)) > 1", ONE_TIES),),
        samples=MEDIANS, error_inputs=WRONG_MEDIAN,
    ),
)
# fmt: on
