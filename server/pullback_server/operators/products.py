"""Contractions of two and more tensors beside the matrix product: einsum and its kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
import torch

from ..index_notation import exact
from ..index_notation.arithmetic import modulo, quotient
from ..index_notation.index_program import IndexProgram, IndexTensor
from ..program import TensorType
from .linear import matmul_form
from .operator import OperandError, Operator
from .reference.columns import Objects
from .reference.matrices import matmul_reference
from .shape_rules import matrices as shapes
from .shape_rules.common import axis_of, broadcast, promote, reduced_shape, without_bools
from .shape_rules.einsum import contracted, inner_equation, read_equation, tensordot_equation


def _einsum_shape(*operands: TensorType, equation: str) -> TensorType:
    if not operands:
        raise OperandError("einsum of nothing", "one tensor at least")
    labels, out = read_equation(equation, tuple(t.rank for t in operands))
    lengths: dict[str, int] = {}
    for own, t in zip(labels, operands, strict=True):
        for label, n in zip(own, t.shape, strict=True):
            if lengths.setdefault(label, n) == 1:
                lengths[label] = n
            elif n not in (1, lengths[label]):
                raise OperandError(f"`{label}` of lengths {lengths[label]} and {n}", "one length a letter")
    for own, t in zip(labels, operands, strict=True):
        if any(own.count(label) > 1 and n != lengths[label] for label, n in zip(own, t.shape, strict=True)):
            raise OperandError(f"a repeated letter for shape {list(t.shape)}", "equal lengths on a diagonal")
    dtype = shapes.one_floating_dtype("einsum", *operands)
    return TensorType(dtype, tuple(lengths[label] for label in out), all(t.weak for t in operands))


def _einsum(*operands: torch.Tensor, equation: str) -> torch.Tensor:
    return torch.einsum(equation, *operands)


def _einsum_form(program: IndexProgram, *operands: IndexTensor, equation: str) -> IndexTensor:
    labels, out = read_equation(equation, tuple(len(t.axes) for t in operands))
    common: dict[str, sp.Symbol] = {}
    entry: sp.Expr = sp.S.One
    for own, operand in zip(labels, map(program.materialize, operands), strict=True):
        for label, axis in zip(own, operand.axes, strict=True):
            if axis is not None:
                program.same(axis, common.setdefault(label, program.index(axis)))
        entry *= operand.at([common.get(label) for label in own])
    bound = tuple(k for label, k in common.items() if label not in out)
    return program.total(entry, bound, tuple(common.get(label) for label in out))


def _einsum_reference(*operands: Objects, equation: str) -> Objects:
    labels, out = read_equation(equation, tuple(x.ndim for x in operands))
    order = [*out, *sorted({label for own in labels for label in own} - {*out})]
    product: Any = np.ones((1,) * len(order), dtype=object)
    for own, x in zip(labels, operands, strict=True):
        kept = list(dict.fromkeys(own))
        for label in kept:
            while own.count(label) > 1:
                first, second = [k for k, c in enumerate(own) if c == label][:2]
                x = np.diagonal(x, axis1=first, axis2=second)
                own = [*own[:first], *own[first + 1 : second], *own[second + 1 :], label]
        x = x.transpose([own.index(label) for label in order if label in own])
        shape = iter(x.shape)
        product = product * x.reshape([next(shape) if label in own else 1 for label in order])
    return np.asarray(product.sum(axis=tuple(range(len(out), len(order)))), dtype=object)


def _work(result: TensorType, *operands: TensorType) -> int:
    return 2 * result.elements * max((n for t in operands for n in t.shape), default=1)


def _tensordot_shape(a: TensorType, b: TensorType, *, dims: Any) -> TensorType:
    for x, y in zip(*contracted(dims, a.rank, b.rank), strict=True):
        if a.shape[x] != b.shape[y]:
            raise OperandError(f"dimensions of lengths {a.shape[x]} and {b.shape[y]}", "equal lengths are contracted")
    return _einsum_shape(a, b, equation=tensordot_equation(dims, a.rank, b.rank))


def _tensordot_form(program: IndexProgram, a: IndexTensor, b: IndexTensor, *, dims: Any) -> IndexTensor:
    return _einsum_form(program, a, b, equation=tensordot_equation(dims, len(a.axes), len(b.axes)))


def _inner_shape(x: TensorType, y: TensorType) -> TensorType:
    if x.rank and y.rank and x.shape[-1] != y.shape[-1]:
        raise OperandError(f"last dimensions of lengths {x.shape[-1]} and {y.shape[-1]}", "equal last dimensions")
    return _einsum_shape(x, y, equation=inner_equation(x.rank, y.rank))


def _kron_shape(x: TensorType, y: TensorType) -> TensorType:
    rank = max(x.rank, y.rank)
    a, b = ((1,) * (rank - t.rank) + t.shape for t in (x, y))
    return TensorType(promote(x, y), tuple(n * m for n, m in zip(a, b, strict=True)), x.weak and y.weak)


def _kron_form(program: IndexProgram, x: IndexTensor, y: IndexTensor) -> IndexTensor:
    rank = max(len(x.axes), len(y.axes))
    first, second = ((None,) * (rank - len(t.axes)) + t.axes for t in (x, y))
    axes, left, right = list[sp.Symbol | None](), list[sp.Expr | None](), list[sp.Expr | None]()
    for a, b in zip(first, second, strict=True):
        if a is None or b is None:
            new = b if a is None else a
            new = None if new is None else program.index(new)
            at = (None, new) if a is None else (new, None)
        else:
            inner = program.length(b)
            new = program.axis(program.length(a) * inner)
            place = sp.S.Zero if new is None else new
            at = (quotient(place, inner, program), modulo(place, inner, program))
        axes.append(new)
        left.append(at[0])
        right.append(at[1])
    entry = exact.times(x.at(left[rank - len(x.axes) :]), y.at(right[rank - len(y.axes) :]))
    return IndexTensor(tuple(axes), entry)


def _kron_counts(x: TensorType, y: TensorType) -> bool:
    rank = max(x.rank, y.rank)
    a, b = ((1,) * (rank - t.rank) + t.shape for t in (x, y))
    return any(n != 1 and m != 1 for n, m in zip(a, b, strict=True))


def _vecdot_shape(x: TensorType, y: TensorType, *, dim: int) -> TensorType:
    if not (x.rank and y.rank):
        raise OperandError(f"ranks {x.rank} and {y.rank}", "vectors at least")
    dtype = shapes.one_floating_dtype("vecdot", x, y)
    return TensorType(dtype, reduced_shape(broadcast(x, y), dim, False), x.weak and y.weak)


def _summed_form(program: IndexProgram, x: IndexTensor, dim: int) -> IndexTensor:
    return program.reduce("sum", x, (dim % len(x.axes),))


def _cross_shape(x: TensorType, y: TensorType, *, dim: int) -> TensorType:
    if x.rank != y.rank or not x.rank:
        raise OperandError(f"ranks {x.rank} and {y.rank}", "two tensors of one rank, 1 at least")
    axis = axis_of(dim, x.rank)
    if x.shape[axis] != 3 or y.shape[axis] != 3:
        raise OperandError(f"lengths {x.shape[axis]} and {y.shape[axis]} along dimension {axis}", "vectors of length 3")
    if x.dtype is not y.dtype and not (x.weak or y.weak):
        raise OperandError(f"{x.dtype.label} and {y.dtype.label}", "two tensors of one dtype")
    return without_bools(broadcast, "make it a number")(x, y)


def _cross_form(program: IndexProgram, x: IndexTensor, y: IndexTensor, *, dim: int) -> IndexTensor:
    axis = dim % len(x.axes)
    i = program.index(3)
    for t in (x, y):
        assert program.length(t.axes[axis]) == 3
    batch = [IndexTensor(tuple(a for k, a in enumerate(t.axes) if k != axis), t.entry) for t in (x, y)]
    common, entries = program.align(*batch)

    def at(t: IndexTensor, entry: sp.Expr, step: int) -> sp.Expr:
        own = t.axes[axis]
        assert own is not None
        return entry.xreplace({own: modulo(i + step, 3, program)})

    (a, b) = entries
    entry = at(x, a, 1) * at(y, b, 2) - at(x, a, 2) * at(y, b, 1)
    return IndexTensor((*common[:axis], i, *common[axis:]), entry)


def _cross_reference(x: Objects, y: Objects, *, dim: int) -> Objects:
    shape = np.broadcast_shapes(x.shape, y.shape)
    x, y = (np.moveaxis(np.broadcast_to(t, shape), dim, 0) for t in (x, y))
    out = np.stack([x[(k + 1) % 3] * y[(k + 2) % 3] - x[(k + 2) % 3] * y[(k + 1) % 3] for k in range(3)])
    return np.asarray(np.moveaxis(out, 0, dim), dtype=object)


def _kron_reference(x: Objects, y: Objects) -> Objects:
    rank = max(x.ndim, y.ndim)
    x, y = (t.reshape((1,) * (rank - t.ndim) + t.shape) for t in (x, y))
    outer = np.asarray(np.multiply.outer(x, y), dtype=object)
    out = outer.transpose([k for axis in range(rank) for k in (axis, rank + axis)])
    return np.asarray(out.reshape([n * m for n, m in zip(x.shape, y.shape, strict=True)]), dtype=object)


def product(
    name: str,
    ranks: tuple[int, int],
    torch_column: Callable[..., Any],
    doc: str,
    samples: tuple[str, ...],
    error_inputs: tuple[str, ...],
) -> Operator:
    """The matrix product of operands of two given ranks."""

    def rule(x: TensorType, y: TensorType) -> TensorType:
        if (x.rank, y.rank) != ranks:
            raise OperandError(
                f"{name} of ranks {x.rank} and {y.rank}", f"ranks {ranks[0]} and {ranks[1]}; x @ y takes any"
            )
        if ranks == (3, 3) and x.shape[0] != y.shape[0]:
            raise OperandError(f"{x.shape[0]} and {y.shape[0]} matrices", "as many on both sides; x @ y broadcasts")
        return shapes.matmul(x, y)

    return Operator(
        name=name, family="linear algebra", signature="input, other", shape=rule, torch=torch_column, sympy=matmul_form,
        reference=matmul_reference, doc=doc, samples=samples, error_inputs=error_inputs,
        source=f"torch.{name}", work=_work,
    )  # fmt: skip


# fmt: off
OPERATORS = (
    product("mm", (2, 2), torch.mm, "The product of two matrices.",
            ("mm(A, B)", "mm(x, y.T)", "mm(c, r)", "mm(z.T, z)"),
            ("mm(A, u)", "mm(C, D)", "mm(x, y)")),
    product("mv", (2, 1), torch.mv, "A matrix times a vector.", ("mv(A, u)", "mv(x, u)", "mv(c, o)", "mv(z, u)"),
            ("mv(u, A)", "mv(A, w)", "mv(C, u)")),
    product("bmm", (3, 3), torch.bmm, "The products of as many pairs of matrices.",
            ("bmm(C, D)", "bmm(D, C)", "bmm(C[:1], D[:1])"),
            ("bmm(A, B)", "bmm(C, C)", "bmm(C, D[:1])")),
    Operator(
        name="einsum", family="linear algebra", signature="equation: text, *operands", shape=_einsum_shape, work=_work,
        torch=_einsum, sympy=_einsum_form, reference=_einsum_reference,
        doc="The sum of products that the letters say: those that the result lacks are summed over.",
        source="torch.einsum",
        samples=("einsum('ij,jk->ik', A, B)", "einsum('ij,jk', A, B)", "einsum('ii->i', A)", "einsum('ii', A)",
                 "einsum('bij,bjk->bik', C, D)", "einsum('i,j->ij', u, w)", "einsum('ij,ij->', x, y)",
                 "einsum('...i,i->...', C, w)", "einsum('ij->ji', x)", "einsum('ij,j,kj->ik', x, u, A)",
                 "einsum('ij,ij->ij', c, x)", "einsum('i,i', u, v)", "einsum('bij->', C)", "einsum('ij,ik->jk', z, z)",
                 "einsum('...,...', s, x)"),
        error_inputs=("einsum('ij,jk', A)", "einsum('ij', u)", "einsum('i1', x)", "einsum('ij,ij', A, B)",
                      "einsum('ij->k', A)", "einsum(A, B)", "einsum('ij->ii', A)"),
    ),
    Operator(
        name="tensordot", family="linear algebra", signature="a, b, dims: pairs = 2", shape=_tensordot_shape,
        work=_work, torch=lambda a, b, *, dims: torch.tensordot(a, b, contracted(dims, a.ndim, b.ndim)),
        sympy=_tensordot_form,
        reference=lambda a, b, *, dims: _einsum_reference(a, b, equation=tensordot_equation(dims, a.ndim, b.ndim)),
        doc="The last dimensions of a contracted with the first of b, or those that are named.",
        source="torch.tensordot",
        samples=("tensordot(A, B, 1)", "tensordot(x, y)", "tensordot(u, w, 0)", "tensordot(C, x, ((0, 1), (0, 1)))",
                 "tensordot(C, D, dims=([2], [1]))"),
        error_inputs=("tensordot(A, B, 3)", "tensordot(x, y, 1)", "tensordot(x, y, ((0,), (0, 1)))",
                      "tensordot(x, y, -1)"),
    ),
    Operator(
        name="vdot", family="linear algebra", signature="input, other", shape=shapes.dot, torch=torch.vdot,
        sympy=matmul_form, reference=matmul_reference, work=_work,
        doc="The sum of the products of two vectors' entries.", source="torch.vdot",
        samples=("vdot(u, v)", "vdot(u, A @ u)", "vdot(o, o)"), error_inputs=("vdot(x, y)", "vdot(u, w)", "vdot(u)"),
    ),
    Operator(
        name="vecdot", family="linear algebra", signature="x, y, *, dim: dim = -1", shape=_vecdot_shape,
        torch=torch.linalg.vecdot, work=lambda result, x, _: result.elements * x.shape[-1] if x.rank else 1,
        sympy=lambda program, x, y, *, dim: _summed_form(program, program.elementwise(exact.times, x, y), dim),
        reference=lambda x, y, *, dim: np.asarray((x * y).sum(axis=dim), dtype=object),
        doc="The sum of the products of two tensors' entries along a dimension; the others broadcast.",
        source="torch.linalg.vecdot",
        samples=("vecdot(u, v)", "vecdot(x, y)", "linalg.vecdot(x, u)", "vecdot(x, y, dim=0)", "vecdot(C, C, dim=1)",
                 "vecdot(z, z, dim=0)", "vecdot(c, x)"),
        error_inputs=("vecdot(u)", "vecdot(s, s)", "vecdot(x, B)", "vecdot(x, y, dim=2)", "vecdot(u, u > 0)"),
    ),
    Operator(
        name="inner", family="linear algebra", signature="input, other", shape=_inner_shape, torch=torch.inner,
        work=_work,
        sympy=lambda program, x, y: _einsum_form(program, x, y, equation=inner_equation(len(x.axes), len(y.axes))),
        reference=lambda x, y: _einsum_reference(x, y, equation=inner_equation(x.ndim, y.ndim)),
        doc="The sum of products over the last dimension of both.", source="torch.inner",
        samples=("inner(u, v)", "inner(x, y)", "inner(C, w)", "inner(s, x)", "inner(z, x)", "inner(c, o)"),
        error_inputs=("inner(x, w)", "inner(x)", "inner(u, w)"),
    ),
    Operator(
        name="kron", family="linear algebra", signature="input, other", shape=_kron_shape,
        torch=lambda x, y: torch.kron(x.contiguous(), y.contiguous()), sympy=_kron_form, reference=_kron_reference,
        size_dependent=_kron_counts,
        doc="Every entry of the first times the whole second: the Kronecker product.", source="torch.kron",
        samples=("kron(A, x)", "kron(u, w)", "kron(x, u)", "kron(c, r)", "trace(kron(A, A))", "kron(s, x)",
                 "kron(z, x)", "kron(g, A) @ u"),
        error_inputs=("kron(A)", "kron(A, x, y)", "kron(A, dim=0)"),
    ),
    Operator(
        name="cross", family="linear algebra", signature="input, other, dim: dim = -1", shape=_cross_shape,
        size_dependent=True,
        torch=torch.linalg.cross, sympy=_cross_form, reference=_cross_reference,
        doc="The vector product of vectors of length 3.", source="torch.linalg.cross",
        samples=("cross(u, v)", "cross(x, y)", "cross(A, x.T @ x, dim=0)", "cross(u, cross(u, v))", "cross(z, z)",
                 "cross(x, r)"),
        error_inputs=("cross(u, w)", "cross(s, s)", "cross(x, u)", "cross(x, y, 0)"),
    ),
)
# fmt: on
