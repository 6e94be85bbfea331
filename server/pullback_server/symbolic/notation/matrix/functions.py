"""Functions of index notation as operators of our own language, on whole tensors."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from ....operators import BY_FUNCTION
from ...primitives import MATRIX_FUNCTIONS
from ..words import RECIPROCALS
from .building import add, product, transpose
from .tree import Call, Infix, NoMatrixForm, Number, Power, Tree


@cache
def names() -> dict[str, str]:
    """The operator of each scalar function, by the function's name in index notation."""
    return {f: row.name for f, row in BY_FUNCTION.items() if not any(p.required for p in row.parameters.literals)}


def _one_over(function: str) -> Callable[[Tree], Tree]:
    return lambda x: product(below=(Call(function, (x,), x.rank),))


def _polygamma(n: Tree, x: Tree) -> Tree:
    """The order is a literal; the function of order 0 has another name."""
    if not isinstance(n, Number) or n.value.denominator != 1:
        raise NoMatrixForm("a polygamma function whose order is not an integer")
    order = int(n.value)
    return Call("polygamma", (x,), x.rank, (("n", order),)) if order else Call("digamma", (x,), x.rank)


#: Scalar functions whose name is not an operator's.
FORMS: dict[str, Callable[..., Tree]] = {
    "add": add,
    "mul": product,
    "pow": Power,
    "polygamma": _polygamma,
    "remainder": lambda a, b: Infix("%", a, b),
    **{name: _one_over(of) for name, of in RECIPROCALS.items()},
}


def of_matrix(kind: str, x: Tree) -> Tree:
    """A function of a matrix."""
    if kind == "cofactor":
        return product(of_matrix("det", x), transpose(of_matrix("inv", x)))
    row = MATRIX_FUNCTIONS[kind]
    name, *options = row.call
    return Call(name, (x,), len(row.axes), tuple(options))
