"""What functions of index notation are called in our own language, as operators on whole tensors."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from ....operators import BY_FUNCTION
from .building import add, product, turned
from .tree import Call, Infix, NoMatrixForm, Number, Option, Power, Tree


@cache
def names() -> dict[str, str]:
    """The operator of each scalar function, by the function's name in index notation."""
    return {f: row.name for f, row in BY_FUNCTION.items() if not any(p.required for p in row.parameters.literals)}


def _one_over(function: str) -> Callable[[Tree], Tree]:
    return lambda x: product(below=(Call(function, (x,), x.rank),))


def _polygamma(n: Tree, x: Tree) -> Tree:
    """The order is a literal; that of order 0 has a name of its own."""
    if not isinstance(n, Number) or n.value.denominator != 1:
        raise NoMatrixForm("a polygamma function of an order that is no whole number")
    order = int(n.value)
    return Call("polygamma", (x,), x.rank, (("n", order),)) if order else Call("digamma", (x,), x.rank)


#: Scalar functions that are no operator's name.
FORMS: dict[str, Callable[..., Tree]] = {
    "add": add,
    "mul": product,
    "pow": Power,
    "polygamma": _polygamma,
    "remainder": lambda a, b: Infix("%", a, b),
    "sec": _one_over("cos"),
    "csc": _one_over("sin"),
    "cot": _one_over("tan"),
    "sech": _one_over("cosh"),
    "csch": _one_over("sinh"),
    "coth": _one_over("tanh"),
}

#: Reductions by their kinds.
REDUCTIONS = {"max": "amax", "min": "amin", "prod": "prod", "logsumexp": "logsumexp"}


def _called(name: str, rank: int) -> Callable[[Tree], Tree]:
    return lambda x: Call(name, (x,), rank)


def _result(name: str, number: int, rank: int, *options: tuple[str, Option]) -> Callable[[Tree], Tree]:
    """One of several results, such as `eigh(A)[1]`."""
    return lambda x: Call(name, (x,), rank, (*options, ("output", number)))


#: Functions of a matrix by their kinds.
MATRIX_FUNCTIONS: dict[str, Callable[[Tree], Tree]] = {
    "inv": _called("inv", 2),
    "pinv": _called("pinv", 2),
    "det": _called("det", 0),
    "logdet": _called("logdet", 0),
    "cofactor": lambda x: product(Call("det", (x,), 0), turned(Call("inv", (x,), 2))),
    "logabsdet": _result("slogdet", 1, 0),
    "eigenvalues": _called("eigvalsh", 1),
    "eigenvectors": _result("eigh", 1, 2),
    "singular_values": _called("svdvals", 1),
    "left_vectors": _result("svd", 0, 2, ("full_matrices", False)),
    "right_vectors": _result("svd", 2, 2, ("full_matrices", False)),
}
