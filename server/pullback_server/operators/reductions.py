"""Reductions over some or all dimensions, and the softmax family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
import torch

from ..program import TensorType
from . import exact, reals
from . import functions as fn
from .columns import Objects, along, reduced
from .index import IndexTensor, Pieces
from .operator import Kink, Misfit, Operator
from .shapes import axes_of, axis_of, floating, nonempty, only_floating, reduction, summed

DIMS = ("{0}(x)", "{0}(s)", "{0}(o)", "{0}(x, 0)", "{0}(x, dim=-1, keepdim=True)", "{0}(C, (0, 2))", "{0}(C, dim=1)",
        "x*{0}(g, 0, True)", "{0}(C, keepdim=True)", "{0}(z, 1)", "x/{0}(x*x + 1, -1, True)")  # fmt: skip
UNFIT = ("{0}()", "{0}(x, 2)", "{0}(x, (0, 0))", "{0}(x, y)", "{0}(x, dim=0.5)", "{0}(x, keepdim=1)")


def _four_passes(_: TensorType, x: TensorType) -> int:
    return 4 * x.elements


def reducing(
    name: str,
    torch_column: Callable[..., torch.Tensor],
    sympy_column: Callable[..., IndexTensor],
    reference: Callable[..., Any],
    shape: Callable[..., TensorType],
    doc: str,
    samples: tuple[str, ...] = (),
    bad: tuple[str, ...] = (),
    kinks: tuple[Kink, ...] = (),
    aliases: tuple[str, ...] = (),
    source: str = "",
) -> Operator:
    """A reduction over `dim`, all dimensions by default, which stay as length 1 with `keepdim`."""

    def over_axes(x: torch.Tensor, *, dim: Any = None, keepdim: bool = False) -> torch.Tensor:
        return torch_column(x, axes_of(dim, x.dim()), keepdim)

    return Operator(
        name=name,
        family="reductions",
        signature="x, dim: dims = None, keepdim: flag = False",
        shape=shape,
        torch=over_axes,
        sympy=sympy_column,
        reference=along(reference),
        doc=doc,
        samples=tuple(text.format(name) for text in DIMS) + samples,
        bad=tuple(text.format(name) for text in UNFIT) + bad,
        kinks=kinks,
        aliases=aliases,
        source=source,
    )


def normalising(
    name: str,
    torch_column: Callable[..., torch.Tensor],
    sympy_column: Callable[..., IndexTensor],
    reference: Callable[[list[Any]], list[Any]],
    doc: str,
) -> Operator:
    """A function of each line along `dim`, the last by default, that keeps the shape."""
    texts = ("{0}(x)", "{0}(s)", "{0}(o)", "{0}(C, 1)", "{0}(x, dim=0)", "{0}(c)", "{0}(z)", "{0}(z, 0)", "{0}(x)*y")
    unfit = ("{0}()", "{0}(x, 2)", "{0}(x, (0, 1))", "{0}(x, y)", "{0}(count)", "{0}(x, dim=None)")
    return Operator(
        name=name,
        family="reductions",
        signature="x, dim: dim = -1",
        shape=_line_by_line,
        torch=torch_column,
        sympy=sympy_column,
        reference=_lines(reference),
        doc=doc,
        samples=tuple(text.format(name) for text in texts),
        bad=tuple(text.format(name) for text in unfit),
        work=_four_passes,
    )


# Shape rules.
_mean, _extreme, _floating = only_floating(reduction), nonempty(reduction), floating(reduction)


def _line_by_line(x: TensorType, *, dim: int) -> TensorType:
    axis_of(dim, x.rank)
    return only_floating(lambda t: t)(x)


def _norm_shape(x: TensorType, *, p: float | str | None, dim: Any = None, keepdim: bool = False) -> TensorType:
    """p is positive; the largest of nothing is not defined."""
    if not _order(p) > 0:
        raise Misfit(f"norm with p={p}", "a positive number, inf or 'fro'")
    rule = nonempty(reduction) if _order(p) == float("inf") else reduction
    return only_floating(rule)(x, dim=dim, keepdim=keepdim)


def _order(p: float | str | None) -> float:
    """The order of a norm as a number; 0 where it is none over the entries of a tensor."""
    return 2 if p in (None, "fro") else 0 if isinstance(p, str) or p is None else p


# The torch column, told the axes from 0 and keepdim.


def _prod(x: torch.Tensor, axes: tuple[int, ...], keepdim: bool) -> torch.Tensor:
    """torch.prod takes one dimension at a time."""
    if len(axes) == x.dim() and not keepdim:
        return torch.prod(x)
    for axis in sorted(axes, reverse=True):
        x = torch.prod(x, axis, keepdim)
    return x


def _norm_over(x: torch.Tensor, *, p: float | str | None = 2, dim: Any = None, keepdim: bool = False) -> torch.Tensor:
    norm: torch.Tensor = torch.linalg.vector_norm(x, _order(p), axes_of(dim, x.dim()), keepdim)
    return norm


# The sympy column.


def _mean_form(pieces: Pieces, x: IndexTensor, *, dim: Any = None, keepdim: bool = False) -> IndexTensor:
    axes = axes_of(dim, len(x.axes))
    count = sp.Mul(*(pieces.size(x.axes[k]) for k in axes))
    total = pieces.reduce("sum", x, axes, keepdim)
    return pieces.elementwise(lambda entry: exact.over(entry, count), total)


def _norm_form(
    pieces: Pieces, x: IndexTensor, *, p: float | str | None, dim: Any = None, keepdim: bool = False
) -> IndexTensor:
    axes, order = axes_of(dim, len(x.axes)), exact.fraction(_order(p))
    absolute = pieces.elementwise(fn.absolute, x)
    if order in (1, sp.oo) or all(x.axes[k] is None for k in axes):
        return pieces.reduce("sum" if order == 1 else "max", absolute, axes, keepdim)
    terms = pieces.elementwise(lambda entry: exact.power(entry, order), x if order.is_even else absolute)
    total = pieces.reduce("sum", terms, axes, keepdim)
    return pieces.named(pieces.elementwise(lambda entry: exact.power(entry, 1 / order), total))


def _log_softmax_form(pieces: Pieces, x: IndexTensor, *, dim: int = -1) -> IndexTensor:
    x = pieces.named(x)
    level = pieces.reduce("logsumexp", x, axes_of(dim, len(x.axes)), keepdim=True)
    return pieces.elementwise(exact.minus, x, level)


def _softmax_form(pieces: Pieces, x: IndexTensor, *, dim: int = -1) -> IndexTensor:
    return pieces.named(pieces.elementwise(sp.exp, _log_softmax_form(pieces, x, dim=dim)))


# The reference column of what keeps the shape.


def _lines(function: Callable[[list[Any]], list[Any]]) -> Callable[..., Objects]:
    def reference(x: Objects, *, dim: int = -1) -> Objects:
        x = np.asarray(x, dtype=object)
        lines = np.moveaxis(x, dim, -1) if x.ndim else x.reshape(1)
        out = np.empty(lines.shape, dtype=object)
        for index in np.ndindex(lines.shape[:-1]):
            out[index] = np.array([*function(list(lines[index])), None], dtype=object)[:-1]
        return np.moveaxis(out, -1, dim) if x.ndim else out.reshape(())

    return reference


def _log_softmax_line(values: list[Any]) -> list[Any]:
    level = reals.logsumexp(values)
    return [v - level for v in values]


def _softmax_line(values: list[Any]) -> list[Any]:
    return [reals.exp(v) for v in _log_softmax_line(values)]


NORM = "x, p: order = 2, dim: dims = None, keepdim: flag = False"
NORMS = ("norm(x)", "norm(s)", "norm(o)", "norm(x, 1)", "norm(x, inf, 0)", "norm(x, 3, dim=1)", "norm(x, p=1.5)",
         "norm(x, dim=0, keepdim=True)", "norm(C, 2, (0, -1))", "norm(C, 'fro')", "norm(C, 4, 1, True)", "norm(z)",
         "norm(z, inf, 1)", "x*norm(g, 2, 0, True)", "norm(c, 2, 1)")  # fmt: skip
UNFIT_NORM = ("norm()", "norm(x, 0)", "norm(x, -1)", "norm(x, 'nuc')", "norm(x, 2, 2)", "norm(count)", "norm(z, inf)",
              "norm(x, y)")  # fmt: skip
TIES = "1/k to each of the k that tie"
LARGEST, SMALLEST = (Kink("sum(x == amax(x)) > 1", TIES),), (Kink("sum(x == amin(x)) > 1", TIES),)

# fmt: off
OPERATORS = (
    #        name         torch            sympy                 reference        shape     doc
    reducing("sum",       torch.sum,       reduced("sum"),       reals.add_up,    summed,   "The sum; 0 of nothing.",
             ("sum(count)*x", "sum(mask, 1)", "sum(z)"), ("sum(x, 0, 1)",)),
    reducing("mean",      torch.mean,      _mean_form,           reals.mean,      _mean,    "The mean; nan of nothing.",
             ("mean(x.T)",), ("mean(count)",)),
    reducing("prod",      _prod,           reduced("prod"),      reals.product,   summed,
             "The product; 1 of nothing.", ("prod(count)*x", "prod(z)"), ("prod(x, 0, 1)",)),
    reducing("amax",      torch.amax,      reduced("max"),       reals.largest,   _extreme, "The largest entry.",
             ("amax(count)*x",), ("amax(z)", "amax(z, 0)"), aliases=("max",), kinks=LARGEST),
    reducing("amin",      torch.amin,      reduced("min"),       reals.smallest,  _extreme, "The smallest entry.",
             ("amin(count)*x",), ("amin(z)", "amin(z, 0)"), aliases=("min",), kinks=SMALLEST),
    reducing("logsumexp", torch.logsumexp, reduced("logsumexp"), reals.logsumexp, _floating,
             "log(sum(exp(x))) without overflow; -inf of nothing.", ("logsumexp(z)",),
             source="NIST DLMF 4.2"),
    Operator(
        name="norm", family="reductions", signature=NORM, shape=_norm_shape,
        torch=_norm_over, sympy=_norm_form, reference=along(reals.norm),
        doc="The p-th root of the sum of abs(x)**p; the largest abs(x) where p is inf; 'fro' is 2.",
        source="torch.linalg.vector_norm",
        kinks=(Kink("norm(x) == 0", "0"),),
        samples=NORMS, bad=UNFIT_NORM,
    ),
    #           name           torch              sympy              reference          doc
    normalising("softmax",     torch.softmax,     _softmax_form,     _softmax_line,     "exp(x)/sum(exp(x))."),
    normalising("log_softmax", torch.log_softmax, _log_softmax_form, _log_softmax_line, "log(softmax(x))."),
)
# fmt: on
