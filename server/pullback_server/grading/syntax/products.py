"""Products, powers, transposes and brackets of vectors and matrices, as mathematics reads them.

A vector is a column, its transpose a row: `x^T y` is a number, `x y^T` a matrix. In our language both are tensors of
rank 1, so that the reading chooses between `@` and `outer`.
"""

from __future__ import annotations

from dataclasses import replace

from ...program import Place
from .refusals import Misshapen
from .values import Assembly, Value


def product(building: Assembly, kind: str, x: Value, y: Value, column: int) -> Value:
    """`x y` side by side or with a sign between: `juxtaposed`, `times`, `dot`, `cross`, `entrywise` or `matmul`."""
    if not x.rank or not y.rank:
        return _scaled(building, x, y, column)
    for special, other in ((x, y), (y, x)):
        if special.special == "I" and other.operand is not None:
            return other if special.factor is None else _scaled(building, special.factor, other, column)
    x, y = building.sized(x, y.type, column), building.sized(y, x.type, column)
    if kind == "entrywise":
        return building.signed("*", column, x, y, row=x.row and y.row)
    if kind == "matmul":
        return building.signed("@", column, x, y)
    match x.rank, y.rank:
        case 1, 1 if x.row and not y.row:
            return building.signed("@", column, x, y)
        case 1, 1 if y.row and not x.row:
            return building.apply("outer", column, x, y)
        case 1, 1 if kind in ("dot", "juxtaposed"):
            return building.signed("@", column, x, y)
        case 1, 1:
            return building.signed("*", column, x, y, row=x.row)
        case 2, 1:
            return building.signed("@", column, x, y)
        case 1, 2:
            return building.signed("@", column, x, y, row=True)
        case 2, 2:
            return building.signed("@", column, x, y)
    return building.signed("*", column, x, y)


def power(building: Assembly, x: Value, exponent: Value, column: int, entrywise: bool = False) -> Value:
    """x to a power: of a matrix its powers and its inverse, of anything else entry by entry."""
    if x.operand is None:
        raise Misshapen("a power of the identity: write what it comes to", Place(1, column))
    whole = exponent.operand.value if exponent.operand is not None and not isinstance(exponent.operand, int) else None
    if x.rank == 2 and not entrywise and type(whole) is int:
        if whole == -1:
            return building.apply("inv", column, x)
        return building.apply("matrix_power", column, x, n=whole)
    return building.signed("**", column, x, exponent, row=x.row)


def transposed(building: Assembly, x: Value, column: int) -> Value:
    """The transpose: of a matrix its own, of a column the row, of a number itself."""
    match x.rank:
        case 0:
            return x
        case 1:
            return replace(x, row=not x.row)
    return x if x.special else building.apply("T", column, x)


def absolute(building: Assembly, x: Value, column: int) -> Value:
    """`|x|`: of a number its absolute value, of a vector its length, of a square matrix its determinant."""
    match x.rank:
        case 0:
            return building.apply("abs", column, x)
        case 1:
            return building.apply("norm", column, x)
        case 2:
            return building.apply("det", column, x)
    raise Misshapen("bars around a tensor", Place(1, column))


def norm(building: Assembly, x: Value, kind: str, column: int) -> Value:
    """`||x||` with its subscript: the Euclidean length without one, or the one that is named."""
    if x.rank == 0:
        return building.apply("abs", column, x)
    size = building.apply("abs", column, x)
    match kind:
        case "1":
            return building.apply("sum", column, size)
        case "\\infty":
            return building.apply("amax", column, size)
    return building.apply("norm", column, x)


def summed(building: Assembly, sign: str, x: Value, y: Value, column: int) -> Value:
    """`x + y` or `x - y`; an identity has the size of the other part."""
    x, y = building.sized(x, y.type, column), building.sized(y, x.type, column)
    return building.signed(sign, column, x, y, row=x.row or y.row)


def _scaled(building: Assembly, x: Value, y: Value, column: int) -> Value:
    """A product of which one part at least is a number."""
    for special, other in ((x, y), (y, x)):
        if special.special:
            factor = other if special.factor is None else _scaled(building, special.factor, other, column)
            return replace(special, factor=factor)
    return building.signed("*", column, x, y, row=x.row or y.row)
