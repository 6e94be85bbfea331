"""Tests of single entries, and the logic of numbers, where every number except 0 counts as true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
import torch

from ..index_notation import functions as fn
from .kernel_error import EXACT
from .lifting import Lifted
from .operator import Kink, Operator
from .reference import scalars
from .reference.columns import Elementwise
from .shape_rules.common import boolean, broadcast

#: Operands of the samples, each of which chooses between two values.
ONE = ("x", "s", "c*r", "z", "count")
TWO = ("x, y", "x > 0, r", "s, count", "z, r > 0", "mask, 1")


def condition(
    name: str,
    torch_column: Callable[..., torch.Tensor],
    sympy_column: Callable[..., sp.Expr],
    holds: Callable[..., Any],
    doc: str,
    *jumps: str,
    signature: str = "x",
) -> Operator:
    """Bool in torch, a step between 0 and 1 in the other columns, with jumps where these conditions hold."""
    calls = [f"{name}({operands})" for operands in (ONE if signature == "x" else TWO)]
    return Operator(
        name=name, family="conditions", signature=signature, shape=boolean(broadcast), torch=torch_column,
        sympy=Lifted(sympy_column), reference=Elementwise(scalars.indicator(holds)), doc=doc,
        kinks=tuple(Kink(where, "0") for where in jumps),
        samples=(*(f"where({call}, 2*r, r**2)" for call in calls), *(f"{call}*x" for call in calls[:2])),
        error_inputs=(f"{name}()", f"{name}(x, dim=0)", f"{name}(x, y, s)", f"{name}('x')"), kernel_error=EXACT,
    )  # fmt: skip


def _and(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    return fn.logical_and(fn.truth(a), fn.truth(b))


def _or(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    return fn.logical_or(fn.truth(a), fn.truth(b))


def _xor(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    return fn.logical_xor(fn.truth(a), fn.truth(b))


def _not(a: sp.Expr) -> sp.Expr:
    return fn.logical_not(a) if isinstance(a, fn.CONDITIONS) else fn.equal(a, 0)


# fmt: off
OPERATORS = (
    #         name           torch              sympy        holds                    doc
    condition("isnan",       torch.isnan,       fn.isnan,    scalars.isnan,           "Whether x is NaN."),
    condition("isinf",       torch.isinf,       fn.isinf,    scalars.isinf,           "Whether x is inf or -inf."),
    condition("isfinite",    torch.isfinite,    fn.isfinite, scalars.isfinite,        "Whether x is finite."),
    condition("isposinf",    torch.isposinf,    fn.isposinf, scalars.isposinf,        "Whether x is inf."),
    condition("isneginf",    torch.isneginf,    fn.isneginf, scalars.isneginf,        "Whether x is -inf."),
    condition("signbit",     torch.signbit,     fn.signbit,  lambda x: x < 0,         "Whether x has a minus sign.",
              "x == 0"),
    condition("logical_not", torch.logical_not, _not,        lambda x: not x,         "Whether x is zero.",
              "x == 0"),
    condition("logical_and", torch.logical_and, _and,        lambda x, y: x and y,    "Whether neither is zero.",
              "x == 0", "y == 0", signature="x, y"),
    condition("logical_or",  torch.logical_or,  _or,         lambda x, y: x or y,
              "Whether at least one is not zero.", "x == 0", "y == 0", signature="x, y"),
    condition("logical_xor", torch.logical_xor, _xor,        lambda x, y: bool(x) != bool(y),
              "Whether exactly one is not zero.", "x == 0", "y == 0", signature="x, y"),
)
# fmt: on
