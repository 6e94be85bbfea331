"""Elementwise functions of one tensor: powers, exponentials, trigonometric and hyperbolic functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
import torch

from ..index_notation import exact
from ..index_notation import functions as fn
from .kernel_error import EXACT, KernelError
from .lifting import Lifted, WithLiterals
from .operator import Kink, Operator, ShapeRule
from .reference import scalars
from .reference.columns import Elementwise
from .shape_rules import elementwise as shapes
from .shape_rules.common import broadcast, numbers, to_float
from .shape_rules.elementwise import square
from .workspace import of_result

REAL, POSITIVE, INSIDE, ABOVE, STEEP, UNIT = (-2.0, 2.0), (0.2, 3.0), (-0.9, 0.9), (1.1, 3.0), (-1.2, 1.2), (0.0, 0.95)


def row(
    name: str,
    torch_column: Callable[..., Any],
    sympy_column: Callable[..., sp.Expr],
    reference: Callable[..., Any],
    shape: ShapeRule,
    interval: tuple[float, float],
    doc: str,
    **more: Any,
) -> Operator:
    """A function of one tensor, entry by entry; the samples are calls with each of several inputs."""
    names = ("x", "s", "o", "z", "C", "c*r")
    fields: dict[str, Any] = {
        "samples": tuple(f"{name}({x})" for x in names),
        "error_inputs": (f"{name}()", f"{name}(x, y)", f"{name}(x, dim=0)", f"{name}('x')"),
        "signature": "x",
        "family": "elementwise",
    } | more
    return Operator(
        name=name, shape=shape, torch=torch_column,
        sympy=sympy_column if isinstance(sympy_column, Lifted) else Lifted(sympy_column),
        reference=Elementwise(reference), doc=doc, interval=interval, **fields,
    )  # fmt: skip


# Opaque functions, with their derivatives.
expm1 = fn.function("expm1", lambda x: (sp.exp(x),))
log2 = fn.function("log2", lambda x: (1 / (x * sp.log(2)),))
log10 = fn.function("log10", lambda x: (1 / (x * sp.log(10)),))
log1p = fn.function("log1p", lambda x: (1 / (1 + x),))
# At 0 the quotient has no value, and its limit is taken.
sinc: type[fn.ScalarFunction] = fn.function(
    "sinc", lambda x: (fn.where(fn.equal(x, 0), 0, (sp.cos(sp.pi * x) - sinc(x)) / x),)
)


def _logit_partials(x: sp.Expr, eps: sp.Expr | None = None) -> tuple[sp.Expr]:
    """Beyond eps and 1 - eps the slope is 0; on these bounds it is that of x between them, as in autograd."""
    slope = 1 / (x * (1 - x))
    if eps is None:
        return (slope,)
    return (fn.where(fn.logical_and(fn.greater_equal(x, eps), fn.less_equal(x, 1 - eps)), slope, 0),)


logit = fn.function("logit", _logit_partials)


def _rsqrt(x: sp.Expr) -> sp.Expr:
    return exact.reciprocal(exact.sqrt(x))


def _power_of_two(x: sp.Expr) -> sp.Expr:
    return exact.power(sp.Integer(2), x)


def _degrees(x: sp.Expr) -> sp.Expr:
    return exact.times(180 / sp.pi, x)


def _radians(x: sp.Expr) -> sp.Expr:
    return exact.times(sp.pi / 180, x)


def kinks(*conditions: tuple[str, str]) -> dict[str, Any]:
    """The column of kinks: each a condition and what autograd gives there."""
    return {"kinks": tuple(Kink(where, gives) for where, gives in conditions)}


LOGIT = ("logit(x)", "logit(s)", "logit(C)", "logit(z)", "logit(c*r)", "logit(x, 0.1)", "logit(x, eps=0.25)")
WRONG_LOGIT = ("logit()", "logit(x, y)", "logit(x, eps=0.7)", "logit(x, -0.1)", "logit(x, dim=0)")


# The interval is where samples are drawn; the domain is where there is a value.
# fmt: off
OPERATORS = (
    #   name          torch             sympy             reference        shape      interval  doc
    row("square",     torch.square,     exact.square,     scalars.square,  square,    REAL,     "x times x."),
    row("reciprocal", torch.reciprocal, exact.reciprocal, scalars.inverse, to_float,  POSITIVE, "1/x.",
        domain="x != 0"),
    row("sqrt",       torch.sqrt,       exact.sqrt,       scalars.sqrt,    to_float,  POSITIVE, "The square root.",
        domain="x >= 0", **kinks(("x == 0", "inf"))),
    row("rsqrt",      torch.rsqrt,      _rsqrt,           scalars.rsqrt,   to_float,  POSITIVE, "1/sqrt(x).",
        domain="x > 0"),
    row("abs",        torch.abs,        fn.absolute,      abs,             numbers,   REAL,     "The absolute value.",
        aliases=("absolute",), **kinks(("x == 0", "0")), kernel_error=EXACT),
    row("sign",       torch.sign,       fn.sign,          scalars.sign,    broadcast, REAL,
        "-1, 0 or 1 as x is negative, zero or positive.", aliases=("sgn",), **kinks(("x == 0", "0")),
        kernel_error=EXACT),

    # Exponentials and logarithms
    row("exp",        torch.exp,        sp.exp,           scalars.exp,     to_float,  REAL,     "e to the power x."),
    row("exp2",       torch.exp2,       _power_of_two,    scalars.exp2,    to_float,  REAL,     "2 to the power x."),
    row("expm1",      torch.expm1,      expm1,            scalars.expm1,   to_float,  REAL,
        "exp(x) - 1, precise where x is small.", source="NIST DLMF 4.2(iii)", kernel_error=KernelError(1.5)),
    row("log",        torch.log,        sp.log,           scalars.log,     to_float,  POSITIVE,
        "The natural logarithm.", aliases=("ln",), domain="x > 0"),
    row("log2",       torch.log2,       log2,             scalars.log2,    to_float,  POSITIVE,
        "The logarithm to base 2.", domain="x > 0"),
    row("log10",      torch.log10,      log10,            scalars.log10,   to_float,  POSITIVE,
        "The logarithm to base 10.", domain="x > 0"),
    row("log1p",      torch.log1p,      log1p,            scalars.log1p,   to_float,  INSIDE,
        "log(1 + x), precise where x is small.", source="NIST DLMF 4.2(ii)", domain="x > -1"),
    row("logit",      torch.logit,      WithLiterals(logit), scalars.logit, shapes.logit, UNIT,
        "log(x/(1 - x)) for x from 0 to 1, the inverse of the sigmoid; with eps, of x clamped between eps and 1 - eps.",
        signature="x, eps: number = None", domain="(x > 0) & (x < 1)", samples=LOGIT, error_inputs=WRONG_LOGIT,
        source="torch.special.logit",
        **kinks(("x == eps", "the slope above"), ("x == 1 - eps", "the slope below")), code_numpy="special.logit",
        kernel_error=KernelError(1, one=2)),

    # Trigonometric functions
    row("sin",        torch.sin,        sp.sin,           scalars.sin,     to_float,  REAL,
        "The sine of x radians."),
    row("cos",        torch.cos,        sp.cos,           scalars.cos,     to_float,  REAL,
        "The cosine of x radians."),
    row("tan",        torch.tan,        sp.tan,           scalars.tan,     to_float,  STEEP,    "sin(x)/cos(x).",
        domain="cos(x) != 0"),
    row("asin",       torch.asin,       sp.asin,          scalars.asin,    to_float,  INSIDE,
        "The angle in [-pi/2, pi/2] whose sine is x.", aliases=("arcsin",), source="NIST DLMF 4.23",
        domain="abs(x) <= 1", **kinks(("abs(x) == 1", "inf")), code_numpy="np.arcsin", kernel_error=KernelError(1.5)),
    row("acos",       torch.acos,       sp.acos,          scalars.acos,    to_float,  INSIDE,
        "The angle in [0, pi] whose cosine is x.", aliases=("arccos",), source="NIST DLMF 4.23",
        domain="abs(x) <= 1", **kinks(("abs(x) == 1", "-inf")), code_numpy="np.arccos", kernel_error=KernelError(1.5),
        workspace=of_result(1)),
    row("atan",       torch.atan,       sp.atan,          scalars.atan,    to_float,  REAL,
        "The angle in (-pi/2, pi/2) whose tangent is x.", aliases=("arctan",), source="NIST DLMF 4.23",
        code_numpy="np.arctan"),
    row("sinc",       torch.sinc,       sinc,             scalars.sinc,    to_float,  REAL,
        "sin(pi*x)/(pi*x), and 1 at 0.", source="torch.special.sinc", kernel_error=KernelError(1, one=1.5),
        workspace=of_result(1)),
    row("deg2rad",    torch.deg2rad,    _radians,         scalars.radians, to_float,  REAL,     "x degrees in radians.",
        aliases=("radians",)),
    row("rad2deg",    torch.rad2deg,    _degrees,         scalars.degrees, to_float,  REAL,     "x radians in degrees.",
        aliases=("degrees",)),

    # Hyperbolic functions
    row("sinh",       torch.sinh,       sp.sinh,          scalars.sinh,    to_float,  REAL,
        "(exp(x) - exp(-x))/2.", kernel_error=KernelError(2)),
    row("cosh",       torch.cosh,       sp.cosh,          scalars.cosh,    to_float,  REAL,
        "(exp(x) + exp(-x))/2.", kernel_error=KernelError(1.5)),
    row("tanh",       torch.tanh,       sp.tanh,          scalars.tanh,    to_float,  REAL,     "sinh(x)/cosh(x)."),
    row("asinh",      torch.asinh,      sp.asinh,         scalars.asinh,   to_float,  REAL,
        "The number whose sinh is x.", aliases=("arcsinh",), source="NIST DLMF 4.37", code_numpy="np.arcsinh",
        kernel_error=KernelError(1.5)),
    row("acosh",      torch.acosh,      sp.acosh,         scalars.acosh,   to_float,  ABOVE,
        "The nonnegative number whose cosh is x.", aliases=("arccosh",), source="NIST DLMF 4.37",
        domain="x >= 1", **kinks(("x == 1", "inf")), code_numpy="np.arccosh", kernel_error=KernelError(1.5)),
    row("atanh",      torch.atanh,      sp.atanh,         scalars.atanh,   to_float,  INSIDE,
        "The number whose tanh is x.", aliases=("arctanh",), source="NIST DLMF 4.37", domain="abs(x) < 1",
        code_numpy="np.arctanh", kernel_error=KernelError(2)),
)
# fmt: on
