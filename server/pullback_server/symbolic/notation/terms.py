"""The derivatives of one program as terms and as expressions, from which every notation of formulas is made."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import sympy as sp

from ...index_notation.expressions import Entry
from ...index_notation.terms import Term, contract, merge
from ..differentiation.derivatives import Differentiated, jacobian
from ..form import DerivativeKind, NotationState
from ..lowering.plan import Plan
from .index_form.combining import Expressions, TensorExpression, combine
from .index_form.inlining import TooLong
from .index_form.ranges import Ranges
from .proof import agreements
from .words import with_units

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class InputTerms:
    """One input's derivative as sums of products: its Jacobian, and its product with the upstream gradient."""

    input_axes: tuple[sp.Symbol, ...]
    jacobian: tuple[Term, ...]
    vjp: tuple[Term, ...]


def copied(differentiated: Differentiated) -> Differentiated:
    """The same definitions and derivatives with an index program of their own, in which indices may be made."""
    parts = differentiated.partition
    return replace(differentiated, partition=replace(parts, program=parts.program.copy()))


class NotWritten(Exception):
    """A derivative is not written in a notation, which has this state."""

    def __init__(self, state: NotationState) -> None:
        super().__init__(state.value)
        self.state = state


def present(written: T | NotationState) -> T:
    """What an earlier stage has written; raises NotWritten where it has not."""
    if isinstance(written, NotationState):
        raise NotWritten(written)
    return written


def each(names: Iterable[str], write: Callable[[str], T]) -> dict[str, T | NotationState]:
    """What is written for each input, or why it is not: a failure with one input costs the others nothing."""
    written: dict[str, T | NotationState] = {}
    for name in names:
        try:
            written[name] = write(name)
        except (TooLong, RecursionError):  # what nests too deeply for Python does so for people
            written[name] = NotationState.OVER_BUDGET
        except NotWritten as reason:
            written[name] = reason.state
        except Exception:
            log.exception("a closed form could not be written")
            written[name] = NotationState.NO_FORM
    return written


class DerivativeTerms:
    """The derivatives of one program with respect to the inputs in `wrt`.

    Indices are made in copies of the index program, so that each notation reads the same whatever was written before.
    """

    def __init__(self, differentiated: Differentiated, plan: Plan, wrt: tuple[str, ...], longest: int) -> None:
        """`longest` is about how many characters the terms of one derivative may have."""
        self.differentiated, self._plan, self._wrt, self._longest = copied(differentiated), plan, wrt, longest
        #: The terms of each input's derivatives, whose indices are in `differentiated`.
        self.terms = each(wrt, self._terms)

    @cached_property
    def expressions(self) -> dict[str, Expressions | NotationState]:
        """Each input's derivatives at the indices that read best, where they come to the numbers of the plan."""
        differentiated = copied(self.differentiated)
        ranges = Ranges.of(differentiated)
        combined = each(self._wrt, lambda name: self._combined(name, ranges))
        written = {name: e for name, e in combined.items() if not isinstance(e, NotationState)}
        states = agreements(differentiated, self._plan, written)
        return combined | {name: state for name, state in states.items() if state is not NotationState.DONE}

    def _terms(self, name: str) -> InputTerms:
        partition, output = self.differentiated.partition, self.differentiated.output.axes
        derivative = jacobian(self.differentiated, name, self._longest)
        if derivative is None:
            raise TooLong
        input_axes, terms = derivative
        upstream, program = Entry(partition.upstream, *output), partition.program
        products = [contract(Term(t.coefficient * upstream, t.deltas, (*t.bound, *output)), program) for t in terms]
        return InputTerms(input_axes, terms, merge(products, program))

    def _combined(self, name: str, ranges: Ranges) -> Expressions:
        terms = present(self.terms[name])
        partition, input_axes = self.differentiated.partition, terms.input_axes
        axes = with_units(input_axes, partition.inputs[name].axes)
        jacobian, vjp = (combine(t, input_axes, ranges) for t in (terms.jacobian, terms.vjp))
        output = self.differentiated.output.axes
        return {
            DerivativeKind.JACOBIAN: TensorExpression(jacobian, (*partition.output.axes, *axes), output, input_axes),
            DerivativeKind.VJP: TensorExpression(vjp, axes, (), input_axes),
        }
