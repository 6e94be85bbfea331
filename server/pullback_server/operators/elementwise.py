"""Elementwise functions of one tensor: powers, exponentials, trigonometric and hyperbolic functions, activations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
import torch
import torch.nn.functional as F

from ..program import DType, TensorType
from . import exact, reals
from . import functions as fn
from .columns import Lifted, Stretched, each
from .operator import Kink, Misfit, Operator, ShapeRule
from .shapes import broadcast, floating, only_floating, without_bools

REAL, POSITIVE, INSIDE, ABOVE, STEEP = (-2.0, 2.0), (0.2, 3.0), (-0.9, 0.9), (1.1, 3.0), (-1.2, 1.2)

_float = floating(broadcast)
_same = broadcast
_real = without_bools(broadcast, "multiply the bool by 1 to make it a number")


def _power(x: TensorType) -> TensorType:
    """As x**2: bools become integers."""
    return broadcast(x, TensorType(DType.INT64, (), weak=True))


def _soft(x: TensorType, *, beta: float, threshold: float) -> TensorType:
    """beta divides, so it is not 0."""
    if not 0 < abs(beta) < float("inf") or threshold != threshold:
        raise Misfit(f"softplus with beta={beta} and threshold={threshold}", "a beta that is finite and not 0")
    return only_floating(broadcast)(x)


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
    """A function of one tensor, entry by entry."""
    names = ("x", "s", "o", "z", "C", "c*r")
    fields: dict[str, Any] = {
        "samples": tuple(f"{name}({x})" for x in names),
        "bad": (f"{name}()", f"{name}(x, y)", f"{name}(x, dim=0)", f"{name}('x')"),
        "sympy": Lifted(sympy_column),
        "signature": "x",
    } | more
    return Operator(
        name=name,
        family="elementwise",
        shape=shape,
        torch=torch_column,
        reference=each(reference),
        doc=doc,
        interval=interval,
        **fields,
    )


SOFTPLUS = ("softplus(x)", "softplus(s)", "softplus(C, 2)", "softplus(x, beta=0.5, threshold=10)", "softplus(z, -1)")
UNFIT_SOFTPLUS = ("softplus()", "softplus(x, 0)", "softplus(x, y)", "softplus(count)", "softplus(x, gamma=1)")


def _times_itself(x: Any) -> Any:
    return x * x


def _inverse(x: Any) -> Any:
    return reals.quotient(1, x)


def _kink(where: str, gives: str) -> dict[str, Any]:
    return {"kinks": (Kink(where, gives),)}


# The interval is where samples are drawn; the domain is where there is a value.
# fmt: off
OPERATORS = (
    #   name          torch             sympy             reference       shape   interval  doc
    row("square",     torch.square,     exact.square,     _times_itself,  _power, REAL,     "x times x."),
    row("reciprocal", torch.reciprocal, exact.reciprocal, _inverse,       _float, POSITIVE, "1/x.", domain="x != 0"),
    row("sqrt",       torch.sqrt,       exact.sqrt,       reals.sqrt,     _float, POSITIVE, "The square root.",
        domain="x >= 0", **_kink("x == 0", "inf")),
    row("abs",        torch.abs,        fn.absolute,      abs,            _real,  REAL,     "The absolute value.",
        aliases=("absolute",), **_kink("x == 0", "0")),
    row("sign",       torch.sign,       fn.sign,          reals.sign,     _same,  REAL,
        "-1, 0 or 1 as x is negative, zero or positive.", aliases=("sgn",), **_kink("x == 0", "0")),

    # Exponentials and logarithms
    row("exp",        torch.exp,        sp.exp,           reals.exp,      _float, REAL,     "e to the power x."),
    row("log",        torch.log,        sp.log,           reals.log,      _float, POSITIVE, "The natural logarithm.",
        aliases=("ln",), domain="x > 0"),

    # Trigonometric functions
    row("sin",        torch.sin,        sp.sin,           reals.sin,      _float, REAL,     "The sine of x radians."),
    row("cos",        torch.cos,        sp.cos,           reals.cos,      _float, REAL,     "The cosine of x radians."),
    row("tan",        torch.tan,        sp.tan,           reals.tan,      _float, STEEP,    "sin(x)/cos(x).",
        domain="cos(x) != 0"),
    row("asin",       torch.asin,       sp.asin,          reals.asin,     _float, INSIDE,
        "The angle in [-pi/2, pi/2] whose sine is x.", aliases=("arcsin",), source="NIST DLMF 4.23",
        domain="abs(x) <= 1", **_kink("abs(x) == 1", "inf")),
    row("acos",       torch.acos,       sp.acos,          reals.acos,     _float, INSIDE,
        "The angle in [0, pi] whose cosine is x.", aliases=("arccos",), source="NIST DLMF 4.23",
        domain="abs(x) <= 1", **_kink("abs(x) == 1", "-inf")),
    row("atan",       torch.atan,       sp.atan,          reals.atan,     _float, REAL,
        "The angle in (-pi/2, pi/2) whose tangent is x.", aliases=("arctan",), source="NIST DLMF 4.23"),

    # Hyperbolic functions
    row("sinh",       torch.sinh,       sp.sinh,          reals.sinh,     _float, REAL,     "(exp(x) - exp(-x))/2."),
    row("cosh",       torch.cosh,       sp.cosh,          reals.cosh,     _float, REAL,     "(exp(x) + exp(-x))/2."),
    row("tanh",       torch.tanh,       sp.tanh,          reals.tanh,     _float, REAL,     "sinh(x)/cosh(x)."),
    row("asinh",      torch.asinh,      sp.asinh,         reals.asinh,    _float, REAL,
        "The number whose sinh is x.", aliases=("arcsinh",), source="NIST DLMF 4.37"),
    row("acosh",      torch.acosh,      sp.acosh,         reals.acosh,    _float, ABOVE,
        "The number from 0 on whose cosh is x.", aliases=("arccosh",), source="NIST DLMF 4.37",
        domain="x >= 1", **_kink("x == 1", "inf")),
    row("atanh",      torch.atanh,      sp.atanh,         reals.atanh,    _float, INSIDE,
        "The number whose tanh is x.", aliases=("arctanh",), source="NIST DLMF 4.37", domain="abs(x) < 1"),

    # Activations, and the error function
    row("sigmoid",    torch.sigmoid,    fn.sigmoid,       reals.sigmoid,  _float, REAL,     "1/(1 + exp(-x)).",
        aliases=("expit",)),
    row("softplus",   F.softplus,       fn.softplus,      reals.softplus, _soft,  REAL,
        "log(1 + exp(beta*x))/beta; torch gives x itself where beta*x is above the threshold.",
        signature="x, beta: number = 1, threshold: number = 20", sympy=Stretched(fn.softplus),
        samples=SOFTPLUS, bad=UNFIT_SOFTPLUS, source="torch.nn.functional.softplus"),
    row("relu",       torch.relu,       fn.relu,          reals.relu,     _real,  REAL,
        "x where it is positive, else 0.", **_kink("x == 0", "0")),
    row("erf",        torch.erf,        sp.erf,           reals.erf,      _float, REAL,
        "The error function, 2/sqrt(pi) times the integral of exp(-t**2) from 0 to x.", source="NIST DLMF 7.2.1"),
)
# fmt: on
