"""A plan evaluated on tensors: each step is a closure over a list of slots, and a slot is freed after its last use."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any

import torch

from ...operators import BY_FUNCTION, Operator
from ...operators.lifting import WithLiterals
from ..lowering import plan as plans
from ..primitives import AXIS_FUNCTIONS, COMPARISONS, MATRIX_FUNCTIONS
from .indexing import gather, scatter
from .linearity import linear_slots
from .products import Closure, Slots, product


def _where(condition: Any, a: Any, b: Any) -> torch.Tensor:
    return torch.where(condition != 0 if condition.dtype != torch.bool else condition, a, b)


def _tensor(value: Any) -> torch.Tensor:
    return value if isinstance(value, torch.Tensor) else torch.tensor(value, dtype=torch.float64)


def _of_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    """A torch function that does not take numbers, made to take them."""
    return lambda *operands, **literals: function(*map(_tensor, operands), **literals)


def _of_row(row: Operator) -> Callable[..., Any]:
    """The torch column of a row, with its literals as numbers beside the operands."""
    function = _of_tensors(row.torch)
    return row.sympy.positional(function, row.parameters) if isinstance(row.sympy, WithLiterals) else function


#: Arithmetic, and the functions that are not a row of the operator table.
CORE: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "over_norm": _of_tensors(lambda a, b: torch.where(b == 0, 0, a / b)),
    "neg": operator.neg,
    "pow": lambda a, b: torch.pow(a if isinstance(b, torch.Tensor) else _tensor(a), b),
    "sqrt": _of_tensors(torch.sqrt),
    "number": lambda condition: condition.to(torch.float64),
    "ones_like": torch.ones_like,
    "where": _of_tensors(_where),
    "logical_xor": _of_tensors(torch.logical_xor),
    **{row.name: _of_tensors(row.torch) for row in COMPARISONS.values()},
}


@cache
def functions() -> dict[str, Callable[..., Any]]:
    """The elementwise functions that plans may name: the core, and each row whose sympy column is one function."""
    return {name: _of_row(row) for name, row in BY_FUNCTION.items()} | CORE


#: (tensors, slots to keep or None) -> gradients.
Evaluator = Callable[..., dict[str, torch.Tensor | None]]


def evaluator(plan: plans.Plan) -> Evaluator:
    """A function from tensors (the inputs by name, the upstream gradient as `^`) to gradients in the inputs' shapes.

    All tensors have one floating dtype and device; a gradient of zeros comes back as None. The values of the steps are
    kept in `kept`, an empty list, where there is one, as far as `Magnitudes` needs them; otherwise each is freed after
    its last use. Large tensors are overwritten where nothing needs them any more.
    """
    linear = linear_slots(plan)
    last = {slot: number for number, step in enumerate(plan.steps) for slot in plans.reads(step)}
    wanted = {r.slot[0] for r in plan.results.values() if r is not None and isinstance(r.slot, tuple)}
    # A step that is not known to make a tensor of its own may return a view of what it reads.
    viewed = {slot for step in plan.steps if not _is_fresh(step) for slot in plans.reads(step)}
    closures = []
    for number, step in enumerate(plan.steps):
        dead = {s for s in plans.reads(step) if last[s] == number and s not in wanted}
        spent = [s for s in dead - linear.values_read - viewed if _is_fresh(plan.steps[s])]
        closures.append((_overwriting(step, spent), tuple(dead), tuple(dead - linear.values_read - linear.adding)))

    def evaluate(tensors: Mapping[str, torch.Tensor], kept: Slots | None = None) -> dict[str, torch.Tensor | None]:
        slots: Slots = [] if kept is None else kept
        for run, dead, unread in closures:
            slots.append(run(slots, tensors))
            for slot in dead if kept is None else unread:
                slots[slot] = None
        return {name: None if r is None else restore(r, slots, tensors[name]) for name, r in plan.results.items()}

    return evaluate


#: Arithmetic that can write its result over an operand.
IN_PLACE: dict[str, Callable[..., Any]] = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div}
#: Tensors of fewer entries are not worth overwriting.
LARGE = 2**12


def _is_fresh(step: plans.Step) -> bool:
    """Whether a step's value shares no memory with another."""
    match step:
        case plans.Call(function):
            return function in IN_PLACE or function in ("pow", "neg", "exp", "sqrt")
        case plans.Product(slots):
            return len(slots) > 1
    return isinstance(step, plans.Reduce)


def _overwriting(step: plans.Step, spent: Collection[int]) -> Closure:
    """One step as a function of the slots so far, which may overwrite the slots that are `spent`."""
    plain = closure(step)
    match step:
        case plans.Call(function, (_, _) as operands) if function in IN_PLACE:
            target = next((o[0] for o in operands if isinstance(o, tuple) and o[0] in spent and o[1] is None), None)
            if target is None:
                return plain
            run, (one, two), place = IN_PLACE[function], operand_views(operands), target

            def overwrite(slots: Slots, tensors: Mapping[str, torch.Tensor]) -> Any:
                out = slots[place]
                if isinstance(out, torch.Tensor) and out.numel() >= LARGE:
                    a, b = one(slots), two(slots)
                    if _fits(a, out) and _fits(b, out):
                        return run(_tensor(a), b, out=out)
                return plain(slots, tensors)

            return overwrite
    return plain


def _fits(operand: Any, out: torch.Tensor) -> bool:
    """Whether an operand broadcasts to the shape of `out`, none of its entries being overwritten before it is read."""
    if not isinstance(operand, torch.Tensor):
        return True
    return operand.dtype == out.dtype and (operand is out or operand.dim() == 0 or operand.shape == out.shape)


def closure(step: plans.Step) -> Closure:
    """One step as a function of the slots so far and the tensors."""
    match step:
        case plans.Fetch(name, axes):
            return lambda _, tensors: _squeeze(tensors[name], axes)
        case plans.Length(source):
            return lambda _, tensors: torch.tensor(float(_length(source, tensors)), dtype=torch.float64)
        case plans.Identity(source) | plans.Range(source):
            make = torch.eye if isinstance(step, plans.Identity) else torch.arange
            return lambda _, tensors: make(
                _length(source, tensors), dtype=(like := next(iter(tensors.values()))).dtype, device=like.device
            )
        case plans.Call(function, operands):
            return _call(functions()[function], operands)
        case plans.Product(slots, labels, out):
            return product(slots, labels, out)
        case plans.Reduce(kind, slot, axes):
            reduce = AXIS_FUNCTIONS[kind].torch
            return lambda slots, _: reduce(slots[slot], axes)
        case plans.Gather(slot, axes, indices):
            views = operand_views(indices)
            return lambda slots, _: gather(slots[slot], axes, [view(slots) for view in views])
        case plans.Scatter(value, kept, indices, sources):
            views = operand_views((value, *indices))
            return lambda slots, tensors: scatter(
                *(view(slots) for view in views), kept=kept, lengths=[_length(s, tensors) for s in sources]
            )
        case plans.MatrixFunction(kind, slot, (rows, columns)):
            of_matrices = MATRIX_FUNCTIONS[kind].torch
            return lambda slots, _: of_matrices(slots[slot].movedim((rows, columns), (-2, -1)))


def _squeeze(tensor: torch.Tensor, axes: tuple[int, ...]) -> torch.Tensor:
    return tensor if len(axes) == tensor.dim() else tensor.reshape([tensor.shape[a] for a in axes])


def _length(source: plans.Source, tensors: Mapping[str, torch.Tensor]) -> int:
    return source if isinstance(source, int) else tensors[source[0]].shape[source[1]]


def _view(slot: int, axes: tuple[int, ...] | None) -> Callable[[Slots], Any]:
    if axes is None:
        return lambda slots: slots[slot]
    order = tuple(a for a in axes if a >= 0)
    index = tuple(slice(None) if a >= 0 else None for a in axes)
    if order == tuple(range(len(order))):
        return lambda slots: slots[slot][index]
    return lambda slots: slots[slot].permute(order)[index]


def operand_views(operands: tuple[plans.Operand, ...]) -> tuple[Callable[[Slots], Any], ...]:
    """For each operand a function that takes it from the slots, aligned with the others."""
    return tuple(_view(*o) if isinstance(o, tuple) else _always(o) for o in operands)


def _always(number: float) -> Callable[[Slots], float]:
    return lambda _: number


def _call(function: Callable[..., Any], operands: tuple[plans.Operand, ...]) -> Closure:
    match operands:
        case ((one, None),):
            return lambda slots, _: function(slots[one])
        case ((one, None), (two, None)):
            return lambda slots, _: function(slots[one], slots[two])
        case ((one, None), float() as number):
            return lambda slots, _: function(slots[one], number)
        case (float() as number, (two, None)):
            return lambda slots, _: function(number, slots[two])
    views = operand_views(operands)
    return lambda slots, _: function(*[view(slots) for view in views])


_ORDERS = tuple(tuple(range(rank)) for rank in range(65))


def restore(result: plans.Result, slots: Slots | Mapping[int, Any], like: torch.Tensor) -> torch.Tensor:
    """The gradient with every axis of the input, those of length 1 included."""
    if isinstance(result.slot, float):
        return torch.full_like(like, result.slot)
    value = slots[result.slot[0]]
    if not isinstance(value, torch.Tensor):
        return torch.full_like(like, value)
    if value.shape == like.shape and result.axes == _ORDERS[like.dim()]:
        return value
    full = [n for n in like.shape if n != 1]
    order = [a for a in result.axes if a >= 0]
    view = value.permute(order)[tuple(slice(None) if a >= 0 else None for a in result.axes)]
    return view.expand(full).reshape(like.shape)
