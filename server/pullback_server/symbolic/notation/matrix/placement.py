"""Entries placed in a tensor of zeros: what is zero except where an index expression has some value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import sympy as sp

from ....index_notation.index_program import IndexProgram
from .building import eye
from .contraction import LengthOf, Symbols, contract, expand
from .indexing import Write, fixed_length, flatten_options, index_at, linear_form, row_lengths
from .tensors import Tensor, squeeze, with_axes
from .tree import Call, NoMatrixForm


@dataclass(frozen=True)
class Placement:
    """Places the entries of one program's tensors; `write` gives the tensors that hold indices."""

    program: IndexProgram
    length: LengthOf
    write: Write

    def place(self, t: Tensor, place: sp.Expr, target: sp.Symbol, summed: Symbols) -> Tensor:
        """The tensor with an axis `target` on which each entry stands at its `place`; raises NoMatrixForm.

        `place` is an expression in indices, of which the result keeps those that are not `summed`. Zeros are padded
        where the entries are a block, else the rows of an identity matrix say where each goes.
        """
        form = linear_form(place, self.program)
        if form is not None and summed and {*form[1]} == {*summed}:
            start, strides = form
            lengths = row_lengths(strides, self.program) if all(map(self._fixed, strides)) else None
            if lengths is not None:
                free = tuple(k for k in t.symbols if k not in strides)
                axes = (*free, *strides)
                block = Tensor(with_axes(expand(squeeze(t), axes, self.length), axes), axes)
                return self._pad(self._flatten(block, lengths), start, target)
        row = self.program.index(target)
        chosen = index_at(Tensor(eye(self.length(target)), (row, target)), {row: place}, self.program, self.write)
        return contract([t, chosen], (), summed, self.length)

    def _fixed(self, index: sp.Symbol) -> bool:
        return isinstance(self.program.dimensions[index].root().source, int)

    def _flatten(self, t: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """The tensor with its last axes, of these lengths, as one."""
        if len(lengths) == 1:
            return t
        rank, first = len(t.axes), len(t.axes) - len(lengths)
        tree = Call("flatten", (t.tree,), first + 1, flatten_options(first, rank - 1, rank))
        return Tensor(tree, (*t.axes[:first], self.program.index(math.prod(lengths))))

    def _pad(self, t: Tensor, start: int, target: sp.Symbol) -> Tensor:
        """The tensor with its last axis set into the target's from `start` on."""
        last = t.axes[-1]
        assert last is not None
        after = fixed_length(target, self.program) - fixed_length(last, self.program) - start
        if min(start, after) < 0:
            raise NoMatrixForm("an index out of range")
        tree = Call("pad", (t.tree,), t.tree.rank, (("pad", (start, after)),)) if start or after else t.tree
        return Tensor(tree, (*t.axes[:-1], target))
