"""How long an expression will be once it is printed, estimated before anything is printed."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from .expressions import Delta, Entry, MatrixFunctionEntry, Reduction, preorder

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
            return (2 if part.name.startswith("%") else len(part.name)) + 2 * bool(part.indices) + _commas(part.indices)
        case Reduction() | MatrixFunctionEntry():
            return len(part.kind) + 2 + _commas(part.args[1:])
        case Delta():
            return len("delta(, )")
        case sp.Symbol():
            return 1
        case sp.Integer():
            return len(str(part.p)) if abs(part.p) < 10**30 else part.p.bit_length() // 3
        case sp.Rational():
            return 8
        case sp.Number():
            return 10
        case sp.Add() | sp.Pow():
            return 3 * (len(part.args) - 1)
        case sp.Mul():
            # A factor that is a sum has parentheses.
            return len(part.args) - 1 + 2 * sum(isinstance(f, sp.Add) for f in part.args)
        case sp.Function():
            return len(type(part).__name__) + 2 + _commas(part.args)
    return 0


def _commas(parts: tuple[sp.Basic, ...]) -> int:
    return 2 * max(len(parts) - 1, 0)
