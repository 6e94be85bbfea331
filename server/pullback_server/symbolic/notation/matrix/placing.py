"""Entries put in their places in a tensor of zeros: what is zero but where an index expression has some value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import sympy as sp

from ....index_notation.index_program import IndexProgram
from .building import eye
from .contraction import LengthOf, Symbols, completed, contract
from .indexed import Write, dims, fixed, indexed, linear, rows
from .tensors import Tensor, exactly, squeezed
from .tree import Call, NoMatrixForm


@dataclass(frozen=True)
class Places:
    """Puts the entries of one program's tensors in their places; `write` gives the tensors that hold indices."""

    program: IndexProgram
    length: LengthOf
    write: Write

    def put(self, t: Tensor, place: sp.Expr, target: sp.Symbol, summed: Symbols) -> Tensor:
        """The tensor with an axis `target` on which each entry stands at its `place`; raises NoMatrixForm.

        `place` is an expression in indices, of which the result keeps those that are not `summed`. Zeros are padded
        where the entries are a block, else the rows of an identity matrix say where each goes.
        """
        found = linear(place, self.program)
        if found is not None and summed and {*found[1]} == {*summed}:
            start, strides = found
            lengths = rows(strides, self.program) if all(map(self._fixed, strides)) else None
            if lengths is not None:
                free = tuple(k for k in t.symbols if k not in strides)
                axes = (*free, *strides)
                whole = Tensor(exactly(completed(squeezed(t), axes, self.length), axes), axes)
                return self._padded(self._flattened(whole, lengths), start, target)
        row = self.program.index(target)
        chosen = indexed(Tensor(eye(self.length(target)), (row, target)), {row: place}, self.program, self.write)
        return contract([t, chosen], (), summed, self.length)

    def _fixed(self, index: sp.Symbol) -> bool:
        return isinstance(self.program.dimensions[index].root().source, int)

    def _flattened(self, t: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """The tensor with its last axes, of these lengths, as one."""
        if len(lengths) == 1:
            return t
        rank, first = len(t.axes), len(t.axes) - len(lengths)
        tree = Call("flatten", (t.tree,), first + 1, dims(first, rank - 1, rank))
        return Tensor(tree, (*t.axes[:first], self.program.index(math.prod(lengths))))

    def _padded(self, t: Tensor, start: int, target: sp.Symbol) -> Tensor:
        """The tensor with its last axis set into the target's from `start` on."""
        last = t.axes[-1]
        assert last is not None
        after = fixed(target, self.program) - fixed(last, self.program) - start
        if min(start, after) < 0:
            raise NoMatrixForm("an index out of range")
        tree = Call("pad", (t.tree,), t.tree.rank, (("pad", (start, after)),)) if start or after else t.tree
        return Tensor(tree, (*t.axes[:-1], target))
