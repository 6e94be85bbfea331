"""Reductions over some or all dimensions, and the softmax family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
import torch
from torch.nn import functional as F

from ..index_notation import exact
from ..index_notation import functions as fn
from ..index_notation.index_program import IndexProgram, IndexTensor
from ..program import TensorType
from .lifting import reduction_form
from .operator import Kink, Operator
from .reference import reductions as references
from .reference import scalars
from .reference.columns import AlongDim, Reduced
from .shape_rules import reductions as shapes
from .shape_rules.common import axes_of, sum_dims
from .workspace import of_common_shape

DIMS = ("{0}(x)", "{0}(s)", "{0}(o)", "{0}(x, 0)", "{0}(x, dim=-1, keepdim=True)", "{0}(C, (0, 2))", "{0}(C, dim=1)",
        "x*{0}(g, 0, True)", "{0}(C, keepdim=True)", "{0}(z, 1)", "x/{0}(x*x + 1, -1, True)")  # fmt: skip
WRONG = ("{0}()", "{0}(x, 2)", "{0}(x, (0, 0))", "{0}(x, y)", "{0}(x, dim=0.5)", "{0}(x, keepdim=1)")

TRUTHS = ("where({0}(x > 0), x, y)", "where({0}(x > 0, 1, True), x, y)", "{0}(mask)*x", "{0}(count, 0)*x",
          "where({0}(C > 0, (1, 2), keepdim=True), C, 0)", "{0}(z > 0)*x", "where(~{0}(s > 0) | (x > 1), x, 2*x)",
          "{0}(o > 0)*u", "{0}(x)*x")  # fmt: skip
WRONG_TRUTH = ("{0}()", "{0}(x > 0, 2)", "{0}(mask, (0, 0))", "{0}(mask, y)")


def over_axes(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """A torch column from a function of the axes, counted from 0, and keepdim."""

    def column(x: torch.Tensor, *, dim: Any = None, keepdim: bool = False) -> torch.Tensor:
        return function(x, axes_of(dim, x.dim()), keepdim)

    return column


def reduction(
    name: str,
    torch_column: Callable[..., torch.Tensor],
    sympy_column: Callable[..., IndexTensor],
    reference: Callable[..., Any],
    shape: Callable[..., TensorType],
    doc: str,
    samples: tuple[str, ...] = (),
    error_inputs: tuple[str, ...] = (),
    **more: Any,
) -> Operator:
    """A reduction over `dim`, all dimensions by default, which stay as length 1 with `keepdim`."""
    return Operator(
        name=name, family="reductions", signature="x, dim: dims = None, keepdim: flag = False", shape=shape,
        torch=over_axes(torch_column), sympy=sympy_column, reference=Reduced(reference), doc=doc,
        samples=tuple(text.format(name) for text in DIMS) + samples,
        error_inputs=tuple(text.format(name) for text in WRONG) + error_inputs, **more,
    )  # fmt: skip


def quantifier(
    name: str, torch_column: Callable[..., torch.Tensor], kind: str, reference: Callable[..., Any], doc: str
) -> Operator:
    """Whether all or some of the entries over `dim` hold; an entry holds where it is not zero."""
    return Operator(
        name=name, family="reductions", signature="x, dim: dims = None, keepdim: flag = False", shape=shapes.quantifier,
        torch=over_axes(torch_column), sympy=_quantifier_form(kind), reference=Reduced(reference), doc=doc,
        samples=tuple(text.format(name) for text in TRUTHS),
        error_inputs=tuple(text.format(name) for text in WRONG_TRUTH),
    )  # fmt: skip


def along_dim(
    name: str,
    torch_column: Callable[..., torch.Tensor],
    sympy_column: Callable[..., IndexTensor],
    reference: Callable[[list[Any]], list[Any]],
    doc: str,
) -> Operator:
    """A function of each line along `dim`, the last by default, that keeps the shape."""
    texts = ("{0}(x)", "{0}(s)", "{0}(o)", "{0}(C, 1)", "{0}(x, dim=0)", "{0}(c)", "{0}(z)", "{0}(z, 0)", "{0}(x)*y")
    wrong = ("{0}()", "{0}(x, 2)", "{0}(x, (0, 1))", "{0}(x, y)", "{0}(count)", "{0}(x, dim=None)")
    return Operator(
        name=name, family="reductions", signature="x, dim: dim = -1", shape=shapes.softmax, torch=torch_column,
        sympy=sympy_column, reference=AlongDim(reference), doc=doc, samples=tuple(text.format(name) for text in texts),
        error_inputs=tuple(text.format(name) for text in wrong), work=shapes.four_passes,
    )  # fmt: skip


# The torch column, as functions of the axes, counted from 0, and keepdim.


def _prod(x: torch.Tensor, axes: tuple[int, ...], keepdim: bool) -> torch.Tensor:
    """torch.prod takes one dimension at a time."""
    if len(axes) == x.dim() and not keepdim:
        return torch.prod(x)
    for axis in sorted(axes, reverse=True):
        x = torch.prod(x, axis, keepdim)
    return x


def _truth(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """torch.all and torch.any, which would give uint8 for uint8."""
    return lambda x, axes, keepdim: function(x != 0, axes, keepdim) if x.dim() else x != 0


# The sympy column.


def mean_form(program: IndexProgram, x: IndexTensor, *, dim: Any = None, keepdim: bool = False) -> IndexTensor:
    """The sum over the number of entries."""
    axes = axes_of(dim, len(x.axes))
    count = sp.Mul(*(program.size(x.axes[k]) for k in axes))
    total = program.reduce("sum", x, axes, keepdim)
    return program.elementwise(lambda entry: exact.over(entry, count), total)


def _quantifier_form(kind: str) -> Callable[..., IndexTensor]:
    """Whether a reduction of conditions, each 1 or 0, is not zero."""

    def column(program: IndexProgram, x: IndexTensor, *, dim: Any = None, keepdim: bool = False) -> IndexTensor:
        total = reduction_form(kind)(program, program.elementwise(fn.truth, x), dim=dim, keepdim=keepdim)
        return program.elementwise(fn.truth, total)

    return column


def log_softmax_form(program: IndexProgram, x: IndexTensor, *, dim: int = -1) -> IndexTensor:
    """An entry minus the log-sum-exp of its line."""
    x = program.materialize(x)
    level = program.reduce("logsumexp", x, axes_of(dim, len(x.axes)), keepdim=True)
    return program.elementwise(exact.minus, x, level)


def softmax_form(program: IndexProgram, x: IndexTensor, *, dim: int = -1) -> IndexTensor:
    """exp of log_softmax, as a definition."""
    return program.materialize(program.elementwise(sp.exp, log_softmax_form(program, x, dim=dim)))


def _softmin_form(program: IndexProgram, x: IndexTensor, *, dim: int = -1) -> IndexTensor:
    return softmax_form(program, program.elementwise(lambda e: -e, x), dim=dim)


TIES = "1/k to each of the k that tie"
LARGEST, SMALLEST = (Kink("sum(x == amax(x)) > 1", TIES),), (Kink("sum(x == amin(x)) > 1", TIES),)
# fmt: off
OPERATORS = (
    #         name         torch            sympy                        reference          shape
    reduction("sum",       torch.sum,       reduction_form("sum"),       scalars.add_up,    sum_dims,
              "The sum; 0 of no entries.", ("sum(count)*x", "sum(mask, 1)", "sum(z)"), ("sum(x, 0, 1)",)),
    reduction("mean",      torch.mean,      mean_form,                   scalars.mean,      shapes.mean,
              "The mean; nan of no entries.", ("mean(x.T)",), ("mean(count)",)),
    reduction("prod",      _prod,           reduction_form("prod"),      scalars.product,   sum_dims,
              "The product; 1 of no entries.", ("prod(count)*x", "prod(z)"), ("prod(x, 0, 1)",),
              workspace=of_common_shape(2)),
    reduction("amax",      torch.amax,      reduction_form("max"),       scalars.largest,   shapes.extreme,
              "The largest entry.", ("amax(count)*x",), ("amax(z)", "amax(z, 0)"), kinks=LARGEST),
    reduction("amin",      torch.amin,      reduction_form("min"),       scalars.smallest,  shapes.extreme,
              "The smallest entry.", ("amin(count)*x",), ("amin(z)", "amin(z, 0)"), kinks=SMALLEST),
    reduction("logsumexp", torch.logsumexp, reduction_form("logsumexp"), scalars.logsumexp, shapes.logsumexp,
              "log(sum(exp(x))) without overflow; -inf of no entries.", ("logsumexp(z)",), source="NIST DLMF 4.2",
              workspace=of_common_shape(1)),

    #          name   torch              sympy   reference         doc
    quantifier("all", _truth(torch.all), "prod", references.every, "Whether none is false, or zero."),
    quantifier("any", _truth(torch.any), "sum",  references.some,  "Whether at least one is true, or not zero."),

    #         name           torch              sympy             reference               doc
    along_dim("softmax",     torch.softmax,     softmax_form,     references.softmax,     "exp(x)/sum(exp(x))."),
    along_dim("log_softmax", torch.log_softmax, log_softmax_form, references.log_softmax, "log(softmax(x))."),
    along_dim("softmin",     F.softmin,         _softmin_form,    references.softmin,     "softmax(-x)."),
)
# fmt: on
