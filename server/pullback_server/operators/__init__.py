"""The operator table: one row an operator, a module a family; everything else is derived from it."""

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

#: Every operator, family by family, easy to hard.
TABLE: tuple[Operator, ...] = (
    *arithmetic.OPERATORS,
    *elementwise.OPERATORS,
    *rounding.OPERATORS,
    *pairs.OPERATORS,
    *activations.OPERATORS,
    *special.OPERATORS,
    *conditions.OPERATORS,
    *selection.OPERATORS,
    *reductions.OPERATORS,
    *ranking.OPERATORS,
    *moments.OPERATORS,
    *scans.OPERATORS,
    *norms.OPERATORS,
    *distances.OPERATORS,
    *linear.OPERATORS,
    *products.OPERATORS,
    *diagonals.OPERATORS,
    *decompositions.OPERATORS,
    *selecting.OPERATORS,
    *rearranging.OPERATORS,
    *joining.OPERATORS,
    *factories.OPERATORS,
    *layers.OPERATORS,
    *normalization.OPERATORS,
    *losses.OPERATORS,
    *vector_losses.OPERATORS,
    *windows_convolution.OPERATORS,
    *windows_pooling.OPERATORS,
    *windows_padding.OPERATORS,
)

#: The operators by each of their names.
BY_NAME: dict[str, Operator] = {name: row for row in TABLE for name in (row.name, *row.aliases)}

#: The operators whose sympy column is one function, by that function's name in index notation and in plans.
BY_FUNCTION: dict[str, Operator] = {
    row.sympy.scalar.__name__: row
    for row in TABLE
    if isinstance(row.sympy, Lifted) and isinstance(row.sympy.scalar, type)
}

#: The operators that have a sign: by the sign and the number of operands.
BY_SYMBOL: dict[tuple[str, int], Operator] = {
    (row.symbol, len(row.parameters.tensors)): row for row in TABLE if row.symbol
}

__all__ = ["BY_FUNCTION", "BY_NAME", "BY_SYMBOL", "TABLE", "Kink", "NoClosedForm", "OperandError", "Operator"]
