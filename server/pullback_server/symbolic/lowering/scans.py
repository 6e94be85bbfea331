"""Running totals recognized in sums, products and log-sum-exps over an index k that is masked by `k <= i`.

A total of n entries for each of n indices is a table of n*n. A running total takes n steps, so a contraction with the
derivative of one is written here as other running totals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from ...index_notation.expressions import Entry, Reduction
from ...index_notation.functions import equal, less_equal, logical_and, maximum, where
from ...index_notation.index_program import Definition, IndexProgram, Symbols

#: What stands for an entry outside the mask: it changes nothing.
NEUTRAL = {"prod": sp.S.One, "logsumexp": -sp.oo}


@dataclass(frozen=True)
class Scan:
    """The running total of `body` along an index, under another index in the result; where `back`, from the end."""

    kind: str
    body: sp.Expr
    index: sp.Symbol
    result_index: sp.Symbol
    back: bool

    @property
    def primitive(self) -> str:
        """The scan's name among the primitives."""
        return f"cum{self.kind}_back" if self.back else f"cum{self.kind}"


def scan_of(kind: str, body: sp.Expr, bound: Symbols, program: IndexProgram) -> Scan | None:
    """A product or log-sum-exp over one index as a running total, if it is one."""
    if kind in NEUTRAL and len(bound) == 1 and isinstance(body, where) and body.args[2] == NEUTRAL[kind]:
        condition, entry, _ = body.args
        return scan_of_mask(kind, condition, entry, bound, program)
    return None


def scan_of_mask(kind: str, condition: sp.Expr, body: sp.Expr, bound: Symbols, program: IndexProgram) -> Scan | None:
    """The running total of a body over the indices for which `k <= i` holds, or `i <= k` where it runs back."""
    if not isinstance(condition, less_equal) or not all(a in program.dimensions for a in condition.args):
        return None
    first, last = condition.args
    index, result_index = (first, last) if first in bound else (last, first)
    equally_long = program.dimensions[index].root() is program.dimensions[result_index].root()
    if index not in bound or result_index in bound or not equally_long or result_index in body.free_symbols:
        return None
    return Scan(kind, body, index, result_index, index is last)


def contract_with_scan(
    parts: tuple[sp.Expr, ...], bound: Symbols, program: IndexProgram, definitions: Mapping[str, Definition]
) -> sp.Expr | None:
    """`Sum(u(i)*L(i, p), i)` in running totals, where L is the derivative of a running product or log-sum-exp.

    With respect to x[p] that is 0 unless `p <= i`; there it is `exp(x[p] - y[i])`, or the product of the other entries
    up to i.
    """
    for part in parts:
        if not (isinstance(part, where) and isinstance(part.args[0], less_equal) and part.args[2] == 0):
            continue
        (p, i), slope = part.args[0].args, part.args[1]
        if bound != (i,) or not p.is_Symbol:
            continue
        factors = [f for f in parts if f is not part] + [*sp.Mul.make_args(slope)]
        outside = sp.Mul(*(f for f in factors if i not in f.free_symbols))
        joint = [f for f in factors if {p, i} <= f.free_symbols]
        weight = sp.Mul(*(f for f in factors if i in f.free_symbols and f not in joint))
        match joint:
            case [sp.exp(args=(exponent,))]:
                total = _of_exponentials(weight, exponent, p, i)
            case [Entry(name=name) as others] if name in definitions and definitions[name].kind == "product_of_others":
                total = _of_others(weight, others, p, i, program, definitions[name])
            case _:
                total = None
        return None if total is None else outside * total
    return None


def _of_exponentials(weight: sp.Expr, exponent: sp.Expr, p: sp.Symbol, i: sp.Symbol) -> sp.Expr | None:
    """The positive and the negative summands apart, each as exp of a running log-sum-exp, which cannot overflow."""
    moving = [term for term in sp.Add.make_args(exponent) if i in term.free_symbols]
    staying = sp.Add(*(term for term in sp.Add.make_args(exponent) if i not in term.free_symbols))
    if any(p in term.free_symbols for term in moving):
        return None

    def total(weight: sp.Expr) -> sp.Expr:
        logarithm = sp.log(maximum(weight, 0)) + sp.Add(*moving)
        return sp.exp(staying + Reduction("logsumexp", where(less_equal(p, i), logarithm, -sp.oo), i))

    return total(weight) - total(-weight)


def _of_others(
    weight: sp.Expr, others: Entry, p: sp.Symbol, i: sp.Symbol, program: IndexProgram, definition: Definition
) -> sp.Expr | None:
    """By division where x[p] is not 0; from the first 0 of a line on the product has 1 in its place."""
    scan = scan_of("prod", definition.body, definition.bound, program)
    at = dict(zip(definition.axes, others.indices, strict=True))
    if scan is None or scan.back or (at[scan.index], at[scan.result_index]) != (p, i):
        return None

    def x(k: sp.Symbol) -> sp.Expr:
        return scan.body.xreplace(at | {scan.index: k})

    def first(k: sp.Symbol) -> sp.Expr:
        m = program.index(p)
        return logical_and(equal(x(k), 0), equal(Reduction("sum", equal(x(m), 0) * less_equal(m, k), m), 1))

    def total(products: sp.Expr) -> sp.Expr:
        return Reduction("sum", weight * products * less_equal(p, i), i)

    k = program.index(p)
    product = Entry(others.name.removesuffix("#"), *others.indices[:-1])
    without = Reduction("prod", where(less_equal(k, i), where(first(k), 1, x(k)), 1), k)
    return where(first(p), total(without), where(equal(x(p), 0), 0, total(product) / x(p)))
