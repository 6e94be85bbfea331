"""Functions of a matrix without a scalar formula: their derivatives in terms of themselves and of one another.

Each is the derivative of the result's entry at its axes i and j with respect to the matrix's entry at k and m, all
entries being independent. Sources: K. B. Petersen and M. S. Pedersen, The Matrix Cookbook (2012), sections 2.1, 2.2;
G. H. Golub and V. Pereyra (1973) for the pseudoinverse of constant rank; M. B. Giles (2008) for eigen- and singular
values, which must be simple where vectors are differentiated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sympy as sp

from ...index_notation.expressions import Delta, Entry, Reduction
from ...index_notation.functions import equal, where
from ...index_notation.index_program import Definition, IndexProgram

Derivative = tuple[sp.Expr, tuple[Definition, ...]]


def _batch(definition: Definition) -> tuple[sp.Symbol, ...]:
    """The axes of a function of matrices before the result's."""
    return definition.axes[: len(definition.axes) - len(definition.result_axes)]


def _value(definition: Definition, *indices: sp.Expr) -> Entry:
    """The entry of a function of matrices at other indices of its result."""
    return Entry(definition.name, *_batch(definition), *indices)


def _other_function(definition: Definition, kind: str, axes: tuple[sp.Symbol, ...]) -> Definition:
    """Another function of the same matrix, whose result has these axes."""
    name, axes_with_batch = f"{definition.name}#{kind}", (*_batch(definition), *axes)
    return replace(definition, name=name, kind=kind, axes=axes_with_batch, result_rank=len(axes))


def _definition(
    definition: Definition, name: str, axes: tuple[sp.Symbol, ...], body: sp.Expr, *bound: sp.Symbol
) -> Definition:
    """A definition of plain arithmetic beside a function of a matrix."""
    batch = _batch(definition)
    return Definition(f"{definition.name}#{name}", (*batch, *axes), body, "sum" if bound else "", bound, None)


def _at(definition: Definition, function: Definition, *indices: sp.Expr) -> Entry:
    """The entry of a definition from `_definition` or `_other_function` beside this function of matrices."""
    return Entry(definition.name, *_batch(function), *indices)


def _inverse(y: Definition, _: IndexProgram) -> Derivative:
    (i, j), (k, m) = y.result_axes, y.bound
    return -_value(y, i, k) * _value(y, m, j), ()


def _determinant(y: Definition, program: IndexProgram) -> Derivative:
    k, m = y.bound
    inverse = _other_function(y, "inv", (program.index(k), program.index(m)))
    cofactor = _other_function(y, "cofactor", (program.index(k), program.index(m)))
    return _at(cofactor, y, k, m), (inverse, cofactor)


def _log_determinant(y: Definition, program: IndexProgram) -> Derivative:
    k, m = y.bound
    inverse = _other_function(y, "inv", (program.index(k), program.index(m)))
    return _at(inverse, y, m, k), (inverse,)


def _pseudoinverse(y: Definition, program: IndexProgram) -> Derivative:
    """`-P dA P + P P' dA' (I - A P) + (I - P A) dA' P' P`."""
    (i, j), (k, m) = y.result_axes, y.bound
    a, b, c, d = program.index(m), program.index(m), program.index(k), program.index(k)
    rows, columns = program.index(k), program.index(m)
    matrix = y.body.xreplace
    left = _definition(y, "left", (a, b), _value(y, a, rows) * _value(y, b, rows), rows)
    right = _definition(y, "right", (c, d), _value(y, columns, c) * _value(y, columns, d), columns)
    onto = _definition(y, "onto", (c, d), matrix({k: c, m: columns}) * _value(y, columns, d), columns)
    along = _definition(y, "along", (a, b), _value(y, a, rows) * matrix({k: rows, m: b}), rows)
    value = (
        -_value(y, i, k) * _value(y, m, j)
        + _at(left, y, i, m) * (Delta(k, j) - _at(onto, y, k, j))
        + (Delta(i, m) - _at(along, y, i, m)) * _at(right, y, k, j)
    )
    return value, (left, right, onto, along)


def _eigenvalue(y: Definition, program: IndexProgram) -> Derivative:
    (a,), (k, m) = y.result_axes, y.bound
    vectors = _other_function(y, "eigenvectors", (program.index(k), program.index(a)))
    return _at(vectors, y, k, a) * _at(vectors, y, m, a), (vectors,)


def _eigenvector(y: Definition, program: IndexProgram) -> Derivative:
    (i, a), (k, m) = y.result_axes, y.bound
    values = _other_function(y, "eigenvalues", (program.index(a),))
    gap, c = _gap(y, program, _at(values, y, a))
    # Only symmetric changes of the matrix count, as autograd has it: half for either triangle.
    change = _value(y, k, c) * _value(y, m, a) + _value(y, m, c) * _value(y, k, a)
    term = _value(y, i, c) * change * _at(gap, y, a, c) / 2
    return Reduction("sum", term, c), (values, gap)


def _singular_value(y: Definition, program: IndexProgram) -> Derivative:
    (a,), (k, m) = y.result_axes, y.bound
    left = _other_function(y, "left_vectors", (program.index(k), program.index(a)))
    right = _other_function(y, "right_vectors", (program.index(a), program.index(m)))
    return _at(left, y, k, a) * _at(right, y, a, m), (left, right)


def _left_vector(y: Definition, program: IndexProgram) -> Derivative:
    (i, a), (k, m) = y.result_axes, y.bound
    right = _other_function(y, "right_vectors", (program.index(a), program.index(m)))
    return _of_vector(y, program, (a, i, k, m), lambda p, c: _value(y, p, c), lambda c, q: _at(right, y, c, q), right)


def _right_vector(y: Definition, program: IndexProgram) -> Derivative:
    (a, j), (k, m) = y.result_axes, y.bound
    left = _other_function(y, "left_vectors", (program.index(k), program.index(a)))
    return _of_vector(y, program, (a, j, m, k), lambda p, c: _value(y, c, p), lambda c, q: _at(left, y, q, c), left)


def _of_vector(
    y: Definition,
    program: IndexProgram,
    indices: tuple[sp.Symbol, ...],
    vector: Callable[[sp.Expr, sp.Expr], sp.Expr],
    other: Callable[[sp.Expr, sp.Expr], sp.Expr],
    opposite: Definition,
) -> Derivative:
    """The derivative of entry i of singular vector a: its part in the span of the vectors, and its part outside.

    It is with respect to the matrix's entry at k along the vectors of this side and m along those of the opposite one.
    """
    a, i, k, m = indices
    values = _other_function(y, "singular_values", (program.index(a),))
    gap, c = _gap(y, program, _at(values, y, a) ** 2)
    s_a, s_c = _at(values, y, a), _at(values, y, c)
    inside = vector(i, c) * (vector(k, c) * other(a, m) * s_a + other(c, m) * vector(k, a) * s_c) * _at(gap, y, a, c)
    p, q = program.index(k), program.index(k)
    span = _definition(y, "span", (p, q), vector(p, c) * vector(q, c), c)
    outside = (Delta(i, k) - _at(span, y, i, k)) * other(a, m) / s_a
    return Reduction("sum", inside, c) + outside, (opposite, values, gap, span)


def _gap(y: Definition, program: IndexProgram, value: sp.Expr) -> tuple[Definition, sp.Symbol]:
    """`1/(value[a] - value[c])`, 0 on the diagonal, with an index c to sum over."""
    a = next(s for s in y.result_axes if s in value.free_symbols)
    b, c = program.index(a), program.index(a)
    difference = value.xreplace({a: b}) - value.xreplace({a: c})
    return _definition(y, "gap", (b, c), where(equal(b, c), 0, 1 / difference)), c


#: The derivative of each kind, with the definitions that it needs.
DERIVATIVES: dict[str, Callable[[Definition, IndexProgram], Derivative]] = {
    "inv": _inverse,
    "det": _determinant,
    "logdet": _log_determinant,
    "logabsdet": _log_determinant,
    "pinv": _pseudoinverse,
    "eigenvalues": _eigenvalue,
    "eigenvectors": _eigenvector,
    "singular_values": _singular_value,
    "left_vectors": _left_vector,
    "right_vectors": _right_vector,
}
