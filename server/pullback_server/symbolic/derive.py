"""The closed form of a typed program, which is partitioned, differentiated, lowered to a plan, and written."""

from __future__ import annotations

import hashlib
import logging
from functools import cached_property

from ..index_notation.index_program import Definition
from ..operators import NoClosedForm
from ..program import TypedProgram
from .differentiation.derivatives import UPSTREAM, Differentiated, backward, differentiate, gradient_entries
from .differentiation.partition import partition, signature
from .form import FORMAT, ClosedForm, DerivativeKind, Formula, Formulas, Notation, NotationState
from .lowering.lower import Lowering
from .lowering.plan import Plan
from .notation.index_form.display import LONGEST
from .notation.index_form.inlining import TooLong
from .notation.render import Renderer, Written, unwritten
from .notation.terms import copied

log = logging.getLogger(__name__)


def form_key(typed: TypedProgram, wrt: tuple[str, ...]) -> str:
    """The name under which the closed form of this program for these inputs is kept, the same for every size."""
    return hashlib.sha256(repr((FORMAT, signature(typed, wrt))).encode()).hexdigest()


class Derivation:
    """The derivatives of a program with respect to the inputs in `wrt`, all of which it has.

    The closed form is there long before it is written: each notation is written by itself, when it is asked for.
    """

    def __init__(self, typed: TypedProgram, wrt: tuple[str, ...], longest: int = LONGEST) -> None:
        """`longest` is the most characters of a formula in index notation."""
        self._typed, self._wrt, self._longest = typed, wrt, longest

    def closed_form(self) -> ClosedForm:
        """How the gradients are evaluated. Never raises: where there is no closed form it carries the reason."""
        try:
            return ClosedForm(plan=self._plan)
        except NoClosedForm as error:
            return ClosedForm(str(error))
        except Exception:
            # sympy raises what it likes on strange expressions, and none of it may cost the number.
            log.exception("no closed form could be derived")
            return ClosedForm("sympy failed on this expression")

    def write(self, notation: Notation) -> Written:
        """The derivatives in one notation. Never raises: what cannot be written has a state that says so."""
        try:
            return self._renderer.write(notation)
        except (TooLong, RecursionError):
            return unwritten(notation, self._wrt, NotationState.OVER_BUDGET)
        except NoClosedForm:
            return unwritten(notation, self._wrt, NotationState.NO_FORM)
        except Exception:
            # As for the closed form: none of it may cost the number.
            log.exception("a closed form could not be written")
            return unwritten(notation, self._wrt, NotationState.NO_FORM)

    def formula(self, name: str, kind: DerivativeKind, notation: Notation) -> Formula:
        """The derivative with respect to one input in a notation that is of one derivative each; see `write`."""
        written = self.write(notation)
        assert isinstance(written, Formulas), f"{notation} is not of one derivative"
        return written.inputs[name][kind]

    @cached_property
    def _derived(self) -> tuple[Differentiated, dict[str, Definition]]:
        differentiated = differentiate(partition(self._typed))
        return differentiated, backward(differentiated, self._wrt)

    @cached_property
    def _plan(self) -> Plan:
        differentiated, gradients = copied(self._derived[0]), self._derived[1]
        parts = differentiated.partition
        lowering = Lowering(parts.program, (*differentiated.forward, *gradients.values()), parts.axes(UPSTREAM))
        return lowering.plan(gradient_entries(gradients, self._wrt))

    @cached_property
    def _renderer(self) -> Renderer:
        return Renderer(*self._derived, self._plan, self._wrt, self._longest)
