"""Names, axes of length 1, and forms of expressions that the writers of several notations need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count

import sympy as sp

from ...index_notation.expressions import Entry, MatrixFunctionEntry
from ...index_notation.index_program import Axes
from ..lowering.plan import Source

#: Functions that sympy's derivatives bring in, as one over another function.
RECIPROCALS = {"cot": "tan", "sec": "cos", "csc": "sin", "coth": "tanh", "sech": "cosh", "csch": "sinh"}
#: Brackets around an operand in LaTeX.
BARS = {"abs": ("|", "|"), "ceil": (r"\lceil ", r"\rceil ")}


#: The letters of lengths, and of parts that have no name.
LENGTHS, PARTS = "nmdh", "ghzy"


def iter_names(alphabet: str, suffix: str = "") -> Iterator[str]:
    """Names without end: the letters of an alphabet, then with numbers; or a name with ever more of a suffix.

    >>> names = iter_names("ab")
    >>> [next(names) for _ in range(4)]
    ['a', 'b', 'a1', 'b1']
    """
    if suffix:
        yield from (alphabet + suffix * number for number in count())
    yield from alphabet
    yield from (f"{letter}{number}" for number in count(1) for letter in alphabet)


def take_name(names: Iterable[str], taken: set[str]) -> str:
    """The first of the names that is not taken, and is from now on."""
    name = next(candidate for candidate in names if candidate not in taken)
    taken.add(name)
    return name


def length_text(source: Source) -> str:
    """A dimension's length in Python: `x.shape[0]`, or a number."""
    return str(source) if isinstance(source, int) else f"{source[0]}.shape[{source[1]}]"


def with_units(symbols: Iterable[sp.Symbol], axes: Axes) -> Axes:
    """Other symbols for the axes, with None for those of length 1 as before."""
    remaining = iter(symbols)
    return tuple(None if a is None else next(remaining) for a in axes)


def entry_with_units(name: str, indices: Iterable[sp.Expr], units: Mapping[str, tuple[bool, ...]]) -> Entry:
    """An entry, with the index 0 for each axis of length 1 of a tensor for which `units` says which ones these are."""
    remaining = iter(indices)
    if name not in units:
        return Entry(name, *remaining)
    return Entry(name, *(sp.S.Zero if unit else next(remaining) for unit in units[name]))


def matrix_operand(e: MatrixFunctionEntry) -> tuple[Entry, tuple[sp.Expr, ...], bool]:
    """The matrix of a function: an entry of its tensor, the indices before the matrix's, and whether it is transposed.

    Raises ValueError where the matrix has no name.
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


def division_operands(e: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """The two operands of a quotient or a remainder of index arithmetic, such as `p // 3` and `p % 3`."""
    name = type(e).__name__
    if name not in ("floor", "remainder") or e.has(Entry):
        return None
    a, b = e.args[0].as_numer_denom() if name == "floor" else e.args
    return (a, b) if a.free_symbols and b.is_Integer and b > 1 else None
