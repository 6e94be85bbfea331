"""Expressions in a JSON form of our own, so that forms travel between processes without pickle."""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy as sp

from ..index_notation import functions
from ..index_notation.expressions import Delta, Entry, MatrixFunctionEntry, Reduction
from ..index_notation.functions import ScalarFunction
from ..operators import BY_FUNCTION
from ..operators.lifting import Lifted

CONSTANTS = {"pi": sp.pi, "E": sp.E, "oo": sp.oo, "-oo": -sp.oo}
_CONSTANT_NAMES = {constant: name for name, constant in CONSTANTS.items()}
#: sympy's own functions that derivatives bring in.
SYMPY = (
    sp.Add, sp.Mul, sp.Pow, sp.exp, sp.log, sp.sin, sp.cos, sp.tan, sp.cot, sp.sec, sp.csc, sp.asin, sp.acos, sp.atan,
    sp.sinh, sp.cosh, sp.tanh, sp.coth, sp.sech, sp.csch, sp.asinh, sp.acosh, sp.atanh, sp.erf,
)  # fmt: skip


@cache
def _classes() -> dict[str, type]:
    rows = (row.sympy.scalar for row in BY_FUNCTION.values() if isinstance(row.sympy, Lifted))
    others = (v for v in vars(functions).values() if isinstance(v, type) and issubclass(v, ScalarFunction))
    return {cls.__name__: cls for cls in (*SYMPY, *rows, *others, MatrixFunctionEntry, Entry, Delta, Reduction)}


def encode(e: sp.Basic) -> Any:
    """The expression as lists, strings and integers."""
    if e.is_Integer:
        return int(e)
    if e.is_Rational:
        return ["/", int(e.p), int(e.q)]
    if isinstance(e, sp.Float):
        return ["float", repr(float(e))]
    if e in _CONSTANT_NAMES:
        return ["constant", _CONSTANT_NAMES[e]]
    if isinstance(e, sp.Symbol):
        return e.name
    head = type(e).__name__
    if isinstance(e, Entry):
        return [head, e.name, *map(encode, e.indices)]
    if isinstance(e, Reduction | MatrixFunctionEntry):
        return [head, e.kind, *map(encode, e.args[1:])]
    if head not in _classes():
        raise ValueError(f"cannot encode {head}")
    return [head, *map(encode, e.args)]


def decode(value: Any) -> sp.Expr:
    """The inverse of `encode`; names of lengths start with n, those of indices with i.

    >>> decode(["Add", ["Entry", "x"], 1])
    Entry(x) + 1
    """
    if isinstance(value, int):
        return sp.Integer(value)
    if isinstance(value, str):
        return sp.Symbol(value, integer=True, **({"positive": True} if value[0] == "n" else {}))
    head, *rest = value
    match head:
        case "/":
            return sp.Rational(*rest)
        case "float":
            return sp.Float(rest[0])
        case "constant":
            return CONSTANTS[rest[0]]
        case "Entry" | "Reduction" | "MatrixFunctionEntry":
            return _classes()[head](rest[0], *map(decode, rest[1:]))
    return _classes()[head](*map(decode, rest))
