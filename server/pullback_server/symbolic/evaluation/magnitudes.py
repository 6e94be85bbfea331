"""The magnitudes of the terms whose sum a plan's result is: roundings are measured by them where terms cancel.

Two orders of the same sums differ by some roundings of the sum of the terms' magnitudes (N. J. Higham, Accuracy and
Stability of Numerical Algorithms, 2nd ed., section 3.1), entry by entry, however little the sum itself comes to.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from functools import lru_cache, reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ..lowering.plan import Call, Gather, Operand, Plan, Product, Reduce, Step
from .evaluate import closure, functions, operand_views, restore
from .indexing import Index, operand_index, unravel
from .linearity import LinearSlots, contracts, linear_in
from .products import Closure, Slots

#: How many times as many entries a tensor has before those that are asked for are taken out of it first.
FEW_TIMES = 4
#: How many times as much an entry costs that is taken out of a tensor as one of a contraction of whole tensors.
TAKEN, CONTRACTED = 8, 1 / 16
#: Of so many terms or more, one in so many counts among some of them.
LONG, PARTS = 64, 8
#: Operands of products with more entries are gone through in parts.
PART = 2**16


class Magnitudes:
    """The magnitudes of the terms of a plan's results on given tensors; what results share is computed once.

    `slots` are the values of the plan's steps on these tensors. Products and sums are followed back to the first values
    that are made otherwise. With `some`, they are followed only to the last contractions, and of a long one only a part
    of the terms counts: these magnitudes are no larger, and cost a fraction.
    """

    def __init__(
        self,
        plan: Plan,
        linear: LinearSlots,
        slots: Slots,
        tensors: Mapping[str, torch.Tensor],
        some: bool = False,
    ) -> None:
        self._plan, self._linear, self._slots, self._tensors = plan, linear, slots, tensors
        self._some = some
        #: The magnitudes of the terms of slots in which something is added up, and bounds on those of any slot.
        self._known: dict[int, torch.Tensor] = {}
        self._bounds: dict[int, float] = {}

    def of(self, name: str, places: npt.NDArray[np.int64] | None = None) -> torch.Tensor | None:
        """The magnitudes of one result's terms, flat; None where nothing is added up in it.

        With `places`, only those of these entries, which are numbered in row-major order.
        """
        result = self._plan.results.get(name)
        if name not in self._linear.by_result or result is None or not isinstance(result.slot, tuple):
            return None
        slot, like = result.slot[0], self._tensors[name]
        if places is None:
            return restore(result, {slot: self._all(slot)}, like).reshape(-1)
        # NumPy divides integers much faster.
        index = (torch.from_numpy(i).to(like.device) for i in unravel(places, [n for n in like.shape if n != 1]))
        at = dict(zip(result.axes, index, strict=True))
        return self._at(slot, tuple(at[k] for k in range(self._slots[slot].dim())), len(places)).expand(len(places))

    def largest(self, name: str) -> float:
        """A bound on the magnitudes of the terms of all entries of a result; 0 where nothing is added up in it."""
        bound = 0.0
        for slot in self._linear.by_result.get(name, ()):
            if slot in self._linear.adding:
                bound = self._operand_bound((slot, None))
        return bound

    def _bound(self, slot: int) -> float:
        """A bound on the magnitudes of a slot's terms, from those of the slots that it is linear in."""
        step = self._plan.steps[slot]
        if slot in self._linear.adding:
            match step:
                case Call("add" | "sub", operands):
                    return sum(map(self._operand_bound, operands))
                case Call("neg" | "mul", operands):
                    return math.prod(map(self._operand_bound, operands))
                case Call("where", (_, *branches)):
                    return max(map(self._operand_bound, branches))
                case Product(slots, _, out):
                    added = math.prod(
                        n for label, n in _lengths(step, self._operands(step)).items() if label not in out
                    )
                    return added * math.prod(self._operand_bound((s, None)) for s in slots)
                case Reduce("sum" | "cumsum" | "cumsum_back", source, axes):
                    added = math.prod(self._slots[source].shape[k] for k in axes)
                    return added * self._operand_bound((source, None))
                case Gather(source):
                    return self._operand_bound((source, None))
            return _largest(self._all(slot))
        return _largest(self._slots[slot])

    def _operand_bound(self, operand: Operand) -> float:
        if not isinstance(operand, tuple):
            return abs(operand)
        if operand[0] not in self._bounds:
            self._bounds[operand[0]] = self._bound(operand[0])
        return self._bounds[operand[0]]

    def _terms(self, slot: int) -> torch.Tensor:
        """The magnitudes of the terms of all entries of a slot: of its values where nothing is added up in it."""
        return self._all(slot) if slot in self._linear.adding else self._value(slot)

    def _value(self, slot: int) -> torch.Tensor:
        """The magnitudes of a slot's own values."""
        value = torch.as_tensor(self._slots[slot])
        return (value.to(torch.float64) if value.dtype == torch.bool else value).abs()

    def _size(self, slot: int, step: Step) -> torch.Tensor:
        """The magnitudes of an operand of a step."""
        return self._terms(slot) if self._has_terms(slot, step) else self._value(slot)

    def _has_terms(self, slot: int, step: Step) -> bool:
        """Whether an operand of a step counts by its terms, and not by its values."""
        return slot in self._linear.adding and not (self._some and contracts(step))

    def _all(self, slot: int) -> torch.Tensor:
        """The magnitudes of the terms of all entries of a slot in which something is added up."""
        if slot not in self._known:
            for source in self._linear.order(slot, self._some):
                if source in self._linear.adding and source not in self._known:
                    self._known[source] = self._compute(source)
        return self._known[slot]

    def _compute(self, slot: int) -> torch.Tensor:
        """The magnitudes of a slot's terms, from those of the slots that it is linear in, which must be known."""
        match step := self._plan.steps[slot]:
            case Call("add" | "sub", (a, b)):
                return torch.as_tensor(self._operand(a, step) + self._operand(b, step))
            case Call("neg", (a,)):
                return torch.as_tensor(self._operand(a, step))
            case Call("mul", (a, b)):
                return torch.as_tensor(self._operand(a, step) * self._operand(b, step))
            case Call("div", (a, b)):
                (divisor,) = operand_views((b,))
                return torch.as_tensor(self._operand(a, step) / abs(divisor(self._slots)))
            case Call("where", (c, a, b)):
                (condition,) = operand_views((c,))
                branches = self._operand(a, step), self._operand(b, step)
                return torch.as_tensor(functions()["where"](condition(self._slots), *branches))
            case Product():
                return self._contract(step)
            case Reduce("sum", source, axes) if self._some:
                part = _shortened(self._slots[source], max(axes, key=lambda k: self._slots[source].shape[k]))
                return torch.as_tensor(closure(Reduce("sum", 0, axes))([part.abs()], self._tensors))
        sizes = list(self._slots)
        for source in linear_in(step):
            sizes[source] = self._size(source, step)
        return torch.as_tensor(closure(step)(sizes, self._tensors))

    def _operand(self, operand: Operand, step: Step) -> Any:
        """The magnitudes of an operand, lined up with the step's others."""
        if not isinstance(operand, tuple):
            return abs(operand)
        slot, axes = operand
        sizes = self._size(slot, step)
        return sizes if axes is None else operand_views(((0, axes),))[0]([sizes])

    def _contract(self, step: Product) -> torch.Tensor:
        """The terms of a product, in parts along the first axis of its largest operand, which stay in the cache."""
        tensors = self._operands(step)
        largest = max(range(len(tensors)), key=lambda k: tensors[k].numel())
        run = _contraction(step.labels, step.out)
        # The entries of one tensor are a view of what each part would write anew.
        known = [self._terms(s) if self._has_terms(s, step) else None for s in step.slots]
        if len(tensors) == 1 or tensors[largest].numel() <= PART:
            sizes = [t.abs() if terms is None else terms for t, terms in zip(tensors, known, strict=True)]
            return torch.as_tensor(run(sizes, {}))
        label, length = step.labels[largest][0], tensors[largest].shape[0]
        rows = max(1, PART * length // tensors[largest].numel())
        # What is not split has its magnitudes computed once, and so has what has terms of its own.
        whole = [
            t.abs() if terms is None and label not in term else terms
            for t, terms, term in zip(tensors, known, step.labels, strict=True)
        ]
        room = [torch.empty(0, dtype=torch.float64, device=tensors[largest].device) for _ in tensors]
        parts = []
        for start in range(0, length, rows):
            sizes = []
            for tensor, terms, term, out in zip(tensors, whole, step.labels, room, strict=True):
                index = tuple(slice(start, start + rows) if k == label else slice(None) for k in term)
                sizes.append(torch.abs(tensor[index], out=out.resize_(0)) if terms is None else terms[index])
            parts.append(torch.as_tensor(run(sizes, {})))
        return torch.cat(parts, step.out.index(label)) if label in step.out else sum(parts[1:], parts[0])

    def _at(self, slot: int, index: Index, count: int) -> torch.Tensor:
        """The magnitudes of some entries' terms: without those of the others, where there are many more of them."""
        value = torch.as_tensor(self._slots[slot])
        if slot not in self._linear.adding:
            return self._value_at(slot, index)
        if slot in self._known or value.numel() <= FEW_TIMES * count:
            return self._all(slot)[index]
        match step := self._plan.steps[slot]:
            case Call("add" | "sub" | "neg" | "mul" as function, operands):
                combine = operator.mul if function == "mul" else operator.add
                return torch.as_tensor(reduce(combine, (self._operand_at(o, step, index, count) for o in operands)))
            case Call("div", (a, b)):
                divisor = abs(b) if isinstance(b, float) else self._value_at(b[0], self._operand_index(b, index))
                return torch.as_tensor(self._operand_at(a, step, index, count) / divisor)
            case Product() if self._is_cheap(step, count):
                return self._product_at(step, index, count)
        return self._all(slot)[index]

    def _value_at(self, slot: int, index: Index) -> torch.Tensor:
        value = torch.as_tensor(self._slots[slot])[index]
        return (value.to(torch.float64) if value.dtype == torch.bool else value).abs()

    def _size_at(self, slot: int, step: Step, index: Index, count: int) -> torch.Tensor:
        """The magnitudes of some entries of an operand of a step."""
        return self._at(slot, index, count) if self._has_terms(slot, step) else self._value_at(slot, index)

    def _operand_at(self, operand: Operand, step: Step, index: Index, count: int) -> Any:
        if not isinstance(operand, tuple):
            return abs(operand)
        return self._size_at(operand[0], step, self._operand_index(operand, index), count)

    def _operand_index(self, operand: tuple[int, tuple[int, ...] | None], index: Index) -> Index:
        return operand_index(operand[1], torch.as_tensor(self._slots[operand[0]]).shape, index)

    def _operands(self, step: Product) -> list[torch.Tensor]:
        """The operands of a product, with `some` only a part of them along the longest label that is added up."""
        tensors = [torch.as_tensor(self._slots[s]) for s in step.slots]
        if not self._some:
            return tensors
        lengths = _lengths(step, tensors)
        longest = max((k for k in lengths if k not in step.out), key=lambda k: lengths[k], default=None)
        pairs = zip(tensors, step.labels, strict=True)
        return [t if longest not in term else _shortened(t, term.index(longest)) for t, term in pairs]

    def _is_cheap(self, step: Product, count: int) -> bool:
        """Whether it costs less to take the terms of some entries one by one than to compute all entries."""
        operands = self._operands(step)
        lengths = _lengths(step, operands)
        terms = math.prod(n for label, n in lengths.items() if label not in step.out)
        whole = sum(t.numel() for t in operands) + CONTRACTED * math.prod(lengths.values())
        return bool(TAKEN * count * terms <= whole)

    def _product_at(self, step: Product, index: Index, count: int) -> torch.Tensor:
        """Some entries of a product, whose terms stand along one more axis until they are added up."""
        if len(step.out) == 1 and not any(self._has_terms(source, step) for source in step.slots):
            return self._vector_product_at(step, index[0])
        added = {label: n for label, n in _lengths(step, self._operands(step)).items() if label not in step.out}
        terms = math.prod(added.values())
        at = {label: i[..., None] for label, i in zip(step.out, index, strict=True)}
        along = torch.arange(terms, device=self._slots[step.slots[0]].device)
        at |= zip(added, unravel(along, list(added.values())), strict=True)
        total: Any = 1.0
        for source, term in zip(step.slots, step.labels, strict=True):
            total = total * self._size_at(source, step, tuple(at[k] for k in term), count * terms)
        return torch.as_tensor(total.expand(*total.shape[:-1], terms).sum(-1))

    def _vector_product_at(self, step: Product, places: torch.Tensor) -> torch.Tensor:
        """Some entries of a product that is a vector: the product of the operands' slices at these places."""
        (label,), flat = step.out, places.reshape(-1)
        sizes = []
        for operand, term in zip(self._operands(step), step.labels, strict=True):
            part = operand
            for axis in (k for k, other in enumerate(term) if other == label):
                part = part.index_select(axis, flat)
            sizes.append(part.abs())
        return torch.as_tensor(_contraction(step.labels, step.out)(sizes, {})).reshape(places.shape)


def _lengths(step: Product, operands: list[torch.Tensor]) -> dict[int, int]:
    """The length of each label of a product of these operands."""
    pairs = zip(operands, step.labels, strict=True)
    return {label: n for tensor, term in pairs for label, n in zip(term, tensor.shape, strict=True)}


def _shortened(tensor: torch.Tensor, axis: int) -> torch.Tensor:
    """A part of a tensor along an axis, which is a view; all of it where that is short."""
    length = tensor.shape[axis]
    return tensor if length < LONG else tensor.narrow(axis, 0, length // PARTS)


def _largest(value: Any) -> float:
    """The largest magnitude of a tensor, 0 where it is empty, or of a number."""
    if not isinstance(value, torch.Tensor):
        return float(abs(value))
    # On few entries NumPy is quicker.
    entries = np.abs(value.numpy(force=True))
    return float(np.maximum.reduce(entries, axis=None)) if entries.size else 0.0


@lru_cache(maxsize=2**10)
def _contraction(labels: tuple[tuple[int, ...], ...], out: tuple[int, ...]) -> Closure:
    """A product of the slots in order."""
    return closure(Product(tuple(range(len(labels))), labels, out))
