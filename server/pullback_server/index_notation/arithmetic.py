"""Arithmetic on indices: offsets, strides, and the one index of a tensor laid out in rows.

An index expression is a sympy expression in index symbols of fixed length; its values are integers in range.
"""

from __future__ import annotations

from itertools import pairwise, product

import sympy as sp

from . import functions as fn
from .index_program import IndexProgram

Interval = tuple[int, int]


def interval(e: sp.Expr, program: IndexProgram) -> Interval | None:
    """The least and the greatest value of an index expression; None where lengths or entries of tensors matter.

    An index over a dimension of length 0 counts as 0.
    """
    match e:
        case sp.Integer():
            return int(e), int(e)
        case sp.Symbol():
            dimension = program.dimensions.get(e)
            source = dimension.root().source if dimension is not None else None
            return (0, max(source - 1, 0)) if isinstance(source, int) else None
        case sp.Add():
            known = [part for term in e.args if (part := interval(term, program)) is not None]
            if len(known) < len(e.args):
                return None
            return sum(low for low, _ in known), sum(high for _, high in known)
        case sp.Mul():
            factor, rest = e.as_coeff_Mul()
            inner = interval(rest, program) if factor.is_Integer and factor != 1 else None
            return None if inner is None else (min(x := [int(factor) * end for end in inner]), max(x))
        case fn.floor():
            dividend, divisor = e.args[0].as_numer_denom()
            inner = interval(dividend, program)
            return None if inner is None else (inner[0] // int(divisor), inner[1] // int(divisor))
        case fn.remainder() if e.args[1].is_Integer:
            return 0, int(e.args[1]) - 1
    return None


def within(e: sp.Expr, length: int, program: IndexProgram) -> bool:
    """Whether an index expression is known to stay in an axis of that length."""
    known = interval(e, program)
    return known is not None and known[0] >= 0 and known[1] < length


def quotient(e: sp.Expr, divisor: int, program: IndexProgram) -> sp.Expr:
    """`floor(e/divisor)`, simplified where possible; 0 where the divisor is 0.

    >>> program = IndexProgram()
    >>> i, j = program.index(5), program.index(3)
    >>> quotient(3*i + j, 3, program) == i
    True
    """
    if divisor == 0:
        return sp.S.Zero
    multiples, rest = _divide(e, divisor)
    return multiples if within(rest, divisor, program) else multiples + fn.floor(rest / divisor)


def modulo(e: sp.Expr, divisor: int, program: IndexProgram) -> sp.Expr:
    """The remainder of e by the divisor, simplified where possible; 0 where the divisor is 0."""
    if divisor == 0:
        return sp.S.Zero
    _, rest = _divide(e, divisor)
    return rest if within(rest, divisor, program) else fn.remainder(rest, sp.Integer(divisor))


def ravel(indices: tuple[sp.Expr, ...], lengths: tuple[int, ...]) -> sp.Expr:
    """The position in rows of the entry at these indices, the last of which runs fastest."""
    position: sp.Expr = sp.S.Zero
    for index, length in zip(indices, lengths, strict=True):
        position = sp.expand(position * length + index)
    return position


def unravel(position: sp.Expr, lengths: tuple[int, ...], program: IndexProgram) -> tuple[sp.Expr, ...]:
    """The inverse of `ravel`."""
    indices: list[sp.Expr] = []
    for number, length in reversed([*enumerate(lengths)]):
        indices.append(modulo(position, length, program) if number and length != 1 else position)
        if length == 1:
            indices[-1] = sp.S.Zero
        if number:
            position = quotient(position, length, program)
    return tuple(reversed(indices))


def listed_index(values: tuple[int, ...], index: sp.Symbol | None) -> sp.Expr:
    """The value at an index of a list: an arithmetic progression where it is one, else case by case."""
    steps = {b - a for a, b in pairwise(values)}
    if index is None or len(values) < 2:
        return sp.Integer(values[0]) if values else sp.S.Zero
    if len(steps) == 1:
        return values[0] + steps.pop() * index
    result: sp.Expr = sp.Integer(values[-1])
    for number, value in reversed([*enumerate(values[:-1])]):
        result = fn.where(fn.equal(index, number), value, result)
    return result


def join_divisions(pairs: list[tuple[sp.Expr, sp.Expr]]) -> list[tuple[sp.Expr, sp.Expr]]:
    """Two deltas of one division as one: `floor(i/3)` is p and `remainder(i, 3)` is q where i is 3*p + q."""
    for first, second in product(pairs, repeat=2):
        (upper, p), (lower, q) = _orient(first, fn.floor), _orient(second, fn.remainder)
        if first is not second and isinstance(upper, fn.floor) and isinstance(lower, fn.remainder):
            dividend, divisor = lower.args
            if upper.args[0] * divisor == dividend:
                others = [pair for pair in pairs if pair is not first and pair is not second]
                return join_divisions([*others, (dividend, sp.expand(divisor * p + q))])
    return pairs


def _orient(pair: tuple[sp.Expr, sp.Expr], head: type) -> tuple[sp.Expr, sp.Expr]:
    return pair[::-1] if isinstance(pair[1], head) else pair


def _divide(e: sp.Expr, divisor: int) -> tuple[sp.Expr, sp.Expr]:
    """The terms of e that are multiples of the divisor, divided by it, and the others."""
    multiples, rest = list[sp.Expr](), list[sp.Expr]()
    for term in sp.Add.make_args(sp.expand(e)):
        factor, symbol = term.as_coeff_Mul()
        if not factor.is_Integer:
            rest.append(term)
            continue
        # Towards zero, so that -i stays -i.
        remainder = int(sp.sign(factor)) * (abs(int(factor)) % divisor)
        multiples.append((factor - remainder) / divisor * symbol)
        rest.append(remainder * symbol)
    return sp.Add(*multiples), sp.Add(*rest)
