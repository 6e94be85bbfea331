"""Expressions in index notation lowered to steps on labelled tensors, equal parts computed once."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial, reduce

import sympy as sp

from ..operators import NoClosedForm
from ..operators.functions import CONDITIONS, ScalarFunction, less, where
from ..operators.index import Piece, Pieces
from ..operators.index_arithmetic import interval
from ..operators.index_terms import Delta, Entry, Total
from .plan import (
    Call,
    Fetch,
    Gather,
    Identity,
    Length,
    MatrixFunction,
    Operand,
    Plan,
    Product,
    Range,
    Reduce,
    Result,
    Scatter,
    Step,
    pruned,
)
from .recognition import renaming
from .scans import Scan, contracted, masked, scan_of

Labels = tuple[sp.Symbol, ...]


@dataclass(frozen=True)
class Value:
    """A tensor in a slot with a label an axis, or a number without labels."""

    slot: int | float
    labels: Labels = ()

    @property
    def number(self) -> bool:
        """Whether it is a number known now."""
        return isinstance(self.slot, float)


class Lowering:
    """Builds a plan; `tensors` says which index symbols the axes of inputs and the upstream gradient have."""

    def __init__(self, pieces: Pieces, definitions: Iterable[Piece], tensors: dict[str, tuple[sp.Symbol | None, ...]]):
        """`definitions` are the pieces that entries may name; only what a result needs is computed."""
        self._pieces = pieces
        self._definitions = {piece.name: piece for piece in definitions}
        self._tensors = tensors
        self._steps: list[Step] = []
        self._known: dict[object, Value] = {}
        self._named: dict[str, Value] = {}
        self._lengths = {d.symbol: d.root() for d in pieces.dimensions.values()}

    def plan(self, results: Iterable[tuple[str, sp.Expr | None, Labels]]) -> Plan:
        """The plan that computes each result, an expression in the labels given; None stands for zeros."""
        wanted = list(results)
        self._prepare([expression for _, expression, _ in wanted if expression is not None])
        found: list[tuple[str, Result | None]] = []
        for name, expression, axes in wanted:
            if expression is None:
                found.append((name, None))
                continue
            value = self.lower(expression)
            slot: Operand = value.slot if isinstance(value.slot, float) else (value.slot, None)
            found.append((name, Result(slot, tuple(_position(value.labels, a) for a in axes))))
        return pruned(Plan(tuple(self._steps), tuple(found)))

    def _prepare(self, expressions: list[sp.Expr]) -> None:
        """Lowers the pieces that the expressions name, earlier ones first, so that long programs do not nest deeply."""
        needed: set[str] = set()
        while expressions:
            for entry in expressions.pop().atoms(Entry):
                if entry.name in self._definitions and entry.name not in needed:
                    needed.add(entry.name)
                    expressions.append(self._definitions[entry.name].body)
        for name in self._definitions:
            if name in needed and name not in self._named:
                self._named[name] = self._tensor(name)

    def lower(self, expression: sp.Expr) -> Value:
        """The slot and labels of an expression; one that differs by the names of its indices only is not redone."""
        indices = _indices(expression)
        standard = {index: sp.Symbol(f"_{number}") for number, index in enumerate(indices)}
        lengths = tuple(self._pieces.dimensions[index].root().symbol for index in indices)
        key = (expression.xreplace(standard) if indices else expression, lengths)
        if key not in self._known:
            value = self._lower(expression)
            self._known[key] = Value(value.slot, tuple(standard[label] for label in value.labels))
        back = {new: old for old, new in standard.items()}
        value = self._known[key]
        return Value(value.slot, tuple(back[label] for label in value.labels))

    def _emit(self, step: Step, labels: Labels = ()) -> Value:
        self._steps.append(step)
        return Value(len(self._steps) - 1, labels)

    def _lower(self, e: sp.Expr) -> Value:
        if e.is_number and not e.has(ScalarFunction):
            return Value(_number(e))
        match e:
            case Entry():
                return self._entry(e)
            case Total():
                return self._total(e.kind, e.body, e.bound)
            case Delta():
                return self._delta(*e.args)
            case sp.Symbol() if e in self._pieces.dimensions:
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

    def _call(self, function: str, *operands: Value) -> Value:
        labels: list[sp.Symbol] = []
        for value in sorted(operands, key=lambda v: -len(v.labels)):
            labels += [label for label in value.labels if label not in labels]
        return self._emit(Call(function, tuple(_aligned(v, tuple(labels)) for v in operands)), tuple(labels))

    def _condition(self, e: sp.Expr) -> Value:
        """A comparison, or what joins some, as bool; any other number as it is."""
        return self._call(type(e).__name__, *map(self._condition, e.args)) if type(e) in CONDITIONS else self.lower(e)

    def _entry(self, e: Entry) -> Value:
        if e.name not in self._named:
            self._named[e.name] = self._tensor(e.name)
        value = self._named[e.name]
        if e.name in self._tensors:
            own: Labels = tuple(a for a in self._tensors[e.name] if a is not None)
        else:
            own = self._definitions[e.name].axes
        swap = dict(zip(own, e.indices, strict=True))
        labels = tuple(swap[label] for label in value.labels)
        if not all(self._pieces.spans(swap[label], label) for label in value.labels):
            return self._gathered(value, labels)
        # A label of the value that repeats in the entry is taken from the diagonal.
        if len(set(labels)) == len(labels):
            return Value(value.slot, labels)
        out = tuple(dict.fromkeys(labels))
        return self._emit(Product((_slot(value),), (tuple(map(out.index, labels)),), tuple(range(len(out)))), out)

    def _tensor(self, name: str) -> Value:
        if name in self._tensors:
            axes = self._tensors[name]
            kept = tuple(k for k, a in enumerate(axes) if a is not None)
            return self._emit(Fetch(name, kept), tuple(a for a in axes if a is not None))
        piece = self._definitions[name]
        if piece.own is not None:
            return self._applied(piece)
        return self._total(piece.kind, piece.body, piece.bound) if piece.bound else self.lower(piece.body)

    def _gathered(self, value: Value, indices: tuple[sp.Expr, ...]) -> Value:
        """A tensor read at computed indices; axes whose index appears in one of those are read at theirs too."""
        pairs = enumerate(zip(indices, value.labels, strict=True))
        computed = {number for number, (index, own) in pairs if not self._pieces.spans(index, own)}
        free = {s for number in computed for s in _indices(indices[number])}
        free |= {index for index in indices if indices.count(index) > 1}
        axes = tuple(n for n, index in enumerate(indices) if n in computed or index in free)
        values = [self.lower(indices[n]) for n in axes]
        labels = tuple(dict.fromkeys(label for v in values for label in v.labels))
        kept = tuple(index for n, index in enumerate(indices) if n not in axes)
        return self._emit(Gather(_slot(value), axes, tuple(_aligned(v, labels) for v in values)), kept + labels)

    def _applied(self, piece: Piece) -> Value:
        value = self._spanning(self.lower(piece.body), piece.bound)
        rows, columns = (value.labels.index(k) for k in piece.bound)
        batch = tuple(label for label in value.labels if label not in piece.bound)
        return self._emit(MatrixFunction(piece.kind, _slot(value), (rows, columns)), batch + piece.own_axes)

    def _delta(self, a: sp.Expr, b: sp.Expr) -> Value:
        if a.is_Symbol and b.is_Symbol and self._pieces.spans(a, b):
            return self._emit(Identity(self._source(a)), (a, b))
        return self._call("number", self._call("equal", self.lower(a), self.lower(b)))

    def _source(self, index: sp.Symbol) -> tuple[str, int] | int:
        return self._pieces.dimensions[index].root().source

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
        for value in values[1:]:
            result = self._call("mul", result, value)
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

    def _total(self, kind: str, body: sp.Expr, bound: Labels) -> Value:
        if kind == "sum":
            if isinstance(body, sp.Add) and any(_spread(t) or t.has(Delta) for t in body.args):
                parts = [self.lower(Total("sum", t, *bound)) for t in body.args]
                result = parts[0]
                for part in parts[1:]:
                    result = self._call("add", result, part)
                return result
            return self._contraction(body, bound)
        scan = scan_of(kind, body, bound, self._pieces)
        if scan is not None:
            return self._running(scan, self.lower(scan.body))
        value = self._spanning(self.lower(body), bound)
        axes = tuple(value.labels.index(k) for k in bound)
        left = value.labels if kind == "others" else tuple(k for k in value.labels if k not in bound)
        return self._emit(Reduce(kind, _slot(value), axes), left)

    def _spanning(self, value: Value, bound: Labels) -> Value:
        """The value made to vary along every bound label, by ones where it does not."""
        for k in bound:
            if k not in value.labels:
                along = self._emit(Range(self._source(k)), (k,))
                value = self._call("mul", value, self._call("ones_like", along))
        return value

    def _softmax(self, e: sp.exp) -> Value | None:
        """`exp(u - logsumexp(u))` computed in one step, where the expression is one."""
        for term in sp.Add.make_args(-e.args[0]):
            piece = self._definitions.get(term.name) if isinstance(term, Entry) else None
            if piece is None or piece.kind != "logsumexp" or len(piece.bound) != 1:
                continue
            rest = e.args[0] + term
            swap = renaming(piece.body.xreplace(dict(zip(piece.axes, term.indices, strict=True))), rest)
            if swap is None or any(swap.get(i, i) != i for i in term.indices):
                continue
            value = self.lower(rest)
            along = swap.get(piece.bound[0])
            if along in value.labels and along not in term.indices:
                return self._emit(Reduce("softmax", _slot(value), (value.labels.index(along),)), value.labels)
        return None

    def _contraction(self, body: sp.Expr, bound: Labels) -> Value:
        """The sum of a product: the tensors contracted, then what has no label, and bound labels that no tensor has."""
        coefficient, rest = body.as_coeff_Mul()
        parts = sp.Mul.make_args(rest)
        special = self._scattered(parts, bound) or self._scanned(parts, bound)
        if special is not None:
            return special if coefficient == 1 else self._call("mul", special, Value(float(coefficient)))
        values = [self.lower(f) for f in parts]
        tensors = [v for v in values if v.labels]
        lengths = [k for k in bound if not any(k in v.labels for v in tensors)]
        factors = [self._summed(tensors, bound)] if tensors else []
        factors += [v for v in values if not v.labels]
        factors += [self._emit(Length(self._source(k))) for k in lengths]
        if coefficient != 1:
            factors.append(Value(float(coefficient)))
        result = factors[0]
        for factor in factors[1:]:
            result = self._call("mul", result, factor)
        return result

    def _scattered(self, parts: tuple[sp.Expr, ...], bound: Labels) -> Value | None:
        """A sum with deltas of computed indices, `Sum(f(k)*delta(2*k, p), k)`, as additions at those places."""
        deltas = [_towards(d, bound) for d in parts if isinstance(d, Delta) and d.free_symbols & {*bound}]
        targets = tuple(target for _, target in deltas)
        others = [p for p in parts if not (isinstance(p, Delta) and p.free_symbols & {*bound})]
        inside = [p for p in others if p.free_symbols & {*bound}]
        taken = {s for p in (*inside, *(index for index, _ in deltas)) for s in p.free_symbols}
        if not deltas or None in targets or len({*targets}) < len(targets) or taken & {*targets}:
            return None
        indices = [self.lower(self._nowhere(index, target)) for index, target in deltas]
        moving = tuple(k for k in bound if any(k in v.labels for v in indices))
        resting = tuple(k for k in bound if k not in moving)
        value = self._contraction(sp.Mul(*inside), resting)
        kept = tuple(dict.fromkeys(k for v in (value, *indices) for k in v.labels if k not in moving))
        step = Scatter(
            _aligned(value, kept + moving),
            len(kept),
            tuple(_aligned(v, kept + moving) for v in indices),
            tuple(self._source(target) for target in targets if target is not None),
        )
        result = self._emit(step, kept + tuple(target for target in targets if target is not None))
        for other in others:
            if other not in inside:
                result = self._call("mul", result, self.lower(other))
        return result

    def _nowhere(self, index: sp.Expr, target: sp.Symbol | None) -> sp.Expr:
        """A computed index that may lie before the first entry moved behind the last one.

        Only negative entries of a tensor of indices count from the end.
        """
        known = interval(index, self._pieces)
        if index.has(Entry) or target is None or (known is not None and known[0] >= 0):
            return index
        return where(less(index, 0), self._pieces.size(target), index)

    def _scanned(self, parts: tuple[sp.Expr, ...], bound: Labels) -> Value | None:
        """`Sum(f(k)*(k <= i), k)` as a running sum along k, from the other end where it is `i <= k`."""
        whole = contracted(parts, bound, (self._pieces, self._definitions))
        if whole is not None:
            return self.lower(whole)
        inside = [p for p in parts if not p.free_symbols.isdisjoint(bound)]
        for part in inside:
            scan = masked("sum", part, sp.Mul(*(p for p in inside if p is not part)), bound, self._pieces)
            if scan is not None:
                total = self._contraction(scan.body, tuple(k for k in bound if k is not scan.here))
                outside = [self.lower(p) for p in parts if p not in inside]
                return reduce(partial(self._call, "mul"), outside, self._running(scan, total))
        return None

    def _running(self, scan: Scan, value: Value) -> Value:
        value = self._spanning(value, (scan.here,))
        labels = tuple(scan.there if k == scan.here else k for k in value.labels)
        return self._emit(Reduce(scan.reducer, _slot(value), (value.labels.index(scan.here),)), labels)

    def _summed(self, tensors: list[Value], bound: Labels) -> Value:
        """The product of tensors summed over those bound labels that they have."""
        letters = list(dict.fromkeys(k for v in tensors for k in v.labels))
        out = tuple(k for k in letters if k not in bound)
        if len(tensors) == 1 and len(out) < len(letters):
            axes = tuple(number for number, k in enumerate(tensors[0].labels) if k in bound)
            return self._emit(Reduce("sum", _slot(tensors[0]), axes), out)
        if len(out) < len(letters):
            labels = tuple(tuple(map(letters.index, v.labels)) for v in tensors)
            return self._emit(Product(tuple(map(_slot, tensors)), labels, tuple(map(letters.index, out))), out)
        result = tensors[0]
        for value in tensors[1:]:
            result = self._call("mul", result, value)
        return result


def _number(e: sp.Expr) -> float:
    try:
        return float(e)
    except OverflowError:
        return math.inf if e.is_positive else -math.inf
    except TypeError as error:
        raise NoClosedForm("a constant in it is not a real number, so it has no closed form") from error


def _slot(value: Value) -> int:
    assert isinstance(value.slot, int)
    return value.slot


def _towards(delta: Delta, bound: Labels) -> tuple[sp.Expr, sp.Symbol | None]:
    """The computed index of a delta and the free one that it must meet, if it has one."""
    a, b = delta.args
    for index, target in ((a, b), (b, a)):
        if target.is_Symbol and target not in bound and target not in index.free_symbols:
            return index, target
    return a, None


def _position(labels: Labels, axis: sp.Symbol) -> int:
    return labels.index(axis) if axis in labels else -1


def _aligned(value: Value, labels: Labels) -> Operand:
    if isinstance(value.slot, float):
        return value.slot
    axes = tuple(_position(value.labels, label) for label in labels)
    first = next((k for k, a in enumerate(axes) if a >= 0), len(axes))
    # Broadcasting adds leading axes by itself.
    return (value.slot, None if axes[first:] == tuple(range(len(value.labels))) else axes)


def _indices(e: sp.Expr) -> tuple[sp.Symbol, ...]:
    """The index symbols of an expression in the order of their first appearance; lengths are not among them."""
    seen: dict[sp.Symbol, None] = {}
    stack = [e]
    while stack:
        part = stack.pop()
        if isinstance(part, sp.Symbol):
            if part.name[0] in "i_":
                seen[part] = None
        else:
            stack.extend(reversed(part.args))
    return tuple(seen)


def _spread(term: sp.Expr) -> bool:
    """Whether a summand is a product of several tensors, which contract better one summand at a time."""
    factors = [f for f in sp.Mul.make_args(term) if f.has(Entry)]
    return len({frozenset(_indices(f)) for f in factors}) > 1 or not factors
