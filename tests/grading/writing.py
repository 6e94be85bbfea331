"""Expressions written as people type them and as models write LaTeX."""

from __future__ import annotations

import ast

from pullback_server.language.precedence import Precedence, parenthesize

from .trees import tree

_LATEX = {
    "asin": "\\arcsin", "acos": "\\arccos", "atan": "\\arctan", "log": "\\ln", "exp": "\\exp", "log10": "\\log_{10}",
    "log2": "\\log_2", "sin": "\\sin", "cos": "\\cos", "tan": "\\tan", "sinh": "\\sinh", "cosh": "\\cosh",
    "tanh": "\\tanh",
}  # fmt: skip


def typed(text: str) -> str:
    """As students type it.

    >>> typed("2*x*sin(3*x)**2/(x + 1)")
    '2x*sin(3x)^2/(x + 1)'
    """
    return _typed(tree(text))[0]


def latex(text: str) -> str:
    """As models write it.

    >>> print(latex("2*x*sin(3*x)**2/(x + 1)"))
    \\frac{2 x \\left(\\sin^{2}\\left(3 x\\right)\\right)}{x + 1}
    """
    return _latex(tree(text))[0]


def _typed(node: ast.expr) -> tuple[str, Precedence]:
    match node:
        case ast.Constant(value=value):
            return str(value), Precedence.ATOM
        case ast.Name(id=name):
            return name, Precedence.ATOM
        case ast.UnaryOp(operand=u):
            return f"-{_in(_typed(u), Precedence.PRODUCT)}", Precedence.SUM
        case ast.BinOp(left=a, op=ast.Add(), right=b):
            return f"{_in(_typed(a), Precedence.SUM)} + {_in(_typed(b), Precedence.PRODUCT)}", Precedence.SUM
        case ast.BinOp(left=a, op=ast.Sub(), right=b):
            return f"{_in(_typed(a), Precedence.SUM)} - {_in(_typed(b), Precedence.PRODUCT)}", Precedence.SUM
        case ast.BinOp(left=a, op=ast.Mult(), right=b):
            left, right = _in(_typed(a), Precedence.PRODUCT), _in(_typed(b), Precedence.UNARY)
            if isinstance(a, ast.Constant) and (isinstance(b, ast.Name) or right.startswith("(")):
                return f"{left}{right}", Precedence.PRODUCT
            if isinstance(a, ast.Constant | ast.Name) and right[0].isalpha():
                return f"{left} {right}", Precedence.PRODUCT
            return f"{left}*{right}", Precedence.PRODUCT
        case ast.BinOp(left=a, op=ast.Div(), right=b):
            return f"{_in(_typed(a), Precedence.PRODUCT)}/{_in(_typed(b), Precedence.POWER)}", Precedence.PRODUCT
        case ast.BinOp(left=a, op=ast.Pow(), right=b):
            return f"{_in(_typed(a), Precedence.ATOM)}^{_in(_typed(b), Precedence.ATOM)}", Precedence.POWER
        case ast.Call(func=ast.Name(id="abs"), args=[u]):
            return f"|{_typed(u)[0]}|", Precedence.ATOM
        case ast.Call(func=ast.Name(id=name), args=[u]):
            return f"{'ln' if name == 'log' else name}({_typed(u)[0]})", Precedence.ATOM
    raise ValueError(ast.dump(node))


def _latex(node: ast.expr) -> tuple[str, Precedence]:
    match node:
        case ast.Constant(value=value):
            return str(value), Precedence.ATOM
        case ast.Name(id=name):
            return "\\pi" if name == "pi" else name, Precedence.ATOM
        case ast.UnaryOp(operand=u):
            return f"-{_braced(_latex(u), Precedence.PRODUCT)}", Precedence.SUM
        case ast.BinOp(left=a, op=ast.Add(), right=b):
            return f"{_braced(_latex(a), Precedence.SUM)} + {_braced(_latex(b), Precedence.PRODUCT)}", Precedence.SUM
        case ast.BinOp(left=a, op=ast.Sub(), right=b):
            return f"{_braced(_latex(a), Precedence.SUM)} - {_braced(_latex(b), Precedence.PRODUCT)}", Precedence.SUM
        case ast.BinOp(left=a, op=ast.Mult(), right=b):
            left, right = _braced(_latex(a), Precedence.PRODUCT), _braced(_latex(b), Precedence.UNARY)
            return f"{left} \\cdot {right}" if right[0].isdigit() else f"{left} {right}", Precedence.PRODUCT
        case ast.BinOp(left=a, op=ast.Div(), right=b):
            return f"\\frac{{{_latex(a)[0]}}}{{{_latex(b)[0]}}}", Precedence.PRODUCT
        case ast.BinOp(left=ast.Call(func=ast.Name(id=name), args=[u]), op=ast.Pow(), right=ast.Constant(value=n)) if (
            name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")
        ):
            return f"{_LATEX[name]}^{{{n}}}\\left({_latex(u)[0]}\\right)", Precedence.PRODUCT
        case ast.BinOp(left=a, op=ast.Pow(), right=b):
            return f"{_braced(_latex(a), Precedence.ATOM)}^{{{_latex(b)[0]}}}", Precedence.POWER
        case ast.Call(func=ast.Name(id="abs"), args=[u]):
            return f"\\left|{_latex(u)[0]}\\right|", Precedence.ATOM
        case ast.Call(func=ast.Name(id="sqrt"), args=[u]):
            return f"\\sqrt{{{_latex(u)[0]}}}", Precedence.ATOM
        case ast.Call(func=ast.Name(id=name), args=[u]):
            command = _LATEX.get(name) or f"\\operatorname{{{name}}}"
            return f"{command}\\left({_latex(u)[0]}\\right)", Precedence.PRODUCT
    raise ValueError(ast.dump(node))


def _in(part: tuple[str, Precedence], least: Precedence) -> str:
    return parenthesize(*part, least)


def _braced(part: tuple[str, Precedence], least: Precedence) -> str:
    return part[0] if part[1] >= least else f"\\left({part[0]}\\right)"
