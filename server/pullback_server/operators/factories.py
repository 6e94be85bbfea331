"""Tensors made from a shape alone: they take the dtype of what they are combined with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
import torch

from ..index_notation import exact
from ..index_notation.expressions import Delta
from ..index_notation.index_program import IndexProgram, IndexTensor, index_of
from ..program import TensorType
from .operator import Operator
from .reference import factories as references
from .shape_rules import factories as shapes
from .shape_rules.factories import Number, arange_count
from .shape_rules.rearranging import as_tuple


def _fill_form(program: IndexProgram, shape: tuple[int, ...], value: Number) -> IndexTensor:
    return IndexTensor(tuple(map(program.axis, shape)), exact.fraction(value))


def constants(name: str, value: int, doc: str) -> tuple[Operator, Operator]:
    """`zeros` and `zeros_like`, or `ones` and `ones_like`."""
    of_size = Operator(
        name=name, family="shapes", signature="*size: integers", doc=doc, source=f"torch.{name}",
        shape=lambda *, size: shapes.of_size(as_tuple(size)),
        torch=lambda *, size: torch.full(as_tuple(size), value, dtype=torch.float64),
        sympy=lambda program, *, size: _fill_form(program, as_tuple(size), value),
        reference=lambda *, size: references.full(as_tuple(size), value),
        samples=(f"x + {name}(2, 3)", f"{name}((3,)) * u", f"{name}(x.shape[0], 4) * c", f"x @ {name}(3, 2)",
                 f"{name}(()) * s", f"z * {name}(0, 3)", f"{name}(size=(2, 1)) * x"),
        error_inputs=(f"x + {name}(-1, 3)", f"x + {name}(4)", f"x + {name}(0.5)", f"x + {name}(y)"),
    )  # fmt: skip
    like = Operator(
        name=f"{name}_like", family="shapes", signature="x", doc=f"{doc[:-1]}, in the shape and dtype of x.",
        source=f"torch.{name}_like",
        shape=lambda x: TensorType(x.dtype, x.shape, x.weak),
        torch=lambda x: torch.full_like(x, value),
        sympy=lambda _, x: IndexTensor(x.axes, sp.Integer(value)),
        reference=lambda x: references.full(x.shape, value),
        samples=tuple(f"{t} + {name}_like({t})" for t in ("x", "s", "c", "z", "C")),
        error_inputs=(f"{name}_like()", f"{name}_like(x, y)"),
    )  # fmt: skip
    return of_size, like


def _eye_form(program: IndexProgram, *, n: int, m: int | None) -> IndexTensor:
    i, j = program.axis(n), program.axis(n if m is None else m)
    return IndexTensor((i, j), Delta(index_of(i), index_of(j)))


def _arange(*, start: Number, end: Number | None, step: Number) -> torch.Tensor:
    first, count = arange_count(start, end, step)
    return first + step * torch.arange(count, dtype=torch.float64)


def _arange_form(program: IndexProgram, *, start: Number, end: Number | None, step: Number) -> IndexTensor:
    first, count = arange_count(start, end, step)
    i = program.axis(count)
    return IndexTensor((i,), exact.fraction(first) + exact.fraction(step) * index_of(i))


def _linspace_form(program: IndexProgram, *, start: Number, end: Number, steps: int) -> IndexTensor:
    i = program.axis(steps)
    if i is None or steps == 0:
        return IndexTensor((i,), exact.fraction(start))
    stride = (exact.fraction(end) - exact.fraction(start)) / (steps - 1)
    return IndexTensor((i,), exact.fraction(start) + stride * i)


def row(name: str, signature: str, shape: Callable[..., TensorType], *columns: Any, doc: str, **more: Any) -> Operator:
    """A constant; the columns are torch's, sympy's and the reference's."""
    torch_column, sympy_column, reference = columns
    return Operator(
        name=name, family="shapes", signature=signature, shape=shape, torch=torch_column, sympy=sympy_column,
        reference=reference, doc=doc, source=f"torch.{name}", **more,
    )  # fmt: skip


# fmt: off
OPERATORS = (
    *constants("zeros", 0, "Zeros."),
    *constants("ones", 1, "Ones."),
    row("full", "size: integers, fill_value: number", shapes.full,
        lambda *, size, fill_value: torch.full(as_tuple((size,)), fill_value, dtype=torch.float64),
        lambda program, *, size, fill_value: _fill_form(program, as_tuple((size,)), fill_value),
        lambda *, size, fill_value: references.full(as_tuple((size,)), fill_value),
        doc="A number in every entry.",
        samples=("x * full((2, 3), 0.5)", "full((3,), 2) * u", "full((), 0.1) * s", "full(3, 1.5) @ u"),
        error_inputs=("full((2,), x)", "full((-1,), 1.0) * s", "full((2, 3)) * x")),
    row("full_like", "x, fill_value: number", shapes.full_like,
        lambda x, *, fill_value: torch.full_like(x, fill_value),
        lambda _, x, *, fill_value: IndexTensor(x.axes, exact.fraction(fill_value)),
        lambda x, *, fill_value: references.full(x.shape, fill_value),
        doc="A number in every entry, in the shape and dtype of x.",
        samples=("x * full_like(x, 0.5)", "full_like(s, 2) * s", "z + full_like(z, 1)"),
        error_inputs=("full_like(x)", "full_like(x, y)")),
    row("eye", "n: integer, m: integer = None", shapes.eye,
        lambda *, n, m: torch.eye(n, n if m is None else m, dtype=torch.float64), _eye_form, references.eye,
        doc="The identity matrix, or ones on the diagonal of n rows and m columns.", aliases=("identity",),
        samples=("A + eye(3)", "eye(x.shape[1]) @ u", "x @ eye(3, 4)", "eye(1) * s", "eye(2, 3) * x",
                 "trace(A @ (2*eye(3)))", "eye(0, 3) + z"),
        error_inputs=("eye(-1) * s", "A + eye(4)", "eye(x)", "eye(0.5)")),
    row("arange", "start: number, end: number = None, step: number = 1", shapes.arange, _arange, _arange_form,
        references.arange,
        doc="start, start + step and so on, up to but excluding the end; from 0 with one argument.",
        samples=("arange(3) * u", "arange(1, 4) * u", "arange(0, 1, 0.25) * w", "x * arange(x.shape[1])",
                 "arange(3, 0, -1) @ (1.0*u)", "arange(1) * s"),
        error_inputs=("arange(3, 0) * u", "arange(0, 3, 0) * u", "arange(u)", "arange(4) * u")),
    row("linspace", "start: number, end: number, steps: integer", shapes.linspace,
        lambda *, start, end, steps: torch.linspace(start, end, steps, dtype=torch.float64), _linspace_form,
        references.linspace,
        doc="Evenly spaced numbers from start to end, both included.",
        samples=("linspace(0, 1, 3) * u", "linspace(-1, 2, 4) * w", "linspace(0.5, 1, 1) * s", "x @ linspace(0, 1, 3)"),
        error_inputs=("linspace(0, 1) * u", "linspace(0, 1, -1) * u", "linspace(0, u, 3)")),
)
# fmt: on
