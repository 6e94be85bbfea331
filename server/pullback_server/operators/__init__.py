"""The operator table: one row for each operator, one module for each family; all else is derived from it."""

from . import (
    activations,
    arithmetic,
    conditions,
    decompositions,
    diagonals,
    distances,
    elementwise,
    factories,
    joining,
    layers,
    linear,
    losses,
    moments,
    normalization,
    norms,
    pairs,
    products,
    ranking,
    rearranging,
    reductions,
    rounding,
    scans,
    selecting,
    selection,
    special,
    vector_losses,
    windows_convolution,
    windows_padding,
    windows_pooling,
)
from .lifting import Lifted
from .operator import Kink, NoClosedForm, OperandError, Operator

#: The families, easy to hard.
FAMILIES = (
    arithmetic, elementwise, rounding, pairs, activations, special, conditions, selection,
    reductions, ranking, moments, scans, norms, distances,
    linear, products, diagonals, decompositions,
    selecting, rearranging, joining, factories,
    layers, normalization, losses, vector_losses, windows_convolution, windows_pooling, windows_padding,
)  # fmt: skip

#: Every operator, family by family.
TABLE: tuple[Operator, ...] = tuple(row for family in FAMILIES for row in family.OPERATORS)

#: The operators by each of their names.
BY_NAME: dict[str, Operator] = {name: row for row in TABLE for name in (row.name, *row.aliases)}

#: The operators whose sympy column is one function, by that function's name in index notation and in plans.
BY_FUNCTION: dict[str, Operator] = {
    row.sympy.scalar.__name__: row
    for row in TABLE
    if isinstance(row.sympy, Lifted) and isinstance(row.sympy.scalar, type)
}

#: The operators that have a symbol: by the symbol and the number of operands.
BY_SYMBOL: dict[tuple[str, int], Operator] = {
    (row.symbol, len(row.parameters.tensors)): row for row in TABLE if row.symbol
}

__all__ = ["BY_FUNCTION", "BY_NAME", "BY_SYMBOL", "TABLE", "Kink", "NoClosedForm", "OperandError", "Operator"]
