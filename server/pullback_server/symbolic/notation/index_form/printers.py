"""Index notation as text and as LaTeX."""

from __future__ import annotations

import math
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter as SympyLatexPrinter
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.printer import Printer
from sympy.printing.str import StrPrinter

from ....index_notation.expressions import Delta, Entry, MatrixFunctionEntry, Reduction
from ...primitives import COMPARISONS, MATRIX_FUNCTIONS, REDUCTIONS
from ..latex_names import escape, float_latex, letter
from ..words import BARS, division_operands, matrix_operand


class IndexPrinter(Printer):  # type: ignore[misc]
    """What both printers have in common: the order of terms, fractions, and that a part is printed only once.

    Positive terms come first, so that a sum does not begin with a minus sign.
    """

    def __init__(self) -> None:
        super().__init__()
        self._printed: dict[sp.Basic, str] = {}

    def _print(self, expr: sp.Basic, **kwargs: Any) -> str:
        if kwargs:
            return str(super()._print(expr, **kwargs))
        printed = self._printed.get(expr)
        if printed is None:
            printed = self._printed[expr] = str(super()._print(expr))
        return printed

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        terms: list[sp.Expr] = super()._as_ordered_terms(expr, order)
        return sorted(terms, key=lambda t: t.could_extract_minus_sign())

    def _print_Mul(self, expr: sp.Mul) -> str:
        """A fraction that is not short stands before the product as a decimal number, in one piece."""
        coefficient, rest = expr.as_coeff_Mul()
        if coefficient.is_Rational and not _short(coefficient):
            expr = sp.Mul(sp.Float(float(coefficient), 17), *sp.Mul.make_args(rest), evaluate=False)
        return str(super()._print_Mul(expr))


class TextPrinter(IndexPrinter, StrPrinter):  # type: ignore[misc]
    """`Sum(W[i, s]*x[s], s)`, `where(x[i] > 0, 1, 0)`, `delta(i, p)`."""

    def __init__(self, names: frozenset[str] = frozenset()):
        """A constant is written differently where a tensor has its name, one of `names`."""
        super().__init__()
        self._names = names

    def parenthesize(self, item: sp.Expr, level: int, strict: bool = False) -> str:
        """Calls and entries stand without parentheses; comparisons have theirs already."""
        if division_operands(item) is not None:
            within = level < PRECEDENCE["Mul"] or (strict and level == PRECEDENCE["Mul"])
            return str(self._print(item)) if within else f"({self._print(item)})"
        if isinstance(item, MatrixFunctionEntry | Entry | Delta | Reduction) or type(item).__name__ in COMPARISONS:
            return str(self._print(item))
        return str(super().parenthesize(item, level, strict))

    def condition(self, e: sp.Expr) -> str:
        """What stands between commas, where a condition needs no parentheses: `i < 3`."""
        return self._condition(e) if type(e).__name__ in COMPARISONS else str(self._print(e))

    def _condition(self, e: sp.Function) -> str:
        name = type(e).__name__
        if name == "logical_not":
            return f"~({self.condition(e.args[0])})"
        a, b = (self.parenthesize(x, PRECEDENCE["Relational"]) for x in e.args)
        return f"{a} {COMPARISONS[name].symbol} {b}"

    def _print_Entry(self, e: Entry) -> str:
        return f"{e.name}[{', '.join(map(self._print, e.indices))}]" if e.indices else e.name

    def _print_MatrixFunctionEntry(self, e: MatrixFunctionEntry) -> str:
        indices = f"[{', '.join(map(self.condition, e.axes))}]" if e.axes else ""
        entry, batch, transposed = matrix_operand(e)
        name = self._print_Entry(Entry(entry.name, *batch)) + (".T" if transposed else "")
        return MATRIX_FUNCTIONS[e.kind].text.format(name) + indices

    def _print_Delta(self, e: Delta) -> str:
        return f"delta({', '.join(map(self._print, e.args))})"

    def _print_Reduction(self, e: Reduction) -> str:
        return f"{REDUCTIONS[e.kind].text}({', '.join(map(self.condition, (e.body, *e.bound)))})"

    def _print_Function(self, e: sp.Function) -> str:
        name = type(e).__name__
        if name in COMPARISONS:
            return f"({self._condition(e)})"
        if parts := division_operands(e):
            a, b = (self.parenthesize(x, PRECEDENCE["Mul"]) for x in parts)
            return f"{a} {'//' if name == 'floor' else '%'} {b}"
        if name == "clamp" and -sp.oo in e.args:
            return f"clamp({self._print(e.args[0])}, max={self._print(e.args[2])})"
        if name == "clamp" and sp.oo in e.args:
            return f"clamp({self._print(e.args[0])}, min={self._print(e.args[1])})"
        return f"{name}({', '.join(map(self.condition, e.args))})"

    def _print_Exp1(self, _: sp.Expr) -> str:
        return "exp(1)" if "e" in self._names else "e"

    def _print_Pi(self, _: sp.Expr) -> str:
        return "acos(-1)" if "pi" in self._names else "pi"

    def _print_Infinity(self, _: sp.Expr) -> str:
        return "inf"

    def _print_NegativeInfinity(self, _: sp.Expr) -> str:
        return "-inf"

    def _print_Float(self, e: sp.Float) -> str:
        return repr(float(e))

    def _print_Rational(self, e: sp.Rational) -> str:
        return f"{e.p}/{e.q}" if _short(e) else repr(float(e))


class LatexPrinter(IndexPrinter, SympyLatexPrinter):  # type: ignore[misc]
    r"""`\sum_{s} W_{i s} x_{s}`, `\delta_{i p}`, `\begin{cases} ... \end{cases}`."""

    def _print_Entry(self, e: Entry, exp: str | None = None) -> str:
        name = letter(e.name)
        base = f"{name}_{{{self._subscript(e.indices)}}}" if e.indices else name
        return f"{base}^{{{exp}}}" if exp is not None else base

    def _print_MatrixFunctionEntry(self, e: MatrixFunctionEntry, exp: str | None = None) -> str:
        entry, batch, transposed = matrix_operand(e)
        name = self._print_Entry(Entry(entry.name, *batch), r"\top" if transposed else None)
        base = MATRIX_FUNCTIONS[e.kind].latex.format(f"{{{name}}}" if "^" in name else name)
        if e.axes:
            base = rf"\left({base}\right)_{{{self._subscript(e.axes)}}}"
        return rf"\left({base}\right)^{{{exp}}}" if exp is not None else base

    def _print_Delta(self, e: Delta, exp: str | None = None) -> str:
        return rf"\delta_{{{self._subscript(e.args)}}}"

    def _subscript(self, indices: tuple[sp.Expr, ...]) -> str:
        """Indices side by side, with commas where one of them is more than a letter."""
        separator = " " if all(i.is_Symbol or i.is_Integer for i in indices) else r",\, "
        return separator.join(map(self.condition, indices))

    def _print_Reduction(self, e: Reduction, exp: str | None = None) -> str:
        open_ = isinstance(e.body, sp.Add) or e.body.could_extract_minus_sign()
        body = rf"\left({self._print(e.body)}\right)" if open_ else self._print(e.body)
        reduction = f"{REDUCTIONS[e.kind].latex}_{{{self._subscript(e.bound)}}} {body}"
        return reduction if exp is None else rf"\left({reduction}\right)^{{{exp}}}"

    def parenthesize(self, item: sp.Expr, level: int, is_neg: bool = False, strict: bool = False) -> str:
        """A sum has brackets in a power."""
        if isinstance(item, Reduction) and level > PRECEDENCE["Mul"]:
            return rf"\left({self._print(item)}\right)"
        return str(super().parenthesize(item, level, is_neg=is_neg, strict=strict))

    def _needs_brackets(self, expr: sp.Expr) -> bool:
        return isinstance(expr, Reduction) or bool(super()._needs_brackets(expr))

    def _needs_mul_brackets(self, expr: sp.Expr, first: bool = False, last: bool = False) -> bool:
        """A sum takes in all factors behind it."""
        return (isinstance(expr, Reduction) and not last) or bool(super()._needs_mul_brackets(expr, first, last))

    def _needs_add_brackets(self, expr: sp.Expr) -> bool:
        return False if isinstance(expr, Reduction) else bool(super()._needs_add_brackets(expr))

    def _print_Function(self, e: sp.Function, exp: str | None = None) -> str:
        name = type(e).__name__
        if name == "where":
            return self._cases(e) if exp is None else rf"\left({self._cases(e)}\right)^{{{exp}}}"
        if name in BARS:
            left, right = BARS[name]
            inside = rf"\left{left}{self._print(e.args[0])}\right{right}"
        elif name in COMPARISONS:
            # Iverson's bracket: 1 where it holds, else 0.
            inside = rf"\left[{self.condition(e)}\right]"
        elif name == "remainder" and (parts := division_operands(e)):
            a, b = (self.parenthesize(x, PRECEDENCE["Mul"]) for x in parts)
            inside = rf"\left({a} \bmod {b}\right)"
        elif hasattr(self, f"_print_{name}") or (isinstance(e, sp.Function) and type(e).__module__.startswith("sympy")):
            return str(super()._print_Function(e, exp))
        else:
            inside = rf"\operatorname{{{escape(name)}}}\left({', '.join(map(self._print, e.args))}\right)"
        return inside + (f"^{{{exp}}}" if exp is not None else "")

    def _print_floor(self, e: sp.Expr, exp: str | None = None) -> str:
        a, b = division_operands(e) or e.args[0].as_numer_denom()
        inside = self._print(a) if b == 1 else rf"\frac{{{self._print(a)}}}{{{self._print(b)}}}"
        return rf"\left\lfloor {inside} \right\rfloor" + (f"^{{{exp}}}" if exp is not None else "")

    def condition(self, e: sp.Expr) -> str:
        """A condition, or any other expression."""
        name = type(e).__name__
        if name == "logical_not":
            return rf"\neg\left({self.condition(e.args[0])}\right)"
        if name not in COMPARISONS:
            return str(self._print(e))
        joins = name in ("logical_and", "logical_or")
        a, b = (rf"\left({self.condition(x)}\right)" if joins else self._print(x) for x in e.args)
        return rf"{a} {COMPARISONS[name].latex} {b}"

    def _print_Exp1(self, _: sp.Expr, exp: str | None = None) -> str:
        return r"\mathrm{e}" + (f"^{{{exp}}}" if exp is not None else "")

    def _print_ExpBase(self, e: sp.Expr, exp: str | None = None) -> str:
        return str(self._do_exponent(rf"\mathrm{{e}}^{{{self._print(e.args[0])}}}", exp))

    def _cases(self, e: sp.Function) -> str:
        rows, rest = [], e
        while type(rest).__name__ == "where":
            condition, value, rest = rest.args
            rows.append(rf"{self._print(value)} & \text{{if }} {self.condition(condition)}")
        rows.append(rf"{self._print(rest)} & \text{{otherwise}}")
        return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"

    def _print_Float(self, e: sp.Float) -> str:
        return float_latex(float(e))

    def _print_Rational(self, e: sp.Rational) -> str:
        return str(super()._print_Rational(e) if _short(e) else self._print(sp.Float(float(e), 17)))


def _short(e: sp.Rational) -> bool:
    """Whether a number is read more easily as a fraction than as a decimal number; an integer or infinity always is."""
    return e.q == 1 or (abs(e.p) < 10**6 and e.q < 10**4) or not 0 < abs(float(e)) < math.inf


def text(expression: sp.Expr, names: frozenset[str] = frozenset()) -> str:
    """The expression as one line of text; `names` are those of tensors, which constants must not be confused with."""
    return str(TextPrinter(names).doprint(expression))


def latex(expression: sp.Expr) -> str:
    """The expression in LaTeX, without dollar signs."""
    return str(LatexPrinter().doprint(expression))
