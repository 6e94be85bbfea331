"""Expressions that are nodes of the program, to be written as in the program."""

from __future__ import annotations

from collections.abc import Container

import sympy as sp

from ....index_notation.expressions import Entry, preorder
from ....index_notation.index_program import Axes
from ...differentiation.partition import Partition
from .building import as_column
from .program import ProgramTrees
from .tensors import Tensor


class NodeFinder:
    """Finds the node that an expression in index notation is, whatever its indices are called."""

    def __init__(self, partition: Partition, trees: ProgramTrees) -> None:
        self._dimensions = partition.program.dimensions
        self._trees = trees
        self._inputs: Container[str] = partition.inputs
        self._known: dict[sp.Expr, tuple[int, Axes]] = {}
        for node, x in enumerate(partition.tensors):
            if not self._is_computed(x.entry):
                continue
            standard, swap = self._standardize(x.entry)
            if all(a in swap for a in x.free):
                self._known.setdefault(standard, (node, tuple(None if a is None else swap[a] for a in x.axes)))

    def find(self, e: sp.Expr) -> Tensor | None:
        """The node with its axes, if the expression is one."""
        if not self._is_computed(e):
            return None
        standard, swap = self._standardize(e)
        if standard not in self._known:
            return None
        node, axes = self._known[standard]
        back = {new: old for old, new in swap.items()}
        return Tensor(as_column(self._trees[node]), tuple(None if a is None else back[a] for a in axes))

    def _is_computed(self, e: sp.Expr) -> bool:
        """Whether an expression is something that was computed: no input itself, and no number."""
        return e.has(Entry) and not (isinstance(e, Entry) and e.name in self._inputs)

    def _standardize(self, e: sp.Expr) -> tuple[sp.Expr, dict[sp.Symbol, sp.Symbol]]:
        """The expression with its indices numbered as they come, and the number of each."""
        indices = dict.fromkeys(s for s in preorder(e) if s in self._dimensions)
        swap = {s: sp.Symbol(f"_{k}", integer=True) for k, s in enumerate(indices)}
        return e.xreplace(swap), swap
