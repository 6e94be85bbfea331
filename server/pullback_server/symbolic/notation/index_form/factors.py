"""Products and choices as people write them: numbers taken out, conditions joined."""

from __future__ import annotations

import sympy as sp

from ....index_notation.expressions import Reduction
from ....index_notation.functions import logical_and, truth, where


def take_out_numbers(e: sp.Expr) -> sp.Expr:
    """Numbers taken out of the sums and choices in a product: `(2*a - 2*b)/(2*c)` is `(a - b)/c`."""

    def outside(product: sp.Mul) -> sp.Expr:
        parts = [_split_number(f) for f in product.args]
        return sp.Mul(*(number for number, _ in parts), *(rest for _, rest in parts))

    return e.replace(
        lambda part: isinstance(part, sp.Mul) and any(isinstance(f, sp.Add | Reduction | where) for f in part.args),
        outside,
    )


def _split_number(factor: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    match factor:
        case sp.Add():
            number, rest = factor.primitive()
            # 0.001*(1000*x + 1) would not be plainer.
            return (number, rest) if number.is_Integer else (sp.S.One, factor)
        case Reduction() if factor.kind == "sum":
            number, rest = factor.body.as_coeff_Mul()
            return number, Reduction("sum", rest, *factor.bound)
        case where() if factor.args[2] == 0 and not factor.args[1].is_number:
            number, rest = factor.args[1].as_coeff_Mul()
            return number, where(factor.args[0], rest, 0)
    return sp.S.One, factor


def join_choices(e: sp.Expr) -> sp.Expr:
    """Nested choices with the same alternative as one: `where(c, where(d, a, 0), 0)` is `where(c & d, a, 0)`.

    >>> c, d, a = sp.symbols("c d a")
    >>> join_choices(where(c, where(d, a, 0), 0)) == where(logical_and(truth(c), truth(d)), a, 0)
    True
    """
    if not e.has(where):
        return e
    e = e.func(*map(join_choices, e.args))
    match e:
        case where() if isinstance(e.args[1], where) and e.args[1].args[2] == e.args[2]:
            condition, (inner, value, other) = e.args[0], e.args[1].args
            return where(logical_and(truth(condition), truth(inner)), value, other)
    return e
