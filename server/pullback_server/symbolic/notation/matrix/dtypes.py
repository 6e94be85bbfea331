"""Which matrix expressions have the inputs' floating dtype, and which are conditions, counts or bare numbers.

The latter may be multiplied with a tensor, but not contracted with one; and a fraction by itself is a float32.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from ....index_notation.functions import CONDITIONS
from . import tree as trees
from .building import product
from .functions import names
from .tree import Call, Tree

#: Operators whose result has the dtype of their operands.
DTYPE_PRESERVING = {
    "sum", "prod", "amax", "amin", "max", "min", "diag", "trace", "outer", "abs", "sign", "mT", "getitem", "roll",
    "reshape", "flatten", "unflatten", "pad",
}  # fmt: skip
#: Operators whose result holds integers.
INTEGER_VALUED = {"arange"}


@cache
def _conditions() -> frozenset[str]:
    return frozenset({names().get(c.__name__, "") for c in CONDITIONS} | {"all", "any"})


def floating(tree: Tree) -> bool:
    """Whether a tree has the inputs' dtype.

    >>> floating(trees.Infix(">", trees.Name("x", 1), trees.Name("y", 1)))
    False
    """
    match tree:
        case trees.Name():
            return tree.floating
        case trees.Constant() | trees.Number() | trees.Length():
            return False
        case trees.Infix(symbol, left, right):
            return symbol == "%" and (floating(left) or floating(right))
        case trees.Transpose(of) | trees.Subscript(of):
            return floating(of)
        case trees.Product():
            return any(map(floating, (*tree.scalars, *tree.under, *tree.factors, *tree.below)))
        case trees.Sum(several) | trees.MatMul(several):
            return any(map(floating, several))
        case trees.Power(base):
            return floating(base)
        case Call("where", (_, *branches)):
            return any(t is not None and floating(t) for t in branches)
        case Call(function, operands) if function in _conditions() or function in INTEGER_VALUED:
            return False
        case Call("getitem", (of, *indices)) if of is not None:
            # A constant is a float32 at indices that are an input's.
            return floating(of) and not (indices and _constant(of))
        case Call(function, operands) if function in DTYPE_PRESERVING:
            return any(t is not None and floating(t) for t in operands)
    return True


def _constant(tree: Tree) -> bool:
    return not isinstance(tree, trees.Name | trees.Length) and all(map(_constant, trees.children(tree)))


def inexact(tree: Tree) -> bool:
    """Whether a choice between numbers has one that float32 would round."""
    match tree:
        case Call("where", (_, *branches)):
            return not floating(tree) and any(t is not None and inexact(t) for t in branches)
        case trees.Number(value):
            return value.denominator & (value.denominator - 1) != 0
    return False


def scale_branches(choice: Tree, by: Tree) -> Tree:
    """A choice between numbers times a tensor: `where(x > 0, v, 0.01*v)`."""
    match choice:
        case Call("where", (condition, *branches)):
            return Call("where", (condition, *(scale_branches(t, by) for t in branches if t is not None)), by.rank)
    return product(choice, by)


def as_floating(tree: Tree) -> Tree:
    """A condition as a number, 1.0 where it holds and else 0.0; any other tree as it is."""
    if isinstance(tree, trees.Infix | trees.Name) and not floating(tree):
        one, zero = (trees.Number(Fraction(k), True) for k in (1, 0))
        return Call("where", (tree, one, zero), tree.rank)
    return tree
