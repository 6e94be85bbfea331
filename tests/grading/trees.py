"""Random expressions, and their derivatives by the usual rules, right or with one rule misapplied at one node."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass

from .functions import MISTAKEN, NAMES, derivative

#: The kinds of nodes, each as often as its share.
_KINDS = ("function", "function", "function", "product", "sum", "quotient", "power", "exponential")


def expression(rng: random.Random, depth: int, variables: tuple[str, ...] = ("x",)) -> str:
    """A random expression of `depth` levels.

    >>> expression(random.Random(1), 1)
    '3**(4*x)'
    """
    x = rng.choice(variables)
    if depth == 0:
        return rng.choice((x, x, x, f"{rng.randint(2, 5)}*{x}", f"({x} + {rng.randint(1, 3)})"))
    inner = expression(rng, depth - 1, variables)
    match rng.choice(_KINDS):
        case "function":
            return f"{NAMES[int(len(NAMES) * rng.random() ** 2)]}({inner})"
        case "product":
            return f"({inner})*({expression(rng, rng.randrange(depth), variables)})"
        case "sum":
            other = expression(rng, rng.randrange(depth), variables)
            sign = rng.choice("+-") if other != inner else "+"
            return f"({inner} {sign} {rng.choice(('', '3*'))}({other}))"
        case "quotient":
            other = expression(rng, rng.randrange(depth), variables)
            return f"({inner})/({other})" if other not in inner else f"({inner})/({other} + 1)"
        case "power":
            return f"({inner})**{rng.choice((2, 3, 3, 4, 5, '(1/2)', '(-1)', '(-2)'))}"
        case _:
            return f"{rng.choice((2, 3, 'e'))}**({inner})"


@dataclass(frozen=True)
class Slip:
    """A rule misapplied at a node: the code that it has, and which of several ways."""

    code: str
    node: ast.expr
    way: int


def tree(text: str) -> ast.expr:
    """The syntax tree of an expression."""
    return ast.parse(text, mode="eval").body


class Differentiation:
    """d/dx of an expression as text, with a slip or without."""

    def __init__(self, x: str, slip: Slip | None = None) -> None:
        self.x, self.slip = x, slip

    def of(self, node: ast.expr) -> str:
        """The derivative."""
        if self.slip is not None and node is self.slip.node:
            return self._misapply(node, self.slip)
        if not self.depends(node):
            return "0"
        match node:
            case ast.Name():
                return "1"
            case ast.UnaryOp(op=ast.USub(), operand=u):
                return f"-({self.of(u)})"
            case ast.BinOp(left=a, op=ast.Add(), right=b):
                return plus(self.of(a), self.of(b))
            case ast.BinOp(left=a, op=ast.Sub(), right=b):
                return minus(self.of(a), self.of(b))
            case ast.BinOp(left=a, op=ast.Mult(), right=b):
                return plus(times(self.of(a), text(b)), times(text(a), self.of(b)))
            case ast.BinOp(left=a, op=ast.Div(), right=b):
                if not self.depends(b):
                    return over(self.of(a), text(b))
                return over(minus(times(self.of(a), text(b)), times(text(a), self.of(b))), f"({text(b)})**2")
            case ast.BinOp(op=ast.Pow()) | ast.Call():
                outer, inner = self.outer(node)
                return times(outer, self.of(inner))
        raise ValueError(ast.dump(node))

    def outer(self, node: ast.expr, at: str = "") -> tuple[str, ast.expr]:
        """The outer derivative of a power, an exponential or a function, taken at the inner function or elsewhere."""
        match node:
            case ast.BinOp(left=u, right=n) if not self.depends(n):
                k = _value(n)
                return f"{text(n)}*({at or text(u)})**({_decimal(k - 1)})", u
            case ast.BinOp(left=a, right=u):
                factor = "" if text(a) == "e" else f"*log({text(a)})"
                return f"{text(a)}**({at or text(u)}){factor}", u
            case ast.Call(func=ast.Name(id=name), args=[u]):
                return f"({replace(derivative(name), 'u', at or text(u))})", u
        raise ValueError(ast.dump(node))

    def depends(self, node: ast.expr) -> bool:
        """Whether an expression has the variable in it."""
        return any(isinstance(n, ast.Name) and n.id == self.x for n in ast.walk(node))

    def slips(self, node: ast.expr) -> Iterator[Slip]:
        """Every slip that can be made in an expression."""
        for inner in ast.walk(node):
            if not isinstance(inner, ast.expr) or not self.depends(inner):
                continue
            for code, ways in self._kinds(inner):
                yield from (Slip(code, inner, way) for way in range(ways))

    def _kinds(self, node: ast.expr) -> Iterator[tuple[str, int]]:
        match node:
            case ast.BinOp(left=a, op=ast.Add() | ast.Sub(), right=b) if self.depends(a) and self.depends(b):
                yield "MISSING_TERM", 2
            case ast.BinOp(left=a, op=ast.Mult(), right=b) if self.depends(a) and self.depends(b):
                yield "PRODUCT_RULE", 2
                yield "MISSING_TERM", 2
            case ast.BinOp(op=ast.Div(), right=b) if self.depends(b):
                yield "QUOTIENT_RULE", 4
            case ast.BinOp(op=ast.Pow(), left=u, right=n) if not self.depends(n):
                yield "POWER_RULE", 3
                if not isinstance(u, ast.Name):
                    yield "MISSING_INNER_DERIVATIVE", 1
            case ast.BinOp(op=ast.Pow(), left=a, right=u):
                yield "FUNCTION_DERIVATIVE", 1
                if not isinstance(u, ast.Name):
                    yield "MISSING_INNER_DERIVATIVE", 1
            case ast.Call(func=ast.Name(id=name), args=[u]):
                yield "FUNCTION_DERIVATIVE", len(MISTAKEN.get(name, ()))
                if not isinstance(u, ast.Name):
                    yield "MISSING_INNER_DERIVATIVE", 1
                    yield "INNER_NOT_KEPT", 1

    def _misapply(self, node: ast.expr, slip: Slip) -> str:
        match slip.code, node:
            case "MISSING_TERM", ast.BinOp(left=a, op=ast.Mult(), right=b):
                return times(self.of(a), text(b)) if slip.way else times(text(a), self.of(b))
            case "MISSING_TERM", ast.BinOp(left=a, op=op, right=b):
                return self.of(a) if slip.way else (f"-({self.of(b)})" if isinstance(op, ast.Sub) else self.of(b))
            case "PRODUCT_RULE", ast.BinOp(left=a, right=b):
                if slip.way:
                    return times(self.of(a), self.of(b))
                return plus(times(text(a), self.of(a)), times(text(b), self.of(b)))
            case "QUOTIENT_RULE", ast.BinOp(left=a, right=b):
                first, second, square = times(self.of(a), text(b)), times(text(a), self.of(b)), f"({text(b)})**2"
                return (
                    over(self.of(a), self.of(b)),
                    over(minus(second, first), square),
                    over(minus(first, second), text(b)),
                    over(plus(first, second), square),
                )[slip.way]
            case "POWER_RULE", ast.BinOp(left=u, right=n):
                k = _value(n)
                outer = (
                    f"({text(u)})**({_decimal(k - 1)})",
                    f"{text(n)}*({text(u)})**{text(n)}",
                    f"({_decimal(k - 1)})*({text(u)})**({_decimal(k - 1)})",
                )[slip.way]
                return times(outer, self.of(u))
            case "FUNCTION_DERIVATIVE", ast.BinOp(left=a, right=u):
                return times(f"({text(u)})*{text(a)}**({text(u)} - 1)", self.of(u))
            case "FUNCTION_DERIVATIVE", ast.Call(func=ast.Name(id=name), args=[u]):
                return times(f"({replace(MISTAKEN[name][slip.way], 'u', text(u))})", self.of(u))
            case "MISSING_INNER_DERIVATIVE", _:
                return self.outer(node)[0]
            case "INNER_NOT_KEPT", _:
                outer, inner = self.outer(node, at=self.x)
                return times(outer, self.of(inner))
        raise ValueError(slip)


def text(node: ast.expr) -> str:
    """An expression as it is written, in brackets where it needs them."""
    plain = ast.unparse(node)
    return plain if isinstance(node, ast.Name | ast.Call | ast.Constant) else f"({plain})"


def replace(inside: str, name: str, by: str) -> str:
    """An expression with a name replaced by another expression."""

    class Replace(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return tree(by) if node.id == name else node

    return ast.unparse(ast.fix_missing_locations(Replace().visit(tree(inside))))


def plus(a: str, b: str) -> str:
    """a + b, without what is 0."""
    return b if a == "0" else a if b == "0" else f"({a} + {b})"


def minus(a: str, b: str) -> str:
    """a - b, without what is 0."""
    return a if b == "0" else f"(-({b}))" if a == "0" else f"({a} - ({b}))"


def times(a: str, b: str) -> str:
    """a*b, without what is 0 or 1."""
    if "0" in (a, b):
        return "0"
    return b if a == "1" else a if b == "1" else f"{_bracketed(a)}*{_bracketed(b)}"


def over(a: str, b: str) -> str:
    """a/b, without what is 0."""
    return "0" if a == "0" else f"{_bracketed(a)}/({b})"


def _bracketed(a: str) -> str:
    return a if isinstance(tree(a), ast.Name | ast.Call | ast.Constant) else f"({a})"


def _value(node: ast.expr) -> float:
    return float(eval(compile(ast.Expression(node), "", "eval"), {}))


def _decimal(k: float) -> str:
    return str(int(k)) if k == int(k) else f"{int(2 * k)}/2"
