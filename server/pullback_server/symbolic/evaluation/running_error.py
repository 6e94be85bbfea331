"""Bounds on the rounding errors of a plan's results: a running error bound beside every value.

Each operation adds what its kernel may be off by (`kernel_errors`) and passes on the errors of its operands, to first
order (N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.3). It measures how well
conditioned the computation is, so it also bounds what another order of the same operations, autograd's, may come to.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from .. import kernels
from ..lowering.plan import (
    Call,
    Gather,
    MatrixFunction,
    Operand,
    Plan,
    Product,
    Reduce,
    Scatter,
    Step,
    reads,
    steps_needed,
)
from ..primitives import AXIS_FUNCTIONS, SCANS
from .evaluate import closure, functions, operand_views, restore
from .indexing import gather, operand_index, unravel
from .kernel_errors import FUNCTIONS, PRODUCT, SCATTER
from .products import Slots, contractions

#: How many times as many entries a result has before those that are asked for are computed by themselves.
FEW_TIMES = 4


class RunningErrors:
    """Bounds on the rounding errors of a plan's results, where `unit` is the dtype's epsilon.

    `tensors` are those that the evaluator takes; they count as exact. A bound is infinite where none is known. What
    results share is computed once.
    """

    def __init__(self, plan: Plan, tensors: Mapping[str, Tensor], unit: float) -> None:
        self._plan, self._tensors, self._unit = plan, tensors, unit
        self._values: Slots = [None] * len(plan.steps)
        self._errors: Slots = [None] * len(plan.steps)

    def of(self, name: str) -> Tensor | None:
        """A bound on one result's error, in the result's shape; None where the result is known to be zero."""
        result = self._plan.results.get(name)
        if result is None or not isinstance(result.slot, tuple):
            return None
        self._compute(result.slot[0])
        return restore(result, self._errors, self._tensors[name])

    def at(self, name: str, places: Tensor) -> Tensor | None:
        """The same at these entries, which are numbered in row-major order.

        Of an elementwise function only these are computed, of its operands all entries.
        """
        result, like = self._plan.results.get(name), self._tensors[name]
        if result is None or not isinstance(result.slot, tuple):
            return None
        step = self._plan.steps[result.slot[0]]
        if not isinstance(step, Call) or FEW_TIMES * places.numel() >= like.numel():
            errors = self.of(name)
            return None if errors is None else errors.reshape(-1)[places]
        self._compute(*reads(step))
        by_axis = dict(zip(result.axes, unravel(places, [n for n in like.shape if n != 1]), strict=True))
        index = tuple(by_axis[k] for k in sorted(by_axis) if k >= 0)
        values, errors_at, operands = list[Any](), list[Any](), list[Operand]()
        for operand in step.operands:
            if isinstance(operand, tuple):
                at = operand_index(operand[1], self._values[operand[0]].shape, index)
                operands.append((len(values), None))
                values.append(self._values[operand[0]][at])
                errors_at.append(self._errors[operand[0]][at])
            else:
                operands.append(operand)
        call = Call(step.function, tuple(operands))
        value = torch.as_tensor(closure(call)(values, self._tensors))
        return step_error(call, value, values, errors_at, self._tensors, self._unit).expand(places.shape)

    def _compute(self, *slots: int) -> None:
        for number in steps_needed(self._plan, slots):
            if self._values[number] is None:
                step = self._plan.steps[number]
                value = torch.as_tensor(closure(step)(self._values, self._tensors))
                errors = step_error(step, value, self._values, self._errors, self._tensors, self._unit)
                self._values[number], self._errors[number] = value, errors


def step_error(
    step: Step, value: Tensor, values: Slots, errors: Slots, tensors: Mapping[str, Tensor], unit: float
) -> Tensor:
    """A bound on the error of one step's value, where its operands have these values and errors."""
    match step:
        case Call():
            error = _call_error(step, value, values, errors, unit)
        case Product():
            error = _product_error(step, value, values, errors, unit)
        case Reduce(kind, slot, axes):
            error = _reduction_error(kind, value, values[slot], errors[slot], axes, unit)
        case Gather(slot, axes, indices):
            error = gather(errors[slot], axes, [view(values) for view in operand_views(indices)])
        case Scatter():
            error = _scatter_error(step, values, errors, tensors, unit)
        case MatrixFunction(kind, slot, (rows, columns)):
            x, off = (t.movedim((rows, columns), (-2, -1)) for t in (values[slot], errors[slot]))
            error = _matrix_function_error(kind, value, x, off, unit)
        case _:
            error = torch.zeros_like(value)
    return error.nan_to_num(nan=torch.inf, posinf=torch.inf)


def _real(value: Any) -> Any:
    return value.to(torch.float64) if isinstance(value, Tensor) and value.dtype == torch.bool else value


def _call_error(step: Call, value: Any, values: Slots, errors: Slots, unit: float) -> Tensor:
    """Each operand changed by its error, one at a time, both ways; and the rounding of the result."""
    function, kernel, views = functions()[step.function], FUNCTIONS[step.function], operand_views(step.operands)
    operands = [_real(view(values)) for view in views]
    sizes = [torch.as_tensor(o).abs() for o in operands]
    changes = [
        view(errors) + unit * kernel.operand * size if isinstance(o, tuple) else _number_error(o, unit)
        for view, o, size in zip(views, step.operands, sizes, strict=True)
    ]
    value = _real(value)
    # An infinite value is exact.
    error: Tensor = unit * torch.where(value.isinf(), 0, kernel.result * value.abs() + kernel.one)
    if kernel.largest:
        error = error + unit * torch.where(value.isinf(), 0, kernel.largest * functools.reduce(torch.maximum, sizes))
    for number, change in enumerate(changes):
        if not bool(torch.as_tensor(change).any()):
            continue
        sides = []
        for sign in (1, -1):
            changed = [o + sign * change if k == number else o for k, o in enumerate(operands)]
            neighbour = _real(function(*changed))
            # A value that is infinite and stays so has not changed.
            sides.append(torch.where(neighbour == value, 0, (neighbour - value).abs()))
        error = error + torch.maximum(*sides)
    return error


#: Binary digits of the shortest dtype, bfloat16: a number with no more of them is exact in all.
FEWEST_BITS = 8


def _number_error(number: float, unit: float) -> float:
    """The error of a number of the program: autograd rounds it to the dtype, unless it has few digits."""
    exact = not math.isfinite(number) or (math.frexp(number)[0] * 2**FEWEST_BITS).is_integer()
    return 0.0 if exact else unit / 2 * abs(number)


def _product_error(step: Product, value: Any, values: Slots, errors: Slots, unit: float) -> Tensor:
    """The product rule on magnitudes; the error of a sum of rounded products is a share of their magnitudes' sum."""
    run = closure(Product(tuple(range(len(step.slots))), step.labels, step.out))
    magnitudes = [values[s].abs() for s in step.slots]
    added = sum(contractions(step, [m.shape for m in magnitudes]))
    error: Tensor = (PRODUCT.result + PRODUCT.length * added) * unit * run(magnitudes, {})
    for number, slot in enumerate(step.slots):
        if bool(errors[slot].any()):
            error = error + run([errors[slot] if k == number else m for k, m in enumerate(magnitudes)], {})
    return error.reshape(value.shape)


def _scatter_error(step: Scatter, values: Slots, errors: Slots, tensors: Mapping[str, Tensor], unit: float) -> Tensor:
    """Errors add up as the entries do, with a share of the magnitudes' sum for each entry."""
    if not isinstance(step.value, tuple):
        return torch.zeros_like(closure(step)(values, tensors))
    slot = step.value[0]
    run = closure(replace(step, value=(len(values), step.value[1])))
    magnitude = _real(values[slot]).abs()
    error, total, added = (run([*values, t], tensors) for t in (errors[slot], magnitude, torch.ones_like(magnitude)))
    result: Tensor = error + unit * (SCATTER.result + SCATTER.length * added) * total
    return result


def _reduction_error(kind: str, value: Tensor, x: Tensor, error: Tensor, axes: tuple[int, ...], unit: float) -> Tensor:
    kernel, added = AXIS_FUNCTIONS[kind], math.prod(x.shape[a] for a in axes)
    rounding = unit * (kernel.rounding + kernel.per_entry * added)
    match kind:
        case "max" | "min":
            largest: Tensor = error.amax(axes)
            return largest
        case "sum":
            magnitudes: Tensor = _real(x).abs()
            return error.sum(axes) + rounding * magnitudes.sum(axes)
        case "prod" | "product_of_others":
            keepdim = kind == "product_of_others"
            relative: Tensor = torch.where(error == 0, 0, error / x.abs()).sum(axes, keepdim=keepdim)
            return value.abs() * (relative + rounding)
        case "logsumexp":
            top, total = x.amax(axes, keepdim=True), x.logsumexp(axes, keepdim=True)
            shares = (x - total).exp()
            away = torch.where(shares == 0, 0, top - x)
            on_the_way = (shares * away).sum(axes) + (total - top).sum(axes) + value.abs()
            return error.amax(axes) + rounding + unit * on_the_way
        case "softmax":
            # An entry that a mask leaves out, of -inf, is no less 0 for the errors of the others.
            away = torch.where(value == 0, 0, x.amax(axes, keepdim=True) - x)
            on_the_way = away + (value * away).sum(axes, keepdim=True)
            relative = rounding + unit * on_the_way + error + error.amax(axes, keepdim=True)
            return torch.where(value == 0, 0, value * relative)
    return _scan_error(kind, value, _real(x), error, axes, unit)


def _scan_error(kind: str, value: Tensor, x: Tensor, error: Tensor, axes: tuple[int, ...], unit: float) -> Tensor:
    """At each place the error of the entries so far."""
    kernel, name = SCANS[kind], kind.removesuffix("_back")
    run = SCANS[kind.replace(name, "cumsum")].torch
    rounding = unit * (kernel.rounding + kernel.per_entry * run(torch.ones_like(x), axes))
    match name:
        case "cumsum":
            return run(error, axes) + rounding * run(x.abs(), axes)
        case "cumprod":
            return value.abs() * (run(torch.where(error == 0, 0, error / x.abs()), axes) + rounding)
        case "cumlogsumexp":
            off = error.amax(axes, keepdim=True) + rounding * (value.abs() + 1)
            return torch.where(value == -torch.inf, 0, off)
    raise AssertionError(kind)


def _matrix_function_error(kind: str, value: Tensor, x: Tensor, error: Tensor, unit: float) -> Tensor:
    """A bound on the error of a function of a matrix, to first order, where the matrix has this error.

    Backward stable algorithms compute it for a matrix with errors of some roundings of its norm (G. H. Golub and C. F.
    Van Loan, Matrix Computations, 4th ed., 2013), which the function's own condition then carries on.
    """
    rows, columns = x.shape[-2:]
    norm = x.abs().amax((-2, -1), keepdim=True) if x.numel() else x.new_zeros(())
    off = error + unit * max(rows, columns) * norm
    size = off.flatten(-2).norm(dim=-1) if x.numel() else x.new_zeros(x.shape[:-2])
    match kind:
        case "inv":
            return value.abs() @ off @ value.abs()
        case "pinv":
            change: Tensor = torch.linalg.matrix_norm(kernels.finite(value), 2) ** 2 * size
            return torch.zeros_like(value) + 3 * change[..., None, None]
        case "det" | "cofactor" | "logdet" | "logabsdet":
            cofactors = kernels.cofactor(x).abs()
            if kind == "cofactor":
                # Entry by entry a polynomial, whose slopes leave out the two least singular values.
                least = torch.linalg.svdvals(kernels.finite(x)).clamp(min=torch.finfo(x.dtype).tiny)[..., -2:]
                condition = 2 * columns * size / least[..., 0] if columns > 1 else torch.zeros_like(size)
                largest = cofactors.flatten(-2).amax(-1) if columns else size
                return torch.zeros_like(value) + ((condition + unit * max(rows, columns)) * largest)[..., None, None]
            lost = (cofactors * off).sum((-2, -1))
            return lost if kind == "det" else lost / torch.linalg.det(x).abs() + unit * value.abs()
        case "eigenvalues" | "singular_values":
            return torch.zeros_like(value) + size[..., None]
        case "eigenvectors" | "left_vectors" | "right_vectors":
            symmetric = kind == "eigenvectors"
            values = torch.linalg.eigvalsh(kernels.finite(x)) if symmetric else torch.linalg.svdvals(kernels.finite(x))
            gaps = (values[..., :, None] - values[..., None, :]).abs()
            gaps = gaps.masked_fill(torch.eye(gaps.shape[-1], dtype=torch.bool, device=x.device), torch.inf)
            nearest = gaps.amin(-1) if symmetric else torch.minimum(gaps.amin(-1), values)
            rotation = size[..., None] / nearest
            of_vectors = rotation[..., :, None] if kind == "right_vectors" else rotation[..., None, :]
            return torch.zeros_like(value) + of_vectors + unit
    raise AssertionError(kind)
