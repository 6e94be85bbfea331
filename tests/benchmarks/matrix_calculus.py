"""sympy's own matrix calculus on our programs: a program in matrix symbols, its derivative, and what that comes to.

Vectors are columns. The programs are built from nodes, never from text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from pullback_server.program import Apply, Input, Literal, Size, TypedProgram

Array = NDArray[np.float64]


class Unavailable(Exception):
    """sympy's matrix expressions have no word for an operator; the message names it."""


def expression(typed: TypedProgram) -> sp.Expr:
    """The program's value; raises Unavailable.

    >>> from pullback_server.language import check, parse
    >>> from pullback_server.program import DType, Limits, TensorType
    >>> types = {"A": TensorType(DType.FLOAT64, (2, 3)), "x": TensorType(DType.FLOAT64, (3,))}
    >>> expression(check(parse("A @ x", list(types), Limits()), types, Limits()))
    A*x
    """
    values: list[sp.Expr] = []
    for number, node in enumerate(typed.program.nodes):
        shape = typed.types[number].shape
        match node:
            case Input(name):
                values.append(symbol(name, shape))
            case Literal(Size(operand, axis)):
                values.append(sp.Integer(typed.types[operand].shape[axis]))
            case Literal(value):
                values.append(sp.nsimplify(value, rational=True))
            case Apply("eye"):
                values.append(sp.Identity(shape[0]))
            case Apply(operator, operands):
                arguments = [values[k] for k in operands if k is not None]
                ranks = [typed.types[k].rank for k in operands if k is not None]
                values.append(_applied(operator, arguments, ranks, typed.arguments[number]))
    return values[typed.program.output]


def symbol(name: str, shape: tuple[int, ...]) -> sp.Expr:
    """An input: a number, or a matrix, of one column where it is a vector; raises Unavailable."""
    if len(shape) > 2:
        raise Unavailable(f"a tensor of rank {len(shape)}")
    return sp.MatrixSymbol(name, shape[0], shape[1] if len(shape) > 1 else 1) if shape else sp.Symbol(name, real=True)


def derivative(typed: TypedProgram, name: str) -> sp.Expr:
    """sympy's derivative of the program's value by an input; raises Unavailable, or what sympy raises."""
    value = expression(typed)
    if typed.output.rank:
        raise Unavailable("a Jacobian, where the value is no number")
    shape = typed.types[typed.program.inputs()[name]].shape
    return value.diff(symbol(name, shape))


def evaluate(found: sp.Expr, inputs: Mapping[str, Array], shape: tuple[int, ...]) -> Array:
    """What a derivative comes to at numbers, in the shape of the input that it is by; raises where sympy does."""
    numbers = {
        symbol(name, x.shape): sp.Matrix(x.reshape(x.shape[0], -1)) if x.ndim else sp.Float(float(x))
        for name, x in inputs.items()
    }
    result = found.subs(numbers).doit()
    if isinstance(result, sp.MatrixExpr):
        result = result.as_explicit()
    entries = result.tolist() if hasattr(result, "tolist") else [[result]]
    return np.array(entries, dtype=np.float64).reshape(shape)


def _matmul(x: sp.Expr, y: sp.Expr, ranks: list[int]) -> sp.Expr:
    product = (x.T if ranks[0] == 1 else x) * y
    return product.T if ranks == [1, 2] else product


def _number(x: sp.Expr) -> sp.Expr:
    """A matrix of one entry, as an inner product is, where sympy needs a number."""
    return sp.Trace(x) if isinstance(x, sp.MatrixExpr) else x


def _plus(x: sp.Expr, y: sp.Expr, ranks: list[int]) -> sp.Expr:
    if ranks[0] != ranks[1]:
        raise Unavailable("broadcasting")
    if ranks[0] or (isinstance(x, sp.MatrixExpr) and isinstance(y, sp.MatrixExpr)):
        return x + y
    return _number(x) + _number(y)


def _times(x: sp.Expr, y: sp.Expr, ranks: list[int]) -> sp.Expr:
    x, y = (z if rank else _number(z) for z, rank in zip((x, y), ranks, strict=True))
    return x * y if 0 in ranks else sp.HadamardProduct(x, y)


def _over(x: sp.Expr, y: sp.Expr, ranks: list[int]) -> sp.Expr:
    if ranks[1]:
        raise Unavailable("a quotient of matrices entry by entry")
    return (x if ranks[0] else _number(x)) / _number(y)


def _power(x: sp.Expr, y: sp.Expr, ranks: list[int]) -> sp.Expr:
    if ranks[1]:
        raise Unavailable("a power of a matrix")
    return sp.HadamardPower(x, y) if ranks[0] else _number(x) ** _number(y)


def _total(x: sp.Expr, ranks: list[int]) -> sp.Expr:
    if not ranks[0]:
        return x
    return sp.Trace(sp.OneMatrix(1, x.shape[0]) * x * sp.OneMatrix(x.shape[1], 1))


def _each(function: Callable[[sp.Expr], sp.Expr]) -> Callable[..., sp.Expr]:
    def applied(x: sp.Expr, ranks: list[int]) -> sp.Expr:
        return x.applyfunc(function) if ranks[0] else function(_number(x))

    return applied


#: The operators that sympy's matrix expressions have a word for.
_WORDS: dict[str, Callable[..., sp.Expr]] = {
    "matmul": _matmul, "dot": _matmul, "outer": lambda x, y, _: x * y.T,
    "add": _plus, "sub": lambda x, y, ranks: _plus(x, -y, ranks), "mul": _times, "div": _over, "pow": _power,
    "neg": lambda x, _: -x, "square": lambda x, ranks: _power(x, sp.Integer(2), [*ranks, 0]),
    "T": lambda x, _: x.T, "inv": lambda x, _: x.I, "det": lambda x, _: sp.Determinant(x),
    "logdet": lambda x, _: sp.log(sp.Determinant(x)), "trace": lambda x, _: sp.Trace(x),
    "diag": lambda x, _: sp.diagonalize_vector(x) if x.shape[1] == 1 else sp.DiagonalOf(x),
    "kron": lambda x, y, _: sp.KroneckerProduct(x, y), "sum": _total,
    "norm": lambda x, _: sp.sqrt(sp.Trace(x.T * x)),
    "exp": _each(sp.exp), "log": _each(sp.log), "abs": _each(sp.Abs), "tanh": _each(sp.tanh), "sqrt": _each(sp.sqrt),
}  # fmt: skip


def _applied(operator: str, given: list[Any], ranks: list[int], arguments: Mapping[str, Any]) -> sp.Expr:
    if operator not in _WORDS:
        raise Unavailable(operator)
    if arguments.get("dim") not in (None, ()):
        raise Unavailable(f"{operator} along a dimension")
    return _WORDS[operator](*given, ranks)
