"""Products, powers, transposes and brackets of vectors and matrices, as in mathematics.

A vector is a column, its transpose a row: `x^T y` is a number, `x y^T` a matrix. In the language both are tensors of
rank 1, so that the product is `@` or `outer`.
"""

from __future__ import annotations

from dataclasses import replace

from ...program import Place
from .refusals import Misshapen
from .values import Assembly, Value


def product(assembly: Assembly, kind: str, x: Value, y: Value, column: int) -> Value:
    """`x y` as a product of a kind: `juxtaposed`, `times`, `dot`, `entrywise` or `matmul`."""
    if not x.rank or not y.rank:
        return _scale(assembly, x, y, column)
    for special, other in ((x, y), (y, x)):
        if special.special == "I" and other.operand is not None:
            return other if special.factor is None else _scale(assembly, special.factor, other, column)
    x, y = assembly.with_size(x, y.type, column), assembly.with_size(y, x.type, column)
    if kind == "entrywise":
        return assembly.operate("*", column, x, y, row=x.row and y.row)
    if kind == "matmul":
        return assembly.operate("@", column, x, y)
    match x.rank, y.rank:
        case 1, 1 if y.row and not x.row:
            return assembly.apply("outer", column, x, y)
        case 1, 1 if kind == "times" and x.row == y.row:
            return assembly.operate("*", column, x, y, row=x.row)
        case (1 | 2, 1) | (2, 2):
            return assembly.operate("@", column, x, y)
        case 1, 2:
            return assembly.operate("@", column, x, y, row=True)
    return assembly.operate("*", column, x, y)


def power(assembly: Assembly, x: Value, exponent: Value, column: int, entrywise: bool = False) -> Value:
    """x to a power: of a matrix its powers and its inverse, of anything else entry by entry."""
    if x.operand is None:
        raise Misshapen("the identity cannot be raised to a power: write the result", Place(1, column))
    number = exponent.operand.value if exponent.operand is not None and not isinstance(exponent.operand, int) else None
    if x.rank == 2 and not entrywise and type(number) is int:
        if number == -1:
            return assembly.apply("inv", column, x)
        return assembly.apply("matrix_power", column, x, n=number)
    return assembly.operate("**", column, x, exponent, row=x.row)


def transpose(assembly: Assembly, x: Value, column: int) -> Value:
    """The transpose: of a column the row, of a number the number itself."""
    match x.rank:
        case 0:
            return x
        case 1:
            return replace(x, row=not x.row)
    return x if x.special else assembly.apply("T", column, x)


def absolute(assembly: Assembly, x: Value, column: int) -> Value:
    """`|x|`: of a number its absolute value, of a vector its length, of a square matrix its determinant."""
    if x.rank > 2:
        raise Misshapen(f"`|x|` is not defined for a tensor of rank {x.rank}", Place(1, column))
    return assembly.apply(("abs", "norm", "det")[x.rank], column, x)


def norm(assembly: Assembly, x: Value, kind: str, column: int) -> Value:
    """`||x||` with its subscript: the Euclidean length without one, or the one that is named."""
    size = assembly.apply("abs", column, x)
    if x.rank == 0:
        return size
    reduction = {"1": "sum", "\\infty": "amax"}.get(kind)
    return assembly.apply(reduction, column, size) if reduction else assembly.apply("norm", column, x)


def add(assembly: Assembly, symbol: str, x: Value, y: Value, column: int) -> Value:
    """`x + y` or `x - y`; an identity has the size of the other part."""
    x, y = assembly.with_size(x, y.type, column), assembly.with_size(y, x.type, column)
    return assembly.operate(symbol, column, x, y, row=x.row or y.row)


def _scale(assembly: Assembly, x: Value, y: Value, column: int) -> Value:
    """A product of which one part at least is a number."""
    for special, other in ((x, y), (y, x)):
        if special.special:
            factor = other if special.factor is None else _scale(assembly, special.factor, other, column)
            return replace(special, factor=factor)
    return assembly.operate("*", column, x, y, row=x.row or y.row)
