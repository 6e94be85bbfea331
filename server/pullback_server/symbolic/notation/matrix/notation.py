"""The matrix notation of each derivative of one program, sent back through our own language before it is given."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy as sp
import torch

from ....operators.index import Axes
from ...derivatives import UPSTREAM, Differentiated
from ...evaluation import evaluator
from ...plan import Plan
from ...terms import Term
from .check import comes_to, value
from .latex import latex
from .lines import Lines, with_lines
from .text import text
from .tree import NoMatrixForm, Tree
from .writer import Writer

log = logging.getLogger(__name__)

#: A text longer than this is withheld: nobody reads it.
LONGEST = 1000
#: A Jacobian of more entries than this is not computed, so it is not given.
LARGEST = 10**5
#: Where inputs are drawn from, in turn, until every number is finite: most functions, then those of numbers above 1.
INTERVALS = ((0.2, 0.8), (1.1, 2.0), (-0.7, 0.7))


@dataclass(frozen=True)
class Matrix:
    """An expression of our own language, lines `name = expression` before it, and the same in LaTeX."""

    text: str = ""
    latex: str = ""


@dataclass(frozen=True)
class _Trial:
    """Tensors for the inputs and the upstream gradient, and the gradients that the plan gives for them."""

    tensors: dict[str, torch.Tensor]
    gradients: dict[str, torch.Tensor | None]


class MatrixNotation:
    """The derivatives of one program in matrix notation; `upstream` is what the upstream gradient is called."""

    def __init__(self, found: Differentiated, plan: Plan, upstream: str) -> None:
        self._found = found
        self._plan = plan
        self._upstream = upstream

    @cached_property
    def _writer(self) -> Writer:
        return Writer(self._found, self._upstream)

    def jacobian(self, name: str, terms: Sequence[Term], by: Axes) -> Matrix:
        """The Jacobian, where it has at most two axes that are not of length 1: those of the output, then `by`.

        That of a scalar has the input's own shape.
        """
        output = self._found.cut.output.axes
        inner, outer = _free(by), _free(output)
        axes = by if not outer else output if not inner else (*outer, *inner)
        if outer and len(outer) + len(inner) > 2:
            return Matrix()

        def right(expression: str, trial: _Trial, expected: torch.Tensor) -> bool:
            shape = _shape(axes, self._sizes)
            if math.prod(shape) > LARGEST:
                return False
            found = value(expression, trial.tensors)
            v = trial.tensors[self._upstream].flatten()
            if found is None or list(found.shape) != shape:
                return False
            pulled = v @ found.to(torch.float64).reshape(len(v), -1)
            return bool(torch.allclose(pulled.reshape(expected.shape), expected, rtol=1e-9, atol=1e-9))

        return self._given(name, terms, axes, right)

    def vjp(self, name: str, terms: Sequence[Term], by: Axes) -> Matrix:
        """The vector-Jacobian product, in the input's own shape."""
        return self._given(name, terms, by, lambda e, trial, expected: comes_to(e, trial.tensors, expected))
