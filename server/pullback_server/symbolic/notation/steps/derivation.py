"""The derivation of a gradient, step by step, as people write it on paper."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

import sympy as sp

from ....index_notation.expressions import Entry
from ....index_notation.index_program import Definition
from ....index_notation.terms import Term, contract, split
from ...differentiation.derivatives import UPSTREAM, Differentiated, Partial
from ...form import NotationState
from ..index_form.display import Display
from ..index_form.formula import FormulaPrinters, IndexFormula
from ..index_form.ranges import Ranges
from ..naming import Naming
from .rules import backward_rule, derivative_rule, forward_rule

#: A derivation of more characters than this is not written: nobody would read it.
LONGEST = 60_000


class StepKind(Enum):
    """What a step does."""

    FORWARD = "forward"
    DERIVATIVE = "derivative"
    BACKWARD = "backward"
    RESULT = "result"


@dataclass(frozen=True)
class Step:
    """One line of a derivation with its rule; a result has the name of the input whose gradient it is."""

    kind: StepKind
    rule: str
    text: str
    latex: str
    input: str = ""


@dataclass(frozen=True)
class Steps:
    """The steps of a derivation in order, none unless the state is DONE."""

    steps: tuple[Step, ...] = ()
    state: NotationState = NotationState.DONE

    def to_bytes(self) -> bytes:
        """The steps in a format of our own."""
        steps = [[s.kind.name, s.rule, s.text, s.latex, s.input] for s in self.steps]
        return json.dumps([steps, self.state.name], separators=(",", ":")).encode()

    @staticmethod
    def from_bytes(data: bytes) -> Steps:
        """The inverse of `to_bytes`."""
        steps, state = json.loads(data)
        return Steps(tuple(Step(StepKind[kind], *rest) for kind, *rest in steps), NotationState[state])


def derivation(
    differentiated: Differentiated, gradients: Mapping[str, Definition], wrt: tuple[str, ...], names: Naming
) -> Steps:
    """The definitions in order, each with its derivatives, then the gradients from the output to the inputs.

    Raises TooLong where one line of it is.
    """
    steps, length = list[Step](), 0
    for step in _Derivation(differentiated, gradients, wrt, names).steps():
        steps.append(step)
        length += len(step.text)
        if length > LONGEST:
            return Steps(state=NotationState.OVER_BUDGET)
    return Steps(tuple(steps))


class _Derivation:
    def __init__(
        self, differentiated: Differentiated, gradients: Mapping[str, Definition], wrt: tuple[str, ...], names: Naming
    ) -> None:
        self._partials, self._gradients, self._wrt, self._names = differentiated.partials, gradients, wrt, names
        self._partition = partition = differentiated.partition
        forward = {p.name for p in partition.program.definitions}
        # What only derivatives need, such as how many entries tie, is written out where it is needed.
        self._extra = tuple(p for p in differentiated.forward if p.name not in forward)
        self._units = partition.units
        self._ranges = Ranges.of(differentiated)
        self._lengths: dict[sp.Symbol, sp.Symbol] = {}
        self._print = FormulaPrinters(names.taken | set(names.names.values()))
        self._useful = {UPSTREAM + differentiated.output.name, *gradients}

    def steps(self) -> Iterator[Step]:
        """All steps in order."""
        kinds = {p.name: p.kind for p in self._partition.program.definitions}
        for definition in self._partition.program.definitions:
            if definition.name not in self._names.same:
                rule = forward_rule(definition, kinds)
                yield self._step(StepKind.FORWARD, rule, self._left_side(definition), self._right_side(definition))
            if UPSTREAM + definition.name in self._useful and definition.name not in self._names.same:
                for partial in self._partials[definition.name]:
                    if partial.of.name in self._partition.inputs and partial.of.name not in self._wrt:
                        continue
                    yield self._derivative(definition, partial)
        for name, gradient in self._gradients.items():
            target = name.removeprefix(UPSTREAM)
            if target not in self._partition.inputs and name not in self._names.same:
                yield self._backward(StepKind.BACKWARD, target, gradient)
        for name in self._wrt:
            if UPSTREAM + name in self._gradients:
                yield self._backward(StepKind.RESULT, name, self._gradients[UPSTREAM + name])
            else:
                yield self._zero(name)

    def _right_side(self, definition: Definition) -> IndexFormula:
        if not definition.kind:
            return self._formula(definition.body, definition, defined=True)
        display = self._display(definition, *self._extra)
        return display.formula(Entry(definition.name, *definition.axes), definition.axes, (), self._units, defined=True)

    def _display(self, *definitions: Definition) -> Display:
        names = self._names
        return Display(self._ranges, definitions, names.taken, dict(names.names), self._lengths, longest=LONGEST)

    def _left_side(self, definition: Definition) -> IndexFormula:
        """The left side of an equation: a definition, or a gradient with the axes of length 1 of its input."""
        shown, target = self._names[definition.name], definition.name.removeprefix(UPSTREAM)
        units = self._units.get(target) if target != definition.name else None
        entry = Entry(shown, *definition.axes)
        return self._display().formula(entry, definition.axes, units={shown: units} if units else {})

    def _formula(
        self, e: sp.Expr, definition: Definition, input_axes: tuple[sp.Symbol, ...] = (), defined: bool = False
    ) -> IndexFormula:
        """An expression at the indices of a definition and those of an input."""
        v = self._names[UPSTREAM]
        e = e.xreplace({a: Entry(v, *a.indices) for a in e.atoms(Entry) if self._names[a.name] == v})
        return self._display(*self._extra).formula(e, definition.axes, input_axes, self._units, defined)

    def _derivative(self, definition: Definition, partial: Partial) -> Step:
        bound = tuple(k for k in definition.bound if k not in definition.axes)
        input_axes = tuple(k for k in bound if k in partial.of.free_symbols)
        # The derivative is summed over the indices that the entry does not have.
        rest, program = tuple(k for k in bound if k not in input_axes), self._partition.program
        terms = (contract(Term(t.coefficient, t.deltas, (*t.bound, *rest)), program) for t in split(partial.value))
        summed = sp.Add(*(t.expression for t in terms)) if rest else partial.value
        above, below = self._left_side(definition), self._formula(partial.of, definition, input_axes)
        value = self._formula(summed, definition, input_axes)
        text, latex = self._print.text, self._print.latex
        left, fraction = (
            f"d{text(above)}/d{text(below)}",
            rf"\frac{{\partial {latex(above)}}}{{\partial {latex(below)}}}",
        )
        rule = derivative_rule(definition, partial)
        return Step(StepKind.DERIVATIVE, rule, f"{left} = {text(value)}", f"{fraction} = {latex(value)}")

    def _backward(self, kind: StepKind, target: str, gradient: Definition) -> Step:
        through = [
            self._names[p.name]
            for p in reversed(self._partition.program.definitions)
            if UPSTREAM + p.name in self._useful and any(q.of.name == target for q in self._partials[p.name])
        ]
        left, right = self._left_side(gradient), self._formula(gradient.body, gradient)
        step = self._step(kind, backward_rule(list(dict.fromkeys(through))), left, right)
        return replace(step, input=target) if kind is StepKind.RESULT else step

    def _zero(self, name: str) -> Step:
        zero = Definition(UPSTREAM + name, self._partition.inputs[name].free, sp.S.Zero)
        left, right = self._left_side(zero), self._formula(zero.body, zero)
        step = self._step(StepKind.RESULT, "the value does not depend on it", left, right)
        return replace(step, input=name)

    def _step(self, kind: StepKind, rule: str, left: IndexFormula, right: IndexFormula) -> Step:
        text, latex = self._print.text, self._print.latex
        return Step(kind, rule, f"{text(left)} = {text(right)}", f"{latex(left)} = {latex(right)}")
