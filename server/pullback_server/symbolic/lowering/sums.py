"""Sums and other reductions over index symbols lowered to contractions, scans, and additions at computed places."""

from __future__ import annotations

from functools import partial, reduce
from itertools import chain

import sympy as sp

from ...index_notation.arithmetic import interval
from ...index_notation.expressions import Delta, Entry, Reduction
from ...index_notation.functions import less, where
from .emitting import Emitter, Labels, Value, align, indices_of, slot_of
from .plan import Length, Product, Range, Reduce, Scatter
from .scans import Scan, contract_with_scan, scan_of, scan_of_mask


class Sums(Emitter):
    """Lowers reductions, for a subclass that lowers everything else."""

    def _reduction(self, kind: str, body: sp.Expr, bound: Labels) -> Value:
        if kind == "sum":
            if isinstance(body, sp.Add) and any(_contracts_apart(t) or t.has(Delta) for t in body.args):
                return reduce(partial(self._call, "add"), [self.lower(Reduction("sum", t, *bound)) for t in body.args])
            return self._contraction(body, bound)
        scan = scan_of(kind, body, bound, self._program)
        if scan is not None:
            return self._run_scan(scan, self.lower(scan.body))
        value = self._expand(self.lower(body), bound)
        axes = tuple(value.labels.index(k) for k in bound)
        left = value.labels if kind == "product_of_others" else tuple(k for k in value.labels if k not in bound)
        return self._emit(Reduce(kind, slot_of(value), axes), left)

    def _expand(self, value: Value, bound: Labels) -> Value:
        """The value made to vary along every bound label, by ones where it does not."""
        for k in bound:
            if k not in value.labels:
                along = self._emit(Range(self._source(k)), (k,))
                value = self._call("mul", value, self._call("ones_like", along))
        return value

    def _contraction(self, body: sp.Expr, bound: Labels) -> Value:
        """The sum of a product: the tensors contracted, times the factors without labels and the lengths of the others.

        The others are bound labels that no tensor has.
        """
        coefficient, rest = body.as_coeff_Mul()
        parts = sp.Mul.make_args(rest)
        special = self._scatter(parts, bound) or self._scan(parts, bound)
        if special is not None:
            return special if coefficient == 1 else self._call("mul", special, Value(float(coefficient)))
        values = [self.lower(f) for f in parts]
        tensors = [v for v in values if v.labels]
        lengths = [k for k in bound if not any(k in v.labels for v in tensors)]
        factors = [self._sum_out(tensors, bound)] if tensors else []
        factors += [v for v in values if not v.labels]
        factors += [self._emit(Length(self._source(k))) for k in lengths]
        if coefficient != 1:
            factors.append(Value(float(coefficient)))
        return self._multiply(factors)

    def _scatter(self, parts: tuple[sp.Expr, ...], bound: Labels) -> Value | None:
        """A sum with deltas of computed indices, `Sum(f(k)*delta(2*k, p), k)`, as additions at these places."""
        deltas = [_towards(d, bound) for d in parts if isinstance(d, Delta) and d.free_symbols & {*bound}]
        targets = tuple(target for _, target in deltas)
        others = [p for p in parts if not (isinstance(p, Delta) and p.free_symbols & {*bound})]
        inside = [p for p in others if p.free_symbols & {*bound}]
        taken = {s for p in (*inside, *(index for index, _ in deltas)) for s in p.free_symbols}
        if not deltas or None in targets or len({*targets}) < len(targets) or taken & {*targets}:
            return None
        indices = [self.lower(self._behind_the_end(index, target)) for index, target in deltas]
        moving = tuple(k for k in bound if any(k in v.labels for v in indices))
        resting = tuple(k for k in bound if k not in moving)
        value = self._contraction(sp.Mul(*inside), resting)
        kept = tuple(dict.fromkeys(k for v in (value, *indices) for k in v.labels if k not in moving))
        step = Scatter(
            align(value, kept + moving),
            len(kept),
            tuple(align(v, kept + moving) for v in indices),
            tuple(self._source(target) for target in targets if target is not None),
        )
        result = self._emit(step, kept + tuple(target for target in targets if target is not None))
        return self._multiply(chain([result], (self.lower(other) for other in others if other not in inside)))

    def _behind_the_end(self, index: sp.Expr, target: sp.Symbol | None) -> sp.Expr:
        """A computed index, moved behind the last entry where it may lie before the first one.

        Only negative entries of a tensor of indices count from the end.
        """
        known = interval(index, self._program)
        if index.has(Entry) or target is None or (known is not None and known[0] >= 0):
            return index
        return where(less(index, 0), self._program.size(target), index)

    def _scan(self, parts: tuple[sp.Expr, ...], bound: Labels) -> Value | None:
        """`Sum(f(k)*(k <= i), k)` as a running sum along k, from the other end where it is `i <= k`."""
        total = contract_with_scan(parts, bound, self._program, self._definitions)
        if total is not None:
            return self.lower(total)
        inside = [p for p in parts if not p.free_symbols.isdisjoint(bound)]
        for part in inside:
            scan = scan_of_mask("sum", part, sp.Mul(*(p for p in inside if p is not part)), bound, self._program)
            if scan is not None:
                value = self._contraction(scan.body, tuple(k for k in bound if k is not scan.index))
                outside = [self.lower(p) for p in parts if p not in inside]
                return self._multiply([self._run_scan(scan, value), *outside])
        return None

    def _run_scan(self, scan: Scan, value: Value) -> Value:
        value = self._expand(value, (scan.index,))
        labels = tuple(scan.result_index if k == scan.index else k for k in value.labels)
        return self._emit(Reduce(scan.primitive, slot_of(value), (value.labels.index(scan.index),)), labels)

    def _sum_out(self, tensors: list[Value], bound: Labels) -> Value:
        """The product of tensors summed over those bound labels that they have."""
        letters = list(dict.fromkeys(k for v in tensors for k in v.labels))
        out = tuple(k for k in letters if k not in bound)
        if len(tensors) == 1 and len(out) < len(letters):
            axes = tuple(number for number, k in enumerate(tensors[0].labels) if k in bound)
            return self._emit(Reduce("sum", slot_of(tensors[0]), axes), out)
        if len(out) < len(letters):
            labels = tuple(tuple(map(letters.index, v.labels)) for v in tensors)
            return self._emit(Product(tuple(map(slot_of, tensors)), labels, tuple(map(letters.index, out))), out)
        return self._multiply(tensors)


def _towards(delta: Delta, bound: Labels) -> tuple[sp.Expr, sp.Symbol | None]:
    """The computed index of a delta and the free one that it must meet, if it has one."""
    a, b = delta.args
    for index, target in ((a, b), (b, a)):
        if target.is_Symbol and target not in bound and target not in index.free_symbols:
            return index, target
    return a, None


def _contracts_apart(term: sp.Expr) -> bool:
    """Whether a summand is a product of several tensors, which contract better one summand at a time."""
    factors = [f for f in sp.Mul.make_args(term) if f.has(Entry)]
    return len({frozenset(indices_of(f)) for f in factors}) > 1 or not factors
