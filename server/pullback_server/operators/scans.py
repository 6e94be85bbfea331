"""Running totals: the reductions of the first one, two, three, ... entries of each line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
import torch

from ..index_notation import functions as fn
from ..index_notation.index_program import IndexProgram, IndexTensor
from ..program import TensorType
from .operator import Operator
from .reference import reductions
from .reference.columns import AlongDim
from .shape_rules.common import axis_of, only_floating, sum_dims
from .shape_rules.reductions import four_passes, running
from .workspace import of_result

SAMPLES = ("{0}(x, 0)", "{0}(x, dim=1)", "{0}(C, -2)", "{0}(u)", "{0}(s)", "{0}(o, 0)", "{0}(c, 1)", "{0}(c, 0)*x",
           "{0}(z, 0)", "{0}(z, 1)", "y*{0}(x*y, axis=1)", "sum({0}(x, 1), 1)", "{0}(-x, 1)*x",
           "exp({0}(x, 0))")  # fmt: skip
WRONG = ("{0}()", "{0}(x)", "{0}(x, 2)", "{0}(x, (0, 1))", "{0}(x, y)", "{0}(C, dim=None)")


def scan(
    name: str,
    shape: Callable[..., TensorType],
    function: Callable[..., torch.Tensor],
    form: Callable[..., IndexTensor],
    reference: Callable[[list[Any]], list[Any]],
    doc: str,
    samples: tuple[str, ...] = (),
    error_inputs: tuple[str, ...] = (),
) -> Operator:
    """A running total along `dim`, which may be left out for a vector; its form has an index k that runs up to i."""
    return Operator(
        name=name, family="reductions", signature="x, dim: dim = None", shape=running(shape),
        torch=lambda x, *, dim=None: function(x, 0 if dim is None else dim), sympy=_running(form),
        reference=AlongDim(reference), doc=doc, source=f"torch.{name}",
        samples=(*(text.format(name) for text in SAMPLES), *samples),
        error_inputs=(*(text.format(name) for text in WRONG), *error_inputs), work=four_passes,
        workspace=of_result(1),
    )  # fmt: skip


def _running(form: Callable[..., IndexTensor]) -> Callable[..., IndexTensor]:
    """The sympy column of a running total, from the form that masks an entry by `k <= i`."""

    def column(program: IndexProgram, x: IndexTensor, *, dim: int | None = None) -> IndexTensor:
        number = axis_of(0 if dim is None else dim, len(x.axes))
        if not x.axes or (k := x.axes[number]) is None:
            return x
        i = program.index(k)
        total = form(program, IndexTensor((*x.axes, i), x.entry), fn.less_equal(k, i), number)
        rest = total.axes[:-1]
        return IndexTensor((*rest[:number], i, *rest[number:]), total.entry)

    return column


def _sum(program: IndexProgram, x: IndexTensor, within: sp.Expr, axis: int) -> IndexTensor:
    return program.reduce("sum", IndexTensor(x.axes, x.entry * within), (axis,))


def _product(program: IndexProgram, x: IndexTensor, within: sp.Expr, axis: int) -> IndexTensor:
    return program.reduce("prod", IndexTensor(x.axes, fn.where(within, x.entry, 1)), (axis,))


def _logsumexp(program: IndexProgram, x: IndexTensor, within: sp.Expr, axis: int) -> IndexTensor:
    return program.reduce("logsumexp", IndexTensor(x.axes, fn.where(within, x.entry, -sp.oo)), (axis,))


# fmt: off
OPERATORS = (
    #    name            shape                    torch               form        reference
    scan("cumsum",       sum_dims,                torch.cumsum,       _sum,       reductions.running_sum,
         "The sums of the first one, two, three, ... entries.", ("cumsum(count, 0)*x", "cumsum(mask, 1)*x")),
    scan("cumprod",      sum_dims,                torch.cumprod,      _product,   reductions.running_product,
         "The products of the first one, two, three, ... entries.", ("cumprod(count, 0)*x",)),
    scan("logcumsumexp", only_floating(sum_dims), torch.logcumsumexp, _logsumexp, reductions.running_logsumexp,
         "The logarithms of the running sums of exp.", error_inputs=("logcumsumexp(count, 0)",)),
)
# fmt: on
