"""Variances and standard deviations, as in torch and in NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import sympy as sp
import torch

from ..index_notation import exact
from ..index_notation.index_program import IndexProgram, IndexTensor
from .operator import Kink, NoClosedForm, Operator
from .reductions import mean_form
from .reference import reductions
from .reference.columns import Reduced
from .shape_rules import reductions as shapes
from .shape_rules.common import axes_of
from .shape_rules.reductions import correction_of

TORCH = "x, dim: dims = None, unbiased: flag = None, keepdim: flag = False, correction: number = None"
NUMPY = "x, dim: dims = None, ddof: number = 0, keepdim: flag = False"
SAMPLES = {
    TORCH: ("{0}(x)", "{0}(x, 0)", "{0}(x, 1, False)", "{0}(x, dim=-1, keepdim=True)", "{0}(C, (0, 2))", "{0}(u)",
            "{0}(C, unbiased=True)", "{0}(C, dim=1, correction=0)", "{0}(x, correction=2.5)", "{0}(z, 1)",
            "x/{0}(x, 1, keepdim=True)", "{0}(C, keepdim=True)", "{0}(x*c, 0)"),
    NUMPY: ("{0}(x)", "{0}(x, axis=0)", "{0}(x, axis=1, ddof=1)", "{0}(C, (0, 2), keepdims=True)", "{0}(u)",
            "{0}(z, 1)"),
}  # fmt: skip
WRONG = {
    TORCH: ("{0}()", "{0}(x, 2)", "{0}(count)", "{0}(x, True)", "{0}(x, 0, 1)", "{0}(x, y)",
            "{0}(x, unbiased=True, correction=1)", "{0}(x, 0, correction=3)"),
    NUMPY: ("{0}()", "{0}(x, 2)", "{0}(count)", "{0}(x, ddof=7)", "{0}(x, correction=1)"),
}  # fmt: skip
DOC = "The sum of the squared deviations from the mean over their number less"


def variance(name: str, signature: str, doc: str) -> Operator:
    """A variance; NumPy's is an operator of its own, since its correction has another default."""
    return _moment(name, signature, torch.var, _variance_form, reductions.variance, doc)


def deviation(name: str, signature: str, doc: str) -> Operator:
    """The square root of a variance; where that is 0 it has no derivative."""
    kink = Kink("amax(x) == amin(x)", "0")
    return _moment(name, signature, torch.std, _deviation_form, reductions.deviation, doc, (kink,))


def _moment(
    name: str,
    signature: str,
    function: Callable[..., torch.Tensor],
    form: Callable[..., IndexTensor],
    reference: Callable[..., Any],
    doc: str,
    kinks: tuple[Kink, ...] = (),
) -> Operator:
    return Operator(
        name=name, family="reductions", signature=signature, shape=shapes.variance, torch=_column(function), sympy=form,
        reference=Reduced(lambda values, **arguments: reference(values, correction=correction_of(**arguments))),
        doc=doc, source=f"{'numpy' if signature is NUMPY else 'torch'}.{name.removeprefix('np.')}", kinks=kinks,
        samples=tuple(text.format(name) for text in SAMPLES[signature]),
        error_inputs=tuple(text.format(name) for text in WRONG[signature]), work=shapes.four_passes,
    )  # fmt: skip


def _column(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    def column(x: torch.Tensor, *, dim: Any = None, keepdim: bool = False, **arguments: Any) -> torch.Tensor:
        axes, correction = axes_of(dim, x.dim()), correction_of(**arguments)
        if x.numel() and math.prod(x.shape[k] for k in axes) > correction:
            return function(x, dim=axes, correction=correction, keepdim=keepdim)
        # torch warns where the divisor is 0; the result is nan, or inf where entries differ.
        squares = ((x - x.mean(axes, keepdim=True)) ** 2).sum(axes, keepdim) / 0
        return squares if function is torch.var else squares.sqrt()

    return column


def _variance_form(
    program: IndexProgram, x: IndexTensor, *, dim: Any = None, keepdim: bool = False, **arguments: Any
) -> IndexTensor:
    axes = axes_of(dim, len(x.axes))
    divisor = sp.Mul(*(program.size(x.axes[k]) for k in axes)) - exact.fraction(correction_of(**arguments))
    if all(x.axes[k] is None for k in axes):
        if not divisor.is_positive:
            raise NoClosedForm("a variance of one entry has no closed form unless its correction is below 1")
        return program.elementwise(lambda _: sp.S.Zero, program.reduce("sum", x, axes, keepdim))
    mean = mean_form(program, x, dim=axes, keepdim=True)
    return program.elementwise(lambda e: exact.over(e, divisor), program.squared_deviations(mean, x, axes, keepdim))


def _deviation_form(program: IndexProgram, x: IndexTensor, **arguments: Any) -> IndexTensor:
    return program.norm(program.elementwise(exact.sqrt, program.materialize(_variance_form(program, x, **arguments))))


# fmt: off
OPERATORS = (
    #         name      signature  doc
    variance("var",     TORCH,     f"{DOC} the correction, 1 by default."),
    deviation("std",    TORCH,     "The square root of the variance."),
    variance("np.var",  NUMPY,     f"{DOC} ddof, 0 by default."),
    deviation("np.std", NUMPY,     "The square root of NumPy's variance."),
)
# fmt: on
