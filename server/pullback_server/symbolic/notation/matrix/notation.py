"""The matrix notation of each derivative of one program, evaluated by our own language before it is shown."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from ....index_notation.index_program import Axes
from ....index_notation.terms import Term
from ...differentiation.derivatives import Differentiated
from ...form import NotationState
from ...lowering.plan import Plan
from .building import product
from .latex import formula
from .lines import name_repeated_parts
from .text import text
from .tree import Name, NoMatrixForm, Number, TooLong, Tree
from .trials import Trials
from .writer import Writer

log = logging.getLogger(__name__)

#: A longer text is withheld: nobody would read it. Nor is a derivative written of which the terms have more characters
#: in index notation than the second: matrix notation has about a third of them.
LONGEST, LONGEST_TERMS = 1000, 1500
#: How closely values agree with the plan's at one trial at least, and at all of them, of which some may be rough on
#: inverses; values that are float32 by themselves agree no more closely than that anywhere.
TOLERANCE, COARSE = 1e-9, 1e-6

#: From the value of an expression and the upstream gradient to the vector-Jacobian product.
Pull = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Matrix:
    """An expression of our own language, with lines `name = expression` before it, and the same in LaTeX.

    Both are empty unless the state is DONE.
    """

    text: str = ""
    latex: str = ""
    state: NotationState = NotationState.DONE


NO_MATRIX, LONG_MATRIX = Matrix(state=NotationState.NO_FORM), Matrix(state=NotationState.OVER_BUDGET)


class MatrixNotation:
    """The derivatives of one program in matrix notation."""

    def __init__(self, differentiated: Differentiated, plan: Plan) -> None:
        self._differentiated = differentiated
        self._upstream = differentiated.partition.upstream
        self._trials = Trials(differentiated, plan)

    def __call__(self, name: str, jacobian: Sequence[Term], vjp: Sequence[Term], by: Axes) -> tuple[Matrix, Matrix]:
        """The Jacobian and the vector-Jacobian product with respect to an input with these axes, from their terms.

        The Jacobian is given where it has at most two axes that are not of length 1: the output's, then the input's.
        That of a number has the input's own shape, as the product always has. Never raises.
        """
        try:
            return self._derivatives(name, jacobian, vjp, by)
        except RecursionError:
            return LONG_MATRIX, LONG_MATRIX
        except Exception:
            log.exception("a derivative could not be written in matrix notation")
            return NO_MATRIX, NO_MATRIX

    def _derivatives(self, name: str, jacobian: Sequence[Term], vjp: Sequence[Term], by: Axes) -> tuple[Matrix, Matrix]:
        output = self._differentiated.partition.output.axes
        outer, inner = (tuple(a for a in axes if a is not None) for axes in (output, by))
        axes = by if not outer else output if not inner else (*outer, *inner)

        def pull(j: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
            return v.flatten() @ j.reshape(v.numel(), j.numel() // max(v.numel(), 1))

        full = self._tree(jacobian, axes) if not outer or len(outer) + len(inner) <= 2 else NO_MATRIX
        if output == () and not isinstance(full, Matrix):
            pulled: Tree | Matrix = product(Name(self._upstream, 0), full)
        else:
            pulled = self._tree(vjp, by)
        return self._checked(full, name, axes, pull), self._checked(pulled, name, by, lambda x, _: x)

    def _tree(self, terms: Sequence[Term], axes: Axes) -> Tree | Matrix:
        """A derivative as a tree, or what stands in its place."""
        if sum(term.length for term in terms) > LONGEST_TERMS:
            return LONG_MATRIX
        try:
            return self._writer.derivative(terms, axes)
        except NoMatrixForm:
            return NO_MATRIX
        except TooLong:
            return LONG_MATRIX

    def _checked(self, tree: Tree | Matrix, name: str, axes: Axes, pull: Pull) -> Matrix:
        """A tree as text and in LaTeX, if it comes to the numbers of the plan."""
        if isinstance(tree, Matrix):
            return tree
        if isinstance(tree, Number):
            # An integer by itself would not have the inputs' dtype.
            tree = replace(tree, point=True)
        lines = name_repeated_parts(tree, self._line_names, self._taken_names)
        program = "\n".join([*(f"{n} = {text(d)}" for n, d in lines.definitions), text(lines.result)])
        if len(program) > LONGEST:
            return LONG_MATRIX
        if not self._agrees(program, name, axes, pull):
            return NO_MATRIX
        return Matrix(program, formula(lines, self._taken_names))

    def _agrees(self, program: str, name: str, axes: Axes, pull: Pull) -> bool:
        """Whether the text comes to the numbers of the plan at every trial, and there is one."""
        values = self._trials.values(program, axes)
        close = False
        for trial, value in values:
            expected = trial.gradient(name).flatten()
            pulled = pull(value.to(torch.float64), trial.tensors[self._upstream]).flatten()
            # A choice between numbers alone is a float32, as in torch, whatever the inputs are.
            tolerance = TOLERANCE if value.dtype is torch.float64 else COARSE
            if torch.allclose(pulled, expected, rtol=tolerance, atol=tolerance):
                close = True
            elif not torch.allclose(pulled, expected, rtol=COARSE, atol=COARSE):
                close = False
                break
        if values and not close:
            log.warning("a derivative in matrix notation does not come to the numbers of its plan: %s", program)
        return close

    @cached_property
    def _writer(self) -> Writer:
        return Writer(self._differentiated)

    @cached_property
    def _line_names(self) -> dict[Tree, str]:
        """The names that lines of the program have, by what they name."""
        names: dict[Tree, str] = {}
        for name, node in self._differentiated.partition.typed.program.bindings:
            with suppress(NoMatrixForm, TooLong):
                names.setdefault(self._writer.trees[node], name)
        return names

    @cached_property
    def _taken_names(self) -> frozenset[str]:
        return self._differentiated.partition.names | {self._upstream}
