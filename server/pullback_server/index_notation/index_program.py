"""Index programs: tensors as scalar sympy expressions in index symbols, for the sympy column.

`(A @ x)[i] = Sum(A[i, k]*x[k], k)`: an `IndexTensor` has one index symbol an axis (None where the axis has length 1)
and an `entry`, the scalar at those indices. A tensor that is contracted becomes a `Definition` with a name of its own,
so that every entry stays a plain scalar expression in named tensors, which sympy differentiates as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import sympy as sp

from .expressions import Entry, preorder

Axes = tuple[sp.Symbol | None, ...]
Symbols = tuple[sp.Symbol, ...]

#: An elementwise expression of more nodes than this becomes a definition before more is built on it.
LARGE = 40
#: The same for an expression that is used more than once.
SHARED = 8


@dataclass(eq=False)
class Dimension:
    """A length that formulas may name: where it is read (input, axis) or its fixed value; united with its equals.

    `length` is its value in this program, which a form depends on only where `source` is that number.
    """

    source: tuple[str, int] | int
    symbol: sp.Symbol
    length: int
    parent: Dimension | None = None

    def root(self) -> Dimension:
        """The dimension that stands for all that are known to equal this one."""
        return self if self.parent is None else self.parent.root()


def index_of(axis: sp.Symbol | None) -> sp.Expr:
    """The index that runs along an axis: 0 where its length is 1."""
    return sp.S.Zero if axis is None else axis


@dataclass(frozen=True)
class IndexTensor:
    """A tensor as a function from indices to a scalar; `axes` has None for each axis of length 1."""

    axes: Axes
    entry: sp.Expr

    def at(self, axes: Iterable[sp.Expr | None]) -> sp.Expr:
        """The entry at other indices, one an axis; an index may be any expression whose values are in range."""
        swap = {a: b for a, b in zip(self.axes, axes, strict=True) if a is not None and b is not None and a != b}
        return self.entry.xreplace(swap) if swap else self.entry

    @property
    def free(self) -> Symbols:
        """The index symbols of the axes that have one."""
        return tuple(a for a in self.axes if a is not None)


@dataclass(frozen=True)
class Definition:
    """A named tensor `name[axes]`: `body`, or its reduction over `bound`, whose kind is empty where nothing is bound.

    A function of a matrix has a kind too: `bound` are the matrix's indices, and the last `result_rank` axes are its
    result's. `stationary` names a definition in the body that does not change this one to first order: the mean in a
    sum of squared deviations from it. A quotient by a `norm` is 0 where the norm is 0: autograd's subgradient.
    """

    name: str
    axes: Symbols
    body: sp.Expr
    kind: str = ""
    bound: Symbols = ()
    result_rank: int | None = None
    stationary: str = ""
    norm: bool = False

    @property
    def result_axes(self) -> Symbols:
        """The axes of the result of a function of a matrix; none for others."""
        return self.axes[len(self.axes) - self.result_rank :] if self.result_rank else ()


@dataclass
class IndexProgram:
    """The definitions of one program, in the order in which they were made, with its index symbols and dimensions.

    >>> program = IndexProgram()
    >>> A, x = program.input("A", (2, 3)), program.input("x", (3,))
    >>> y = program.contract(A, (A.axes[0], k := A.axes[1]), x, (k,), out=(A.axes[0],))
    >>> len(program.definitions)
    1
    """

    definitions: list[Definition] = field(default_factory=list)
    dimensions: dict[sp.Symbol, Dimension] = field(default_factory=dict)
    axes: dict[str, Symbols] = field(default_factory=dict)
    numbers: Any = field(default_factory=count)

    def copy(self) -> IndexProgram:
        """The same program, to which indices, definitions and lengths may be added without changing this one."""
        copies: dict[int, Dimension] = {}

        def copied(dimension: Dimension) -> Dimension:
            if id(dimension) not in copies:
                parent = None if dimension.parent is None else copied(dimension.parent)
                copies[id(dimension)] = replace(dimension, parent=parent)
            return copies[id(dimension)]

        dimensions = {index: copied(dimension) for index, dimension in self.dimensions.items()}
        return IndexProgram([*self.definitions], dimensions, dict(self.axes), copy(self.numbers))

    def index(self, source: tuple[str, int] | int | sp.Symbol, length: int | None = None) -> sp.Symbol:
        """A fresh index over the dimension of another index, of fixed length, or read at (input, axis).

        The last needs the `length` that it has in this program.
        """
        number = next(self.numbers)
        new = sp.Symbol(f"i{number:04d}", integer=True)
        if isinstance(source, sp.Symbol):
            self.dimensions[new] = self.dimensions[source]
        else:
            length = source if isinstance(source, int) else length
            assert length is not None
            symbol = sp.Symbol(f"n{number:04d}", integer=True, positive=True)
            self.dimensions[new] = Dimension(source, symbol, length)
        return new

    def axis(self, length: int) -> sp.Symbol | None:
        """A fresh axis of fixed length: None where that is 1."""
        return None if length == 1 else self.index(length)

    def fresh(self, axes: Axes) -> Axes:
        """Fresh indices over the same lengths; an axis of length 1 still has none."""
        return tuple(None if a is None else self.index(a) for a in axes)

    def seen_length(self, axis: sp.Symbol | None) -> int:
        """The length of an axis in this program; a form that only looks at it still serves other lengths."""
        return 1 if axis is None else self.dimensions[axis].root().length

    def length(self, axis: sp.Symbol | None) -> int:
        """The length of an axis in this program; from now on the form serves this length only."""
        if axis is None:
            return 1
        root = self.dimensions[axis].root()
        root.source = root.length
        return root.length

    def size(self, axis: sp.Symbol | None) -> sp.Expr:
        """The length of an axis as a symbol, or 1."""
        return sp.S.One if axis is None else self.dimensions[axis].root().symbol

    def same(self, a: sp.Symbol, b: sp.Symbol) -> None:
        """Notes that two indices run over equal lengths; the lower-numbered dimension stands for both."""
        first, second = self.dimensions[a].root(), self.dimensions[b].root()
        if first is not second:
            first, second = sorted((first, second), key=lambda d: (isinstance(d.source, tuple), str(d.symbol)))
            second.parent = first

    def unify(self, axes: Axes, others: Axes) -> None:
        """Notes that axes run over equal lengths, pair by pair; an axis of length 1 fits any."""
        for a, b in zip(axes, others, strict=True):
            if a is not None and b is not None:
                self.same(a, b)

    def input(self, name: str, shape: tuple[int, ...]) -> IndexTensor:
        """A tensor of the request; of its shape only which axes have length 1 matters, unless a length is asked for."""
        axes = tuple(None if n == 1 else self.index((name, axis), n) for axis, n in enumerate(shape))
        self.axes[name] = tuple(a for a in axes if a is not None)
        return IndexTensor(axes, Entry(name, *(a for a in axes if a is not None)))

    def constant(self, value: sp.Expr) -> IndexTensor:
        """A number, as a tensor of rank 0."""
        return IndexTensor((), value)

    def materialize(self, x: IndexTensor) -> IndexTensor:
        """The tensor as an entry of a definition; one that is an entry already stays as it is."""
        return x if self.is_plain_entry(x.entry) else self._define(x.axes, x.entry)

    def is_plain_entry(self, e: sp.Expr) -> bool:
        """Whether it is an entry of a named tensor whose indices run over all of its axes, in any order."""
        return (
            isinstance(e, Entry)
            and len({*e.indices}) == len(e.indices)
            and all(self.spans(index, axis) for index, axis in zip(e.indices, self.axes[e.name], strict=True))
        )

    def spans(self, index: sp.Expr, axis: sp.Symbol) -> bool:
        """Whether an index is one symbol that runs over the whole of an axis."""
        dimension = self.dimensions.get(index)
        return dimension is not None and dimension.root() is self.dimensions[axis].root()

    def materialize_if_large(self, x: IndexTensor, shared: bool = False) -> IndexTensor:
        """The tensor, as a definition where its expression is large; a shared expression is large sooner."""
        return self.materialize(x) if larger(x.entry, SHARED if shared else LARGE) else x

    def _define(
        self, axes: Axes, body: sp.Expr, kind: str = "", bound: Symbols = (), result_rank: int | None = None
    ) -> IndexTensor:
        free = tuple(a for a in axes if a is not None)
        definition = Definition(f"%{len(self.definitions) + 1}", free, body, kind, bound, result_rank)
        self.definitions.append(definition)
        self.axes[definition.name] = free
        return IndexTensor(axes, Entry(definition.name, *free))

    def materialize_copy(self, x: IndexTensor) -> IndexTensor:
        """The tensor as a new definition, the last one so far."""
        return self._define(x.axes, x.entry)

    def align(self, *tensors: IndexTensor) -> tuple[Axes, tuple[sp.Expr, ...]]:
        """Broadcasting: the common axes of several tensors and the entry of each of them there."""
        rank = max((len(t.axes) for t in tensors), default=0)
        out: list[sp.Symbol | None] = [None] * rank
        for t in tensors:
            for k, axis in enumerate(t.axes, rank - len(t.axes)):
                if axis is not None and out[k] is None:
                    out[k] = axis if axis not in out else self.index(axis)
        entries = []
        for t in tensors:
            target = out[rank - len(t.axes) :]
            self.unify(t.axes, tuple(target))
            entries.append(t.at(target))
        return tuple(out), tuple(entries)

    def elementwise(self, scalar: Callable[..., sp.Expr], *tensors: IndexTensor) -> IndexTensor:
        """A scalar function applied entry by entry, with broadcasting."""
        axes, entries = self.align(*tensors)
        return IndexTensor(axes, scalar(*entries))

    def reduce(self, kind: str, x: IndexTensor, dims: tuple[int, ...], keepdim: bool = False) -> IndexTensor:
        """The reduction of some axes, counted from 0; a sum of equal entries is their number times one."""
        bound = tuple(a for k, a in enumerate(x.axes) if k in dims and a is not None)
        axes = tuple(None if k in dims else a for k, a in enumerate(x.axes) if keepdim or k not in dims)
        if kind == "sum":
            equal = [a for a in bound if a not in x.entry.free_symbols]
            x = IndexTensor(x.axes, x.entry * sp.Mul(*map(self.size, equal)))
            bound = tuple(a for a in bound if a not in equal)
        return self._define(axes, x.entry, kind, bound) if bound else IndexTensor(axes, x.entry)

    def norm(self, x: IndexTensor) -> IndexTensor:
        """The tensor, a root of a sum that has no derivative at 0, as a definition that is a norm."""
        result = self.materialize_copy(x)
        self.definitions[-1] = replace(self.definitions[-1], norm=True)
        return result

    def squared_deviations(
        self, mean: IndexTensor, x: IndexTensor, dims: tuple[int, ...], keepdim: bool = False
    ) -> IndexTensor:
        """The sum of `(x - mean)**2` over some axes of x, of which `mean` is the mean with these axes kept."""
        mean = self.materialize(mean)
        before = len(self.definitions)
        total = self.reduce("sum", self.elementwise(lambda a, b: (a - b) ** 2, x, mean), dims, keepdim)
        if len(self.definitions) > before:
            self.definitions[-1] = replace(self.definitions[-1], stationary=mean.entry.name)
        return total

    def total(self, entry: sp.Expr, bound: Symbols, axes: Axes) -> IndexTensor:
        """The sum of a product of named tensors and deltas over indices, as a tensor with these axes."""
        return self._define(axes, entry, "sum", bound) if bound else IndexTensor(axes, entry)

    def contract(self, x: IndexTensor, x_axes: Axes, y: IndexTensor, y_axes: Axes, out: Axes) -> IndexTensor:
        """The sum of `x[x_axes]*y[y_axes]` over every index that `out` does not have; operands become definitions."""
        x, y = self.materialize(x), self.materialize(y)
        self.unify(x.axes, x_axes)
        self.unify(y.axes, y_axes)
        bound = tuple(dict.fromkeys(a for a in (*x_axes, *y_axes) if a is not None and a not in out))
        body = x.at(x_axes) * y.at(y_axes)
        return self._define(out, body, "sum", bound) if bound else IndexTensor(out, body)

    def matrix_function(self, kind: str, x: IndexTensor, result_axes: Axes) -> IndexTensor:
        """A function of the matrices in the last two axes, whose result has the other axes of x and `result_axes`.

        The function has an index also for an axis of length 1, of the matrices and of the result.
        """
        batch, bound = x.axes[:-2], tuple(a if a is not None else self.index(1) for a in x.axes[-2:])
        x = self.materialize(x)
        last = {a for a in x.axes[-2:] if a is not None}
        if isinstance(x.entry, Entry) and {*x.entry.indices[len(x.entry.indices) - len(last) :]} != last:
            # So that formulas can name the matrix: its axes stand last.
            x = self.materialize_copy(x)
        indices = tuple(a if a is not None else self.index(1) for a in result_axes)
        result = self._define((*batch, *indices), x.entry, kind, bound, len(result_axes))
        at = {index: sp.S.Zero for index, axis in zip(indices, result_axes, strict=True) if axis is None}
        return IndexTensor((*batch, *result_axes), result.entry.xreplace(at))


def larger(expression: sp.Expr, bound: int) -> bool:
    """Whether an expression has more nodes than that; no more of them are visited."""
    return any(number >= bound for number, _ in enumerate(preorder(expression)))
