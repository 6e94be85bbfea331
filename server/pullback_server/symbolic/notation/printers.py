"""Index notation as text and as LaTeX."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter, translate
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.printer import Printer
from sympy.printing.str import StrPrinter

from ...operators.index import Delta, Entry, Total

#: Comparisons and their like, as (text, LaTeX).
SIGNS = {
    "less": ("<", "<"),
    "less_equal": ("<=", r"\le"),
    "greater": (">", ">"),
    "greater_equal": (">=", r"\ge"),
    "equal": ("==", "="),
    "not_equal": ("!=", r"\ne"),
    "both": ("&", r"\wedge"),
    "either": ("|", r"\vee"),
}
TOTALS = {
    "sum": ("Sum", r"\sum"),
    "prod": ("Product", r"\prod"),
    "max": ("Max", r"\max"),
    "min": ("Min", r"\min"),
}


class Ordered(Printer):  # type: ignore[misc]
    """The order of terms: the positive ones first, so that a sum does not begin with a minus sign."""

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        terms: list[sp.Expr] = super()._as_ordered_terms(expr, order)
        return sorted(terms, key=lambda t: t.could_extract_minus_sign())


class TextPrinter(Ordered, StrPrinter):  # type: ignore[misc]
    """`Sum(W[i, s]*x[s], s)`, `where(x[i] > 0, 1, 0)`, `delta(i, p)`."""

    def parenthesize(self, item: sp.Expr, level: int, strict: bool = False) -> str:
        """Calls and entries stand without parentheses; comparisons inside arithmetic never do."""
        if isinstance(item, Entry | Delta | Total):
            return str(self._print(item))
        if type(item).__name__ in SIGNS:
            return f"({self._print(item)})"
        return str(super().parenthesize(item, level, strict))

    def _print_Entry(self, e: Entry) -> str:
        return f"{e.name}[{', '.join(map(self._print, e.indices))}]" if e.indices else e.name

    def _print_Delta(self, e: Delta) -> str:
        return f"delta({', '.join(map(self._print, e.args))})"

    def _print_Total(self, e: Total) -> str:
        return f"{TOTALS[e.kind][0]}({', '.join(map(self._print, (e.body, *e.bound)))})"

    def _print_Function(self, e: sp.Function) -> str:
        name = type(e).__name__
        if name in SIGNS:
            a, b = (self.parenthesize(x, PRECEDENCE["Relational"]) for x in e.args)
            return f"{a} {SIGNS[name][0]} {b}"
        if name == "neither":
            return f"~({self._print(e.args[0])})"
        return f"{name}({', '.join(map(self._print, e.args))})"

    def _print_Float(self, e: sp.Float) -> str:
        return repr(float(e))

    def _print_Rational(self, e: sp.Rational) -> str:
        return f"{e.p}/{e.q}" if abs(e.p) < 10**6 and e.q < 10**4 else repr(float(e))


class FormulaPrinter(Ordered, LatexPrinter):  # type: ignore[misc]
    r"""`\sum_{s} W_{i s} x_{s}`, `\delta_{i p}`, `\begin{cases} ... \end{cases}`."""

    def _print_Entry(self, e: Entry, exp: str | None = None) -> str:
        name = letter(e.name)
        base = f"{name}_{{{' '.join(map(self._print, e.indices))}}}" if e.indices else name
        return f"{base}^{{{exp}}}" if exp is not None else base

    def _print_Delta(self, e: Delta, exp: str | None = None) -> str:
        return rf"\delta_{{{' '.join(map(self._print, e.args))}}}"

    def _print_Total(self, e: Total, exp: str | None = None) -> str:
        under = " ".join(map(self._print, e.bound))
        body = self.parenthesize(e.body, PRECEDENCE["Mul"])
        return rf"\left({TOTALS[e.kind][1]}_{{{under}}} {body}\right)" + (f"^{{{exp}}}" if exp is not None else "")

    def _print_Function(self, e: sp.Function, exp: str | None = None) -> str:
        name = type(e).__name__
        if name in SIGNS:
            a, b = map(self._print, e.args)
            return rf"{a} {SIGNS[name][1]} {b}"
        if name == "where":
            return self._cases(e) + (f"^{{{exp}}}" if exp is not None else "")
        if name == "abs":
            inside = rf"\left|{self._print(e.args[0])}\right|"
        elif name == "neither":
            inside = rf"\neg\left({self._print(e.args[0])}\right)"
        elif hasattr(self, f"_print_{name}") or (isinstance(e, sp.Function) and type(e).__module__.startswith("sympy")):
            return str(super()._print_Function(e, exp))
        else:
            inside = rf"\operatorname{{{escape(name)}}}\left({', '.join(map(self._print, e.args))}\right)"
        return inside + (f"^{{{exp}}}" if exp is not None else "")

    def _cases(self, e: sp.Function) -> str:
        rows, rest = [], e
        while type(rest).__name__ == "where":
            condition, value, rest = rest.args
            rows.append(rf"{self._print(value)} & \text{{if }} {self._print(condition)}")
        rows.append(rf"{self._print(rest)} & \text{{otherwise}}")
        return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"

    def _print_Rational(self, e: sp.Rational) -> str:
        if abs(e.p) < 10**6 and e.q < 10**4:
            return str(super()._print_Rational(e))
        return str(self._print(sp.Float(float(e), 17)))


def escape(name: str) -> str:
    """A name that LaTeX takes as text."""
    return name.replace("_", r"\_")


def letter(name: str) -> str:
    r"""A tensor's name in LaTeX: `x`, `\alpha`, `W_{1}`, `\mathrm{weights}`.

    >>> letter("W1")
    '{W_{1}}'
    """
    head = name.rstrip("0123456789")
    tail = name[len(head) :]
    if len(head) == 1 and head.isascii() and head.isalpha():
        return f"{{{head}_{{{tail}}}}}" if tail else head
    known = translate(name)
    return str(known) if known.startswith("\\") and name.isalpha() else rf"\mathrm{{{escape(name)}}}"


def text(expression: sp.Expr) -> str:
    """The expression as one line of text."""
    return str(TextPrinter().doprint(expression))


def latex(expression: sp.Expr, **settings: Any) -> str:
    """The expression in LaTeX, without dollar signs."""
    return str(FormulaPrinter(settings).doprint(expression))
