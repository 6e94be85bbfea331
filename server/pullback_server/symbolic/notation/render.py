"""The derivatives of one program in writing, each notation by itself and checked before it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TypeVar

from ...index_notation.index_program import Definition
from ..differentiation.derivatives import Differentiated
from ..form import UNWRITTEN, DerivativeKind, Formula, Formulas, Notation, NotationState
from ..lowering.plan import Plan
from .code.module import Code, code
from .index_form.display import Display
from .index_form.entries import EntryForms, TensorTree
from .index_form.entry_forms import entry_forms
from .index_form.formula import FormulaPrinters, IndexFormula
from .index_form.ranges import Ranges
from .index_form.structures import structures
from .matrix import Matrix, MatrixNotation
from .naming import naming
from .steps.derivation import StepKind, Steps, derivation
from .terms import DerivativeTerms, copied, each, present
from .words import with_units

#: What a program's derivatives are in one notation.
Written = Formulas | EntryForms | Code | Steps

#: How what is written in each notation comes back from its bytes.
DECODERS: Mapping[Notation, Callable[[bytes], Written]] = dict.fromkeys(Notation, Formulas.from_bytes) | {
    Notation.ENTRIES: EntryForms.from_bytes,
    Notation.CODE: Code.from_bytes,
    Notation.STEPS: Steps.from_bytes,
}

T = TypeVar("T")


class Renderer:
    """Writes the derivatives of one program; what several notations begin with is worked out once."""

    def __init__(
        self,
        differentiated: Differentiated,
        gradients: Mapping[str, Definition],
        plan: Plan,
        wrt: tuple[str, ...],
        longest: int,
    ) -> None:
        """`plan` gives the gradients' numbers; `longest` is the most characters of a formula in index notation."""
        self._differentiated, self._gradients, self._plan = differentiated, gradients, plan
        self._wrt, self._longest = wrt, longest

    def write(self, notation: Notation) -> Written:
        """The derivatives in one notation; what cannot be written has a state that says so. Raises TooLong."""
        match notation:
            case Notation.TEXT:
                return self._formulas(self._index_formulas, lambda formula: Formula(self._printers.text(formula)))
            case Notation.LATEX:
                return self._formulas(self._index_formulas, lambda formula: Formula(self._printers.latex(formula)))
            case Notation.MATRIX:
                return self._formulas(self._matrices, lambda matrix: Formula(matrix.text, matrix.state))
            case Notation.MATRIX_LATEX:
                return self._formulas(self._matrices, lambda matrix: Formula(matrix.latex, matrix.state))
            case Notation.ENTRIES:
                return self._entries()
            case Notation.CODE:
                return self._code()
            case Notation.STEPS:
                return self._steps

    def _formulas(
        self, inputs: Mapping[str, Mapping[DerivativeKind, T] | NotationState], write: Callable[[T], Formula]
    ) -> Formulas:
        written = each(inputs, lambda name: {kind: write(form) for kind, form in present(inputs[name]).items()})
        return Formulas({name: _with_states(formulas) for name, formulas in written.items()})

    @cached_property
    def _terms(self) -> DerivativeTerms:
        return DerivativeTerms(self._differentiated, self._plan, self._wrt, self._longest)

    @cached_property
    def _printers(self) -> FormulaPrinters:
        partition = self._differentiated.partition
        return FormulaPrinters({*partition.names, partition.upstream, *partition.bindings.values()})

    @cached_property
    def _index_formulas(self) -> dict[str, Mapping[DerivativeKind, IndexFormula] | NotationState]:
        differentiated = copied(self._terms.differentiated)
        parts = differentiated.partition
        display = Display(
            Ranges.of(differentiated),
            differentiated.forward,
            {*parts.names, parts.upstream},
            parts.bindings,
            structures=structures(differentiated),
            longest=self._longest,
        )

        def formulas(name: str) -> Mapping[DerivativeKind, IndexFormula]:
            expressions = present(self._terms.expressions[name])
            return {
                kind: display.formula(e.expression, e.output_axes, e.input_axes, parts.units)
                for kind, e in expressions.items()
            }

        return each(self._wrt, formulas)

    @cached_property
    def _matrices(self) -> dict[str, Mapping[DerivativeKind, Matrix] | NotationState]:
        differentiated = copied(self._terms.differentiated)
        notation, inputs = MatrixNotation(differentiated, self._plan), differentiated.partition.inputs

        def matrices(name: str) -> Mapping[DerivativeKind, Matrix]:
            terms = present(self._terms.terms[name])
            axes = with_units(terms.input_axes, inputs[name].axes)
            return dict(zip(DerivativeKind, notation(name, terms.jacobian, terms.vjp, axes), strict=True))

        return each(self._wrt, matrices)

    def _entries(self) -> EntryForms:
        return entry_forms(copied(self._terms.differentiated), self._terms.expressions)

    def _code(self) -> Code:
        differentiated = copied(self._differentiated)
        names = naming(differentiated, self._gradients, self._wrt)
        definitions = [step.text for step in self._steps.steps if step.kind is StepKind.FORWARD]
        return code(differentiated, self._gradients, self._wrt, names, definitions, self._longest)

    @cached_property
    def _steps(self) -> Steps:
        differentiated = copied(self._differentiated)
        names = naming(differentiated, self._gradients, self._wrt)
        return derivation(differentiated, self._gradients, self._wrt, names)


def unwritten(notation: Notation, wrt: tuple[str, ...], state: NotationState) -> Written:
    """What stands in the place of a notation in which no derivative is written."""
    match notation:
        case Notation.CODE:
            return Code(state=state)
        case Notation.STEPS:
            return Steps(state=state)
        case Notation.ENTRIES:
            return EntryForms({n: dict.fromkeys(DerivativeKind, TensorTree(state=state)) for n in wrt}, {}, {}, {})
        case _:
            return Formulas({name: _with_states(state) for name in wrt})


def _with_states(formulas: Mapping[DerivativeKind, Formula] | NotationState) -> Mapping[DerivativeKind, Formula]:
    return dict.fromkeys(DerivativeKind, UNWRITTEN[formulas]) if isinstance(formulas, NotationState) else formulas
