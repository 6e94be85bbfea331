"""The words of index notation, as text and as LaTeX, and what its printers ask of an expression."""

from __future__ import annotations

import sympy as sp

from ...index_notation.expressions import Entry, MatrixFunctionEntry

#: What stands around an operand in LaTeX.
BARS = {"abs": ("|", "|"), "ceil": (r"\lceil ", r"\rceil ")}


def matrix(e: MatrixFunctionEntry) -> tuple[Entry, tuple[sp.Expr, ...], bool]:
    """The matrix that a function is of: an entry of its tensor, the indices before its own, and whether it is turned.

    Raises ValueError where it has no name of its own.
    """
    if isinstance(e.body, Entry) and len(e.body.indices) >= 2:
        *batch, first, second = e.body.indices
        # An axis of length 1 stands there as 0.
        rows, columns = ({k, sp.S.Zero} if not e.body.has(k) else {k} for k in e.bound)
        if first in rows and second in columns:
            return e.body, tuple(batch), False
        if first in columns and second in rows:
            return e.body, tuple(batch), True
    raise ValueError("a function of a matrix without a name")


def divided(e: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """What a quotient or a remainder of index arithmetic divides, and by what: `p // 3`, `p % 3`."""
    name = type(e).__name__
    if name not in ("floor", "remainder") or e.has(Entry):
        return None
    a, b = e.args[0].as_numer_denom() if name == "floor" else e.args
    return (a, b) if a.free_symbols and b.is_Integer and b > 1 else None
