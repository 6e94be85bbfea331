"""How far rounding can carry a plan's results: a running error bound beside every value.

Each operation adds one rounding of its own result and passes on the errors of its operands, to first order (N. J.
Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.3). It measures how well conditioned the
computation is, so it also bounds what another order of the same operations, autograd's, may come to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from .evaluation import Slots, closure, functions, operand_views, restore
from .indexing import gather
from .matrices import of_matrix_function
from .plan import Call, Gather, MatrixFunction, Plan, Product, Reduce, Scatter, needed
from .reducers import REDUCERS


def error_bound(plan: Plan, name: str, tensors: Mapping[str, torch.Tensor], unit: float) -> torch.Tensor | None:
    """A bound on one result's rounding error, in the result's shape, where `unit` is the dtype's epsilon.

    `tensors` are those that the evaluator takes; they count as exact. The bound is infinite where it cannot be told,
    and None where the result is known to be zero.
    """
    result = dict(plan.results).get(name)
    if result is None or not isinstance(result.slot, tuple):
        return None
    values: Slots = [None] * len(plan.steps)
    errors: Slots = [None] * len(plan.steps)
    for number in needed(plan, (result.slot[0],)):
        step = plan.steps[number]
        value = values[number] = torch.as_tensor(closure(step)(values, tensors))
        match step:
            case Call():
                error = _of_call(step, value, values, errors, unit)
            case Product():
                error = _of_product(step, value, values, errors, unit)
            case Reduce(kind, slot, axes):
                error = _of_reduction(kind, value, values[slot], errors[slot], axes, unit)
            case Gather(slot, axes, indices):
                error = gather(errors[slot], axes, [view(values) for view in operand_views(indices)])
            case Scatter():
                error = _of_scatter(step, values, errors, tensors, unit)
            case MatrixFunction(kind, slot, (rows, columns)):
                x, moved = (t.movedim((rows, columns), (-2, -1)) for t in (values[slot], errors[slot]))
                error = of_matrix_function(kind, value, x, moved, unit)
            case _:
                error = torch.zeros_like(value)
        errors[number] = error.nan_to_num(nan=torch.inf, posinf=torch.inf)
    return restore(result, errors, tensors[name])


def _real(value: Any) -> Any:
    return value.to(torch.float64) if isinstance(value, torch.Tensor) and value.dtype == torch.bool else value


def _of_call(step: Call, value: Any, values: Slots, errors: Slots, unit: float) -> torch.Tensor:
    """Each operand moved by its error, one at a time, both ways; and the rounding of the result."""
    function = functions()[step.function]
    views = operand_views(step.operands)
    operands = [_real(view(values)) for view in views]
    moves = [view(errors) if isinstance(o, tuple) else 0.0 for view, o in zip(views, step.operands, strict=True)]
    value = _real(value)
    # What is infinite is exactly that.
    error: torch.Tensor = unit * torch.where(value.isinf(), 0, value.abs())
    for number, move in enumerate(moves):
        if not isinstance(move, torch.Tensor) or not bool(move.any()):
            continue
        sides = []
        for sign in (1, -1):
            moved = [o + sign * move if k == number else o for k, o in enumerate(operands)]
            found = _real(function(*moved))
            # What is infinite and stays so has not moved.
            sides.append(torch.where(found == value, 0, (found - value).abs()))
        error = error + torch.maximum(*sides)
    return error


def _of_product(step: Product, value: Any, values: Slots, errors: Slots, unit: float) -> torch.Tensor:
    """The product rule on magnitudes; a sum of rounded products is off by at most their magnitudes' sum."""
    run = closure(Product(tuple(range(len(step.slots))), step.labels, step.out))
    magnitudes = [values[s].abs() for s in step.slots]
    error: torch.Tensor = 2 * unit * run(magnitudes, {})
    for number, slot in enumerate(step.slots):
        if bool(errors[slot].any()):
            error = error + run([errors[slot] if k == number else m for k, m in enumerate(magnitudes)], {})
    return error.reshape(value.shape)


def _of_scatter(
    step: Scatter, values: Slots, errors: Slots, tensors: Mapping[str, torch.Tensor], unit: float
) -> torch.Tensor:
    """Errors add up as the entries do, with a rounding of each."""
    if not isinstance(step.value, tuple):
        return torch.zeros_like(closure(step)(values, tensors))
    slot = step.value[0]
    error = errors[slot] + unit * _real(values[slot]).abs()
    moved = replace(step, value=(len(values), step.value[1]))
    result: torch.Tensor = closure(moved)([*values, error], tensors)
    return result


def _of_reduction(
    kind: str, value: torch.Tensor, x: torch.Tensor, error: torch.Tensor, axes: tuple[int, ...], unit: float
) -> torch.Tensor:
    match kind:
        case "cumsum" | "cumsum_back":
            run = REDUCERS[kind]
            return run(error, axes) + unit * run(_real(x).abs(), axes)
        case "cumprod" | "cumprod_back":
            each = torch.where(error == 0, 0, error / x.abs()) + unit
            return value.abs() * REDUCERS[kind.replace("prod", "sum")](each, axes)
        case "cumlogsumexp" | "cumlogsumexp_back":
            reached = REDUCERS[kind.replace("logsumexp", "sum")](torch.ones_like(x), axes)
            off = error.amax(axes, keepdim=True) + unit * reached * (value.abs() + 1)
            return torch.where(value == -torch.inf, 0, off)
        case "sum":
            magnitudes: torch.Tensor = _real(x).abs()
            return error.sum(axes) + unit * magnitudes.sum(axes)
        case "prod" | "others":
            relative: torch.Tensor = (error / x.abs()).sum(axes) + unit * x.numel()
            return value.abs() * (relative if kind == "prod" else relative.amax())
        case "softmax":
            # An entry that a mask leaves out, of -inf, is no less 0 for the errors of the others.
            relative = unit * (2 + x.abs()) + error + error.amax(axes, keepdim=True)
            return torch.where(value == 0, 0, value * relative)
        case _:
            return error.amax(axes) + 2 * unit * (value.abs() + 1)
