"""Expressions in index notation lowered to steps on labelled tensors, equal parts computed once."""

from __future__ import annotations

import math
from collections.abc import Iterable

import sympy as sp

from ...index_notation.expressions import Delta, Entry, Reduction
from ...index_notation.functions import CONDITIONS, ScalarFunction, where
from ...index_notation.index_program import Axes, Definition, IndexProgram
from ...index_notation.recognition import softmaxes
from ...operators import NoClosedForm
from .emitting import Labels, Value, align, indices_of, position_of, slot_of
from .orientation import orient
from .plan import Fetch, Gather, Identity, Length, MatrixFunction, Operand, Plan, Product, Range, Reduce, Result, prune
from .sums import Sums


class Lowering(Sums):
    """Builds a plan; `axes` says which index symbols the axes of inputs and the upstream gradient have."""

    def __init__(self, program: IndexProgram, definitions: Iterable[Definition], axes: dict[str, Axes]) -> None:
        """`definitions` are those that entries may name; only what a result needs is computed."""
        super().__init__(program, {definition.name: definition for definition in definitions})
        self._axes = axes
        self._known: dict[object, Value] = {}
        self._values: dict[str, Value] = {}
        self._lengths = {d.symbol: d.root() for d in program.dimensions.values()}

    def plan(self, results: Iterable[tuple[str, sp.Expr | None, Labels]]) -> Plan:
        """The plan that computes each result, an expression in these labels; None stands for zeros."""
        wanted = list(results)
        self._prepare([expression for _, expression, _ in wanted if expression is not None])
        lowered = {name: None if e is None else self._result(e, axes) for name, e, axes in wanted}
        return prune(orient(Plan(tuple(self._steps), lowered), self._ranks))

    def _result(self, expression: sp.Expr, axes: Labels) -> Result:
        value = self.lower(expression)
        slot: Operand = value.slot if isinstance(value.slot, float) else (value.slot, None)
        return Result(slot, tuple(position_of(value.labels, a) for a in axes))

    def _prepare(self, expressions: list[sp.Expr]) -> None:
        """Lowers the definitions that the expressions name, earlier ones first, so that long programs do not nest."""
        needed: set[str] = set()
        while expressions:
            for entry in expressions.pop().atoms(Entry):
                if entry.name in self._definitions and entry.name not in needed:
                    needed.add(entry.name)
                    expressions.append(self._definitions[entry.name].body)
        for name in self._definitions:
            if name in needed and name not in self._values:
                self._values[name] = self._tensor(name)

    def lower(self, expression: sp.Expr) -> Value:
        """The slot and labels of an expression; those that differ only by the names of indices are lowered once."""
        indices = indices_of(expression)
        standard = {index: sp.Symbol(f"_{number}") for number, index in enumerate(indices)}
        lengths = tuple(self._program.dimensions[index].root().symbol for index in indices)
        key = (expression.xreplace(standard) if indices else expression, lengths)
        if key not in self._known:
            value = self._lower(expression)
            self._known[key] = Value(value.slot, tuple(standard[label] for label in value.labels))
        back = {new: old for old, new in standard.items()}
        value = self._known[key]
        return Value(value.slot, tuple(back[label] for label in value.labels))

    def _lower(self, e: sp.Expr) -> Value:
        if e.is_number and not e.has(ScalarFunction):
            return Value(_number(e))
        match e:
            case Entry():
                return self._entry(e)
            case Reduction():
                return self._reduction(e.kind, e.body, e.bound)
            case Delta():
                return self._delta(*e.args)
            case sp.Symbol() if e in self._program.dimensions:
                return self._emit(Range(self._source(e)), (e,))
            case sp.Symbol():
                return self._emit(Length(self._lengths[e].source))
            case sp.Add():
                return self._sum(e)
            case sp.Mul():
                return self._product(e)
            case sp.Pow():
                return self._power(e.base, e.exp)
            case sp.exp() if (softmax := self._softmax(e)) is not None:
                return softmax
            case sp.Function() if isinstance(e, where):
                condition, *branches = e.args
                return self._call("where", self._condition(condition), *map(self.lower, branches))
            case sp.Function() if type(e) in CONDITIONS:
                return self._call("number", self._condition(e))
            case sp.Function():
                return self._call(type(e).__name__, *map(self.lower, e.args))
            case _:
                raise ValueError(f"cannot lower {type(e).__name__}")

    def _condition(self, e: sp.Expr) -> Value:
        """A comparison, or a connective of some, as bool; any other number as it is."""
        return self._call(type(e).__name__, *map(self._condition, e.args)) if type(e) in CONDITIONS else self.lower(e)

    def _entry(self, e: Entry) -> Value:
        if e.name not in self._values:
            self._values[e.name] = self._tensor(e.name)
        value = self._values[e.name]
        if e.name in self._axes:
            axes: Labels = tuple(a for a in self._axes[e.name] if a is not None)
        else:
            axes = self._definitions[e.name].axes
        swap = dict(zip(axes, e.indices, strict=True))
        labels = tuple(swap[label] for label in value.labels)
        if not all(self._program.spans(swap[label], label) for label in value.labels):
            return self._gather(value, labels)
        # A label of the value that repeats in the entry is taken from the diagonal.
        if len(set(labels)) == len(labels):
            return Value(value.slot, labels)
        out = tuple(dict.fromkeys(labels))
        return self._emit(Product((slot_of(value),), (tuple(map(out.index, labels)),), tuple(range(len(out)))), out)

    def _tensor(self, name: str) -> Value:
        if name in self._axes:
            axes = self._axes[name]
            kept = tuple(k for k, a in enumerate(axes) if a is not None)
            return self._emit(Fetch(name, kept), tuple(a for a in axes if a is not None))
        definition = self._definitions[name]
        if definition.result_rank is not None:
            return self._matrix_function(definition)
        if definition.bound:
            return self._reduction(definition.kind, definition.body, definition.bound)
        return self.lower(definition.body)

    def _gather(self, value: Value, indices: tuple[sp.Expr, ...]) -> Value:
        """A tensor read at computed indices; axes whose index appears in one of those are read at theirs too."""
        pairs = enumerate(zip(indices, value.labels, strict=True))
        computed = {number for number, (index, label) in pairs if not self._program.spans(index, label)}
        free = {s for number in computed for s in indices_of(indices[number])}
        free |= {index for index in indices if indices.count(index) > 1}
        axes = tuple(n for n, index in enumerate(indices) if n in computed or index in free)
        values = [self.lower(indices[n]) for n in axes]
        labels = tuple(dict.fromkeys(label for v in values for label in v.labels))
        kept = tuple(index for n, index in enumerate(indices) if n not in axes)
        return self._emit(Gather(slot_of(value), axes, tuple(align(v, labels) for v in values)), kept + labels)

    def _matrix_function(self, definition: Definition) -> Value:
        value = self._expand(self.lower(definition.body), definition.bound)
        rows, columns = (value.labels.index(k) for k in definition.bound)
        batch = tuple(label for label in value.labels if label not in definition.bound)
        step = MatrixFunction(definition.kind, slot_of(value), (rows, columns))
        return self._emit(step, batch + definition.result_axes)

    def _delta(self, a: sp.Expr, b: sp.Expr) -> Value:
        if a.is_Symbol and b.is_Symbol and self._program.spans(a, b):
            return self._emit(Identity(self._source(a)), (a, b))
        return self._call("number", self._call("equal", self.lower(a), self.lower(b)))

    def _sum(self, e: sp.Add) -> Value:
        positive = [t for t in e.args if not t.could_extract_minus_sign()]
        negative = [-t for t in e.args if t.could_extract_minus_sign()]
        first = self.lower(positive[0]) if positive else self._call("neg", self.lower(negative.pop(0)))
        for term in positive[1:]:
            first = self._call("add", first, self.lower(term))
        for term in negative:
            first = self._call("sub", first, self.lower(term))
        return first

    def _product(self, e: sp.Mul) -> Value:
        coefficient, rest = e.as_coeff_Mul()
        above, below = list[sp.Expr](), list[sp.Expr]()
        for factor in sp.Mul.make_args(rest):
            inverse = isinstance(factor, sp.Pow) and factor.exp.is_Rational and factor.exp.is_negative
            (below if inverse else above).append(1 / factor if inverse else factor)
        values = sorted((self.lower(f) for f in above), key=lambda v: len(v.labels))
        number = float(coefficient)
        result = values[0] if values else Value(number)
        if values and number == -1:
            result = self._call("neg", result)
        elif values and number != 1:
            result = self._call("mul", result, Value(number))
        result = self._multiply([result, *values[1:]])
        for factor in below:
            result = self._over(result, factor)
        return result

    def _over(self, value: Value, divisor: sp.Expr) -> Value:
        """The quotient, 0 where the divisor is a norm that is 0."""
        base = divisor.as_base_exp()[0]
        norm = isinstance(base, Entry) and base.name in self._definitions and self._definitions[base.name].norm
        return self._call("over_norm" if norm else "div", value, self.lower(divisor))

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> Value:
        match exponent:
            case sp.Integer() | sp.Rational() if exponent.is_negative:
                return self._over(Value(1.0), base**-exponent)
            case sp.Rational() if exponent == sp.S.Half:
                return self._call("sqrt", self.lower(base))
        return self._call("pow", self.lower(base), self.lower(exponent))

    def _softmax(self, e: sp.exp) -> Value | None:
        """`exp(u - logsumexp(u))` computed in one step, where the expression is one."""
        for logits, along in softmaxes(e, self._definitions):
            value = self.lower(logits)
            if along in value.labels:
                return self._emit(Reduce("softmax", slot_of(value), (value.labels.index(along),)), value.labels)
        return None


def _number(e: sp.Expr) -> float:
    try:
        return float(e)
    except OverflowError:
        return math.inf if e.is_positive else -math.inf
    except TypeError as error:
        raise NoClosedForm("a constant in it is not a real number, so it has no closed form") from error
