"""Elementwise functions of two tensors, which broadcast against each other: angles, lengths, sums of exponentials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
import torch

from ..index_notation import exact
from ..index_notation import functions as fn
from .arithmetic import POWER_DOMAIN
from .elementwise import kinks, log1p
from .kernel_error import EXACT, KernelError
from .lifting import Lifted
from .operator import Operator, ShapeRule
from .reference import scalars, special
from .reference.columns import Elementwise
from .shape_rules import elementwise as shapes
from .shape_rules.common import float_numbers, numbers_to_float, to_float

ANY, POSITIVE, SMALL = (-2.0, 2.0), (0.3, 3.0), (-0.9, 2.0)


# Each function with its derivatives with respect to both operands.
hypot: type[fn.ScalarFunction] = fn.function("hypot", lambda a, b: (a / hypot(a, b), b / hypot(a, b)))
logaddexp = fn.function("logaddexp", lambda a, b: (fn.sigmoid(a - b), fn.sigmoid(b - a)))
logaddexp2 = fn.function("logaddexp2", lambda a, b: (fn.sigmoid(sp.log(2) * (a - b)), fn.sigmoid(sp.log(2) * (b - a))))
copysign: type[fn.ScalarFunction] = fn.function("copysign", lambda a, b: (fn.sign(a) * copysign(1, b), sp.S.Zero))


def _angle_partials(y: sp.Expr, x: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """At the origin, where there is no angle, 0 as in autograd."""
    origin, square = fn.logical_and(fn.equal(x, 0), fn.equal(y, 0)), x**2 + y**2
    return fn.where(origin, 0, x / square), fn.where(origin, 0, -y / square)


atan2 = fn.function("atan2", _angle_partials)


def _xlogy_partials(x: sp.Expr, y: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """The logarithm for x, but 0 where it has no value and x is 0."""
    undefined = fn.logical_and(fn.equal(x, 0), fn.less_equal(y, 0))
    return sp.log(y) if y.is_positive else fn.where(undefined, 0, sp.log(y)), x / y


def _xlog1py_partials(x: sp.Expr, y: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """The logarithm for x, but 0 where it has no value and x is 0."""
    undefined = fn.logical_and(fn.equal(x, 0), fn.less_equal(y, -1))
    return log1p(y) if y.is_positive else fn.where(undefined, 0, log1p(y)), x / (1 + y)


xlogy = fn.function("xlogy", _xlogy_partials)
xlog1py = fn.function("xlog1py", _xlog1py_partials)


def _heaviside(x: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """torch.heaviside, which has no derivative with respect to the values in torch."""
    step = torch.heaviside(x.detach(), torch.zeros((), dtype=x.dtype, device=x.device))
    return torch.where(x == 0, values.to(x.device), step)


def _step(x: sp.Expr, values: sp.Expr) -> sp.Expr:
    return fn.where(fn.equal(x, 0), values, fn.greater(x, 0))


def _between(x: sp.Expr, end: sp.Expr, weight: sp.Expr) -> sp.Expr:
    return exact.plus(x, exact.times(weight, exact.minus(end, x)))


OPERANDS = ("x, y", "x, s", "s, x", "c, r", "o, u", "z, r", "C, w", "x, 2", "0.5, x")
THREE = ("x, y, 0.25", "x, s, y", "c, r, s", "C, w, C", "z, r, 2", "0, x, 0.5", "x, 1.5, c")


def pair(
    name: str,
    torch_column: Callable[..., Any],
    sympy_column: Callable[..., sp.Expr],
    reference: Callable[..., Any],
    shape: ShapeRule,
    interval: tuple[float, float],
    doc: str,
    operands: tuple[str, ...] = OPERANDS,
    **more: Any,
) -> Operator:
    """A function of two tensors, entry by entry; the samples are calls with these operands."""
    fields: dict[str, Any] = {
        "signature": "x, y",
        "error_inputs": tuple(f"{name}({wrong})" for wrong in ("x", "x, B", "x, y, s, s", "x, y, dim=0", "x, 'a'")),
    } | more
    return Operator(
        name=name, family="pairs", shape=shape, torch=torch_column, sympy=Lifted(sympy_column),
        reference=Elementwise(reference), doc=doc, interval=interval,
        samples=tuple(f"{name}({text})" for text in operands), **fields,
    )  # fmt: skip


ORIGIN = "(x == 0) & (y == 0)"

# fmt: off
OPERATORS = (
    #    name           torch                  sympy        reference           shape             interval  doc
    pair("atan2",       torch.atan2,           atan2,       scalars.atan2,      numbers_to_float, ANY,
         "The angle of the point (y, x), from -pi to pi.", signature="y, x", aliases=("arctan2",),
         source="NIST DLMF 4.23(iv)", **kinks((ORIGIN, "0 to each"), ("(y == 0) & (x < 0)", "0 for x, 1/x for y")),
         code_numpy="np.arctan2", kernel_error=KernelError(1.5)),
    pair("hypot",       torch.hypot,           hypot,       scalars.hypot,      float_numbers,    ANY,
         "sqrt(x**2 + y**2), which does not overflow.", **kinks((ORIGIN, "nan"))),
    pair("logaddexp",   torch.logaddexp,       logaddexp,   scalars.logaddexp,  float_numbers,    ANY,
         "log(exp(x) + exp(y)), which does not overflow.", kernel_error=KernelError(1.5, largest=2)),
    pair("logaddexp2",  torch.logaddexp2,      logaddexp2,  scalars.logaddexp2, float_numbers,    ANY,
         "log2(2**x + 2**y), which does not overflow.", kernel_error=KernelError(1, largest=1, one=2)),
    pair("xlogy",       torch.xlogy,           xlogy,       special.xlogy,      to_float,         POSITIVE,
         "x*log(y), and 0 where x is 0.", source="torch.special.xlogy", domain="(y > 0) | (x == 0)",
         **kinks(("(x == 0) & (y <= 0)", "0 for x")), code_torch="torch.special.xlogy", code_numpy="special.xlogy",
         kernel_error=KernelError(1.5)),
    pair("xlog1py",     torch.special.xlog1py, xlog1py,     special.xlog1py,    to_float,         SMALL,
         "x*log(1 + y), and 0 where x is 0.", source="torch.special.xlog1py", domain="(y > -1) | (x == 0)",
         **kinks(("(x == 0) & (y <= -1)", "0 for x")),
         code_torch="torch.special.xlog1py", code_numpy="special.xlog1py", kernel_error=KernelError(2)),
    pair("float_power", torch.float_power,     exact.power, scalars.power,      shapes.float64,   POSITIVE,
         "x to the power of the exponent, in float64.", signature="x, exponent", source="torch.float_power",
         domain=POWER_DOMAIN, **kinks(("(x == 0) & (exponent > 0) & (exponent < 1)", "inf"))),
    pair("fmod",        torch.fmod,            fn.fmod,     scalars.fmod,       float_numbers,    POSITIVE,
         "x - y*trunc(x/y), which has the sign of x; not for two integers.", source="torch.fmod",
         domain="y != 0", **kinks(("x % y == 0", "1 for x, -trunc(x/y) for y")), kernel_error=EXACT),
    pair("copysign",    torch.copysign,        copysign,    scalars.copysign,   to_float,         ANY,
         "The magnitude of x with the sign of y.", source="torch.copysign",
         **kinks(("x == 0", "0"), ("y == 0", "0 for y"))),
    pair("heaviside",   _heaviside,            _step,       scalars.heaviside,  shapes.one_dtype, ANY,
         "0 where x is negative, 1 where it is positive, and `values` where it is zero.",
         signature="x, values", source="torch.heaviside", **kinks(("x == 0", "0 for x, 1 for values"))),
    pair("lerp",        torch.lerp,            _between,    scalars.lerp,       shapes.one_dtype, ANY,
         "x + weight*(end - x).", operands=THREE, signature="x, end, weight", source="torch.lerp"),
)
# fmt: on
