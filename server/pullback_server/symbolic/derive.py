"""The closed forms of a typed program, which is partitioned, differentiated, lowered to a plan, and printed."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from functools import cached_property

from ..index_notation.index_program import Definition
from ..operators import NoClosedForm
from ..program import TypedProgram
from .differentiation.derivatives import UPSTREAM, Differentiated, backward, differentiate, gradient_entries
from .differentiation.partition import partition, signature
from .explanation import Explanation, explanation
from .form import FORMAT, Forms
from .lowering.lower import Lowering
from .notation.index_form.display import TooLong
from .notation.matrix import MatrixNotation
from .notation.render import formulas

log = logging.getLogger(__name__)


def form_key(typed: TypedProgram, wrt: tuple[str, ...]) -> str:
    """The name under which the forms of this program for these inputs are kept, the same for every size."""
    return hashlib.sha256(repr((FORMAT, signature(typed, wrt))).encode()).hexdigest()


class Derivation:
    """The derivatives of a program with respect to the inputs in `wrt`, all of which it has, before they are written.

    Forms and explanation begin with the same definitions, partial derivatives and gradients, which are derived once.
    """

    def __init__(self, typed: TypedProgram, wrt: tuple[str, ...]) -> None:
        self._typed = typed
        self._wrt = wrt

    def forms(self) -> Forms:
        """The closed forms. Never raises: where there are none, or sympy fails on them, they carry the reason."""
        try:
            return _forms(*self._gradients(), self._wrt)
        except NoClosedForm as error:
            return Forms(reason=str(error))
        except Exception:
            # sympy raises what it likes on strange expressions, and none of it may cost the number.
            log.exception("no closed form could be derived")
            return Forms(reason="sympy failed on this expression")

    def explanation(self) -> Explanation:
        """Code and steps. Never raises: what cannot be explained is left out."""
        try:
            return explanation(*self._gradients(), self._wrt)
        except (NoClosedForm, TooLong):
            return Explanation()
        except Exception:
            # As for the forms: none of it may cost the number.
            log.exception("a closed form could not be explained")
            return Explanation()

    def _gradients(self) -> tuple[Differentiated, dict[str, Definition]]:
        """The definitions differentiated, and the gradients; each use has an index program of its own to write in."""
        differentiated, gradients = self._derived
        parts = differentiated.partition
        return replace(differentiated, partition=replace(parts, program=parts.program.copy())), gradients

    @cached_property
    def _derived(self) -> tuple[Differentiated, dict[str, Definition]]:
        differentiated = differentiate(partition(self._typed))
        return differentiated, backward(differentiated, self._wrt)


def derive(typed: TypedProgram, wrt: tuple[str, ...]) -> Forms:
    """The closed forms of a program with respect to the inputs in `wrt`; see `Derivation`."""
    return Derivation(typed, wrt).forms()


def _forms(differentiated: Differentiated, gradients: dict[str, Definition], wrt: tuple[str, ...]) -> Forms:
    parts = differentiated.partition
    lowering = Lowering(parts.program, (*differentiated.forward, *gradients.values()), parts.axes(UPSTREAM))
    plan = lowering.plan(gradient_entries(gradients, wrt))
    matrices = MatrixNotation(differentiated, plan)
    inputs = {name: formulas(differentiated, name, plan, matrices) for name in wrt}
    sources = {index.name: dimension.root().source for index, dimension in parts.program.dimensions.items()}
    sources |= {d.root().symbol.name: d.root().source for d in parts.program.dimensions.values()}
    used = {s for written in inputs.values() for f in written.values() for s in _symbols([f.tree, *f.axes])}
    lengths = {name: source for name, source in sources.items() if name in used}
    return Forms("", plan, inputs, lengths, parts.units)


def _symbols(tree: object) -> set[str]:
    if isinstance(tree, str):
        return {tree}
    return {s for part in tree for s in _symbols(part)} if isinstance(tree, list) else set()
