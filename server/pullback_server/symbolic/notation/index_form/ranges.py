"""How far indices run: what entries of tensors imply, and what a formula must say.

An index that stands alone, as in `x[s]`, runs over that whole axis, and `Sum(x[s], s)` says no more. Where an index
stands alone in no entry, or in axes of several lengths, its sum says how far it runs: `Sum(x[2*i + s], s < 3)` is over
0, 1 and 2. A definition under "where" says the same of its free indices: `g[i, j] = A[i, j] for i < 2, j < 2`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sympy as sp

from ....index_notation.arithmetic import within
from ....index_notation.expressions import Entry, MatrixFunctionEntry, Reduction, preorder
from ....index_notation.functions import less
from ....index_notation.index_program import Dimension, IndexProgram
from ...differentiation.derivatives import UPSTREAM, Differentiated


@dataclass(frozen=True)
class Ranges:
    """The axes of all tensors that formulas of one program name, by names, with their dimensions in `program`."""

    program: IndexProgram
    axes: Mapping[str, tuple[sp.Symbol, ...]]

    @staticmethod
    def of(differentiated: Differentiated) -> Ranges:
        """Those of a program; gradients have the axes of their tensors."""
        partition, tensors = differentiated.partition, differentiated.axes
        gradients = {UPSTREAM + name: axes for name, axes in tensors.items()}
        output = partition.output.free
        return Ranges(partition.program, tensors | gradients | {UPSTREAM: output, partition.upstream: output})

    def fits(self, index: sp.Expr, axis: sp.Symbol) -> bool:
        """Whether every value of an index is known to be in an axis."""
        length = self.length(axis)
        if index in self.program.dimensions and self.length(index) == length:
            return True
        return isinstance(length, int) and within(index, length, self.program)

    def length(self, index: sp.Symbol) -> int | Dimension:
        """How far an index runs: a number that the form serves alone, or a dimension, the same for equal lengths."""
        root = self.program.dimensions[index].root()
        return root.source if isinstance(root.source, int) else root

    def with_limits(self, e: sp.Expr) -> sp.Expr:
        """The expression with sums that say how far their indices run where nothing implies it: `s < 3` for `s`."""
        if not e.args or isinstance(e, Entry):
            return e
        if isinstance(e, Reduction):
            bound = (self._limit(k) if self._is_open(k, e.body) else k for k in e.bound)
            return Reduction(e.kind, self.with_limits(e.body), *bound)
        args = [self.with_limits(a) for a in e.args]
        return e if all(a is b for a, b in zip(args, e.args, strict=True)) else e.func(*args)

    def limits(self, axes: Iterable[sp.Symbol], body: sp.Expr) -> tuple[sp.Expr, ...]:
        """What a definition must say of its axes: `i < 3` where its body does not imply how far one runs."""
        return tuple(self._limit(k) for k in axes if self._is_open(k, body))

    def _limit(self, index: sp.Symbol) -> sp.Expr:
        length = self.length(index)
        return less(index, length if isinstance(length, int) else length.symbol)

    def _is_open(self, index: sp.Symbol, body: sp.Expr) -> bool:
        """Whether the entries in which an index stands alone do not all have the length that it runs over."""
        length, implied = self.length(index), set[int | Dimension | None]()
        for part in preorder(body):
            match part:
                case Entry():
                    places = zip(part.indices, self.axes[part.name], strict=True)
                    implied |= {self.length(axis) for i, axis in places if i == index}
                case MatrixFunctionEntry() if index in part.axes:
                    # A result's axes are as long as the matrix's rows or columns.
                    implied.add(length if length in map(self.length, part.bound) else None)
        return implied != {length}
