"""Arithmetic with broadcasting, comparisons, and the logic of conditions."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import sympy as sp
import torch

from ..index_notation import exact
from ..index_notation import functions as fn
from .kernel_error import EXACT, KernelError
from .lifting import Lifted
from .operator import Kink, Operator, ShapeRule
from .reference import scalars
from .reference.columns import Elementwise
from .shape_rules.common import boolean, broadcast, float_result, numbers, numeric, only_bools, to_float

POSITIVE = (0.3, 3.0)

_sum = numeric(broadcast, "of two bools write a | b, or multiply one by 1 to count")
_condition = only_bools(broadcast)


def _modulo(x: Any, y: Any) -> torch.Tensor:
    """torch cannot differentiate the remainder of a Python number and a tensor, so the number becomes a tensor."""
    if not isinstance(x, torch.Tensor):
        x = torch.full((), x, dtype=torch.result_type(x, y), device=y.device)
    return torch.remainder(x, y)


PAIRS = ("x {0} y", "x {0} s", "s {0} x", "c {0} r", "o {0} u", "z {0} r", "g {0} C", "C {0} w", "count {0} x")
WRONG = ("{0}(x)", "{0}(x, y, s)", "{0}(x, B)", "{0}(x, z)", "{0}(x, 'a')")


def binary(
    symbol: str,
    name: str,
    torch_column: Callable[..., Any],
    sympy_column: Callable[..., sp.Expr],
    reference: Callable[..., Any],
    shape: ShapeRule,
    doc: str,
    samples: tuple[str, ...],
    **more: Any,
) -> Operator:
    """An operator between two tensors or numbers."""
    fields: dict[str, Any] = {
        "signature": "x, y",
        "numbers": True,
        "error_inputs": tuple(text.format(name) for text in WRONG),
    } | more
    return Operator(
        name=name, family="arithmetic", symbol=symbol, shape=shape, torch=torch_column, sympy=Lifted(sympy_column),
        reference=Elementwise(reference), doc=doc, samples=samples, **fields,
    )  # fmt: skip


def arithmetic(symbol: str, name: str, *columns: Any, more_samples: tuple[str, ...] = (), **more: Any) -> Operator:
    """One of + - * / ** %, with samples of its own."""
    samples = tuple(pair.format(symbol) for pair in (*PAIRS, "x {0} 2", "0.5 {0} x"))
    torch_column, sympy_column, reference, shape, doc = columns
    return binary(symbol, name, torch_column, sympy_column, reference, shape, doc, (*samples, *more_samples), **more)


def comparison(
    symbol: str, name: str, relation: Callable[..., Any], step: type, doc: str, aliases: tuple[str, ...]
) -> Operator:
    """A relation: bool in torch, a step between 0 and 1 in the other columns."""
    pairs = ("x {0} y", "x {0} s", "c {0} r", "x {0} 0", "1 {0} count")
    samples = tuple(f"({pair})*x".format(symbol) for pair in pairs)
    return binary(
        symbol, name, relation, step, scalars.indicator(relation), boolean(broadcast), doc,
        (*samples, f"(z {symbol} r)*z"), aliases=aliases, kinks=(Kink("x == y", "0"),),
        kernel_error=EXACT,
    )  # fmt: skip


def connective(
    symbol: str, name: str, torch_column: Callable[..., Any], step: type, reference: Callable[..., Any], doc: str
) -> Operator:
    """`&` or `|` between two conditions, which torch has for tensors only."""
    samples = ("(x > 0) {0} (y > 0)", "mask {0} (x < s)", "(c > 0) {0} (r > 0)", "mask {0} (s > 0)", "(x > 0) {0} True")
    return binary(
        symbol, name, torch_column, step, scalars.indicator(reference), _condition, doc,
        tuple(f"({text})*x".format(symbol) for text in samples), numbers=False,
        error_inputs=(f"{name}(mask)", f"mask {symbol} x", f"count {symbol} mask", f"mask {symbol} (B > 0)"),
        kernel_error=EXACT,
    )  # fmt: skip


def prefix(
    symbol: str,
    name: str,
    torch_column: Callable[..., Any],
    sympy_column: Callable[..., sp.Expr],
    reference: Callable[..., Any],
    doc: str,
    **more: Any,
) -> Operator:
    """A sign or `~` in front of one operand."""
    fields: dict[str, Any] = {
        "shape": numbers,
        "samples": tuple(f"{symbol}{operand}" for operand in ("x", "s", "C", "z", "count*x", "x**2.0")),
        "error_inputs": (f"{name}()", f"{name}(x, y)", f"{symbol}mask", f"{name}('x')"),
    } | more
    return Operator(
        name=name, family="arithmetic", signature="x", symbol=symbol, torch=torch_column, sympy=Lifted(sympy_column),
        reference=Elementwise(reference), doc=doc, kernel_error=EXACT, **fields,
    )  # fmt: skip


POWER_DOMAIN = "(x > 0) | ((x == 0) & (exponent >= 0)) | ((x < 0) & (exponent % 1 == 0))"
POWER_SAMPLES = ("x ** 3", "x ** -2", "x ** 0.5", "x ** (1/3)", "x ** 70", "(2*x) ** s", "2 ** x", "x ** x")

# fmt: off
OPERATORS = (
    # symbol     name             torch              sympy         reference          shape         doc
    arithmetic("+",  "add",       operator.add,      exact.plus,   operator.add,      _sum,         "The sum.",
               error_inputs=(*(t.format("add") for t in WRONG), "mask + mask")),
    arithmetic("-",  "sub",       operator.sub,      exact.minus,  operator.sub,      numbers,      "The difference.",
               error_inputs=(*(t.format("sub") for t in WRONG), "x - mask"), aliases=("subtract",)),
    arithmetic("*",  "mul",       operator.mul,      exact.times,  operator.mul,      broadcast,    "The product.",
               aliases=("multiply",), more_samples=("mask*x",)),
    arithmetic("/",  "div",       operator.truediv,  exact.over,   scalars.quotient,  to_float,     "The quotient.",
               aliases=("divide", "true_divide"), more_samples=("count/2*x",), domain="y != 0", interval=POSITIVE),
    arithmetic("**", "pow",       operator.pow,      exact.power,  scalars.power,     float_result,
               "x to the power of the exponent; not for two integers.",
               signature="x, exponent", aliases=("power",), more_samples=POWER_SAMPLES, interval=POSITIVE,
               error_inputs=(*(t.format("pow") for t in WRONG), "count ** 2", "count ** count"),
               source="NIST DLMF 4.2(iv)", domain=POWER_DOMAIN,
               kinks=(Kink("(x == 0) & (exponent > 0) & (exponent < 1)", "inf"),), kernel_error=KernelError(1.5)),
    arithmetic("%",  "remainder", _modulo,           fn.remainder, scalars.remainder, float_result,
               "x - y*floor(x/y), which has the sign of y; not for two integers.",
               aliases=("mod",), more_samples=("x % -0.7", "(-x) % y"), interval=POSITIVE,
               error_inputs=(*(t.format("remainder") for t in WRONG), "count % 2"),
               domain="y != 0", kinks=(Kink("x % y == 0", "1 for x, -floor(x/y) for y"),)),

    # symbol name              torch              sympy         reference      doc
    prefix("-", "neg",         torch.neg,         lambda x: -x, operator.neg,  "The negative.",
           aliases=("negative",)),
    prefix("+", "positive",    torch.positive,    lambda x: x,  lambda x: x,   "The operand itself."),

    # symbol     name  relation     step              doc                             aliases
    comparison(">",  "gt", operator.gt, fn.greater,       "Whether x is greater than y.", ("greater",)),
    comparison(">=", "ge", operator.ge, fn.greater_equal, "Whether x is at least y.",     ("greater_equal",)),
    comparison("<",  "lt", operator.lt, fn.less,          "Whether x is less than y.",    ("less",)),
    comparison("<=", "le", operator.le, fn.less_equal,    "Whether x is at most y.",      ("less_equal",)),
    comparison("==", "eq", operator.eq, fn.equal,         "Whether the two are equal.",   ()),
    comparison("!=", "ne", operator.ne, fn.not_equal,     "Whether the two differ.",      ("not_equal",)),

    # symbol    name               torch              step            reference                doc
    connective("&", "bitwise_and", torch.logical_and, fn.logical_and, lambda a, b: a and b,    "Whether both hold."),
    connective("|", "bitwise_or",  torch.logical_or,  fn.logical_or,  lambda a, b: a or b,     "Whether either holds."),
    prefix(    "~", "bitwise_not", torch.logical_not, fn.logical_not, scalars.indicator(operator.not_),
           "Whether the operand does not hold.", shape=_condition,
           samples=("(~mask)*x", "(~(x > 0))*x", "(~(s > 0))*s", "(~(z > 0))*z"),
           error_inputs=("~x", "~count", "bitwise_not()", "bitwise_not(mask, mask)")),
)
# fmt: on
