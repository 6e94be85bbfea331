"""How long an expression will be once it is printed, estimated before anything is printed."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from .expressions import Delta, Entry, MatrixFunctionEntry, Reduction, preorder

#: The most characters of a floating-point number.
LONGEST_FLOAT = 24

_NONE: Mapping[str, int] = {}


def estimated_length(e: sp.Expr, written_out: Mapping[str, int] = _NONE) -> int:
    """About how many characters the text of an expression has; entries of the tensors `written_out` have those lengths.

    >>> estimated_length(2 * Entry("x", sp.Symbol("i")))
    6
    """
    return sum(own_length(part, written_out) for part in preorder(e))


def own_length(part: sp.Basic, written_out: Mapping[str, int]) -> int:
    """What a node adds to the lengths of its parts: its name, its symbols, commas and parentheses."""
    match part:
        case Entry():
            if part.name in written_out:
                return written_out[part.name]
            # Definitions are called by internal names, which letters replace.
            return (2 if part.name.startswith("%") else len(part.name)) + _brackets(part.indices)
        case MatrixFunctionEntry():
            # The matrix stands there by its name, as in `inv(X)[i, j]`: its indices, here twice, are not written.
            return len(part.kind) + 2 + _brackets(part.axes) - 4 * len(part.bound) - 1
        case Reduction():
            return len(part.kind) + 2 + _commas(part.args[1:])
        case Delta():
            return len("delta(, )")
        case sp.Symbol():
            return 1
        case sp.Integer():
            return _digits(part.p)
        case sp.Rational():
            return min(_digits(part.p) + 1 + _digits(part.q), LONGEST_FLOAT)
        case sp.Float():
            return len(repr(float(part)))
        case sp.Add():
            return 3 * (len(part.args) - 1)
        case sp.Pow():
            # A quotient has a slash in place of an asterisk, and no exponent.
            return 2 * isinstance(part.base, sp.Add) + (-1 if part.exp == -1 else 2)
        case sp.Mul():
            # A factor that is a sum has parentheses.
            return len(part.args) - 1 + 2 * sum(isinstance(f, sp.Add) for f in part.args)
        case sp.Function():
            return len(type(part).__name__) + 2 + _commas(part.args)
    return 0


def _digits(number: int) -> int:
    return (number < 0) + 1 + abs(number).bit_length() * 3 // 10


def _brackets(indices: tuple[sp.Basic, ...]) -> int:
    return 2 + _commas(indices) if indices else 0


def _commas(parts: tuple[sp.Basic, ...]) -> int:
    return 2 * max(len(parts) - 1, 0)
