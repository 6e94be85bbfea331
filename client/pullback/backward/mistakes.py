"""The mistakes that backward functions make, and the gradient that each leads to; the most specific stand first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..reasons import Reason
from ..values.grading import GradeFinding

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Trial:
    """One gradient with respect to one input in one trial, and what it may be compared with.

    `gradient` is what the function returned and `right` the right one, both in float64; `upstream` has the output's
    shape; `for_ones` is the right gradient for an upstream of ones, and `others` are those with respect to the other
    inputs.
    """

    gradient: Array
    right: Array
    upstream: Array
    for_ones: Array
    others: tuple[Array, ...]
    tolerance: float

    def equal(self, a: Array, b: Array) -> bool:
        """Whether two arrays have one shape and one set of numbers, within the tolerance of the largest."""
        if a.shape != b.shape:
            return False
        largest = np.max(np.abs(b), initial=0.0)
        return bool(np.all(np.abs(a - b) <= self.tolerance * max(float(largest), 1e-300)))

    @property
    def is_right(self) -> bool:
        """Whether the function returned the gradient."""
        return self.equal(self.gradient, self.right)


#: Whether a mistake leads to the gradient that a trial returned.
LeadsTo = Callable[[Trial], bool]


def _sum_to(array: Array, shape: tuple[int, ...]) -> Array | None:
    """An array summed over the axes along which that shape was broadcast to the array's; None where it was not."""
    extra = array.ndim - len(shape)
    if extra < 0:
        return None
    axes = tuple(range(extra)) + tuple(
        extra + axis for axis, size in enumerate(shape) if size == 1 != array.shape[extra + axis]
    )
    total: Array = array.sum(axis=axes, keepdims=True)
    return total.reshape(shape) if total.size == np.prod(shape) else None


def _is_not_summed(trial: Trial) -> bool:
    if trial.gradient.shape == trial.right.shape:
        return False
    total = _sum_to(trial.gradient, trial.right.shape)
    return total is not None and trial.equal(total, trial.right)


def _is_jacobian(trial: Trial) -> bool:
    rank = trial.upstream.ndim
    has_shape = rank > 0 and trial.gradient.shape == trial.upstream.shape + trial.right.shape
    return has_shape and trial.equal(np.tensordot(trial.upstream, trial.gradient, axes=rank), trial.right)


def _is_summed(trial: Trial) -> bool:
    if trial.gradient.shape == trial.right.shape or trial.gradient.size > trial.right.size:
        return False
    axes = range(trial.right.ndim)
    sums = [trial.right.sum(axis=axis, keepdims=keep) for axis in axes for keep in (True, False)]
    return any(trial.equal(trial.gradient, np.asarray(total)) for total in (*sums, trial.right.sum()))


def _has_wrong_shape(trial: Trial) -> bool:
    differs = trial.gradient.shape != trial.right.shape and trial.gradient.size == trial.right.size
    return differs and trial.equal(trial.gradient.reshape(trial.right.shape), trial.right)


def _is_symmetrized(trial: Trial) -> bool:
    square = trial.right.ndim == 2 and trial.right.shape[0] == trial.right.shape[1]
    return square and trial.equal(trial.gradient, trial.right + trial.right.T - np.diag(np.diag(trial.right)))


def _factor(trial: Trial) -> float | None:
    """The number that the gradient was multiplied by; None where there is none."""
    if trial.gradient.shape != trial.right.shape or not np.any(trial.right):
        return None
    factor = float(np.vdot(trial.right, trial.gradient) / np.vdot(trial.right, trial.right))
    return factor if factor and trial.equal(trial.gradient, factor * trial.right) else None


def _is_mean(trial: Trial) -> bool:
    factor = _factor(trial)
    return factor is not None and trial.upstream.size > 1 and abs(factor * trial.upstream.size - 1) < 1e-9


def _is_rounded(trial: Trial) -> bool:
    if trial.gradient.shape != trial.right.shape:
        return False
    largest = float(np.max(np.abs(trial.right), initial=0.0))
    return bool(np.all(np.abs(trial.gradient - trial.right) <= 3e-5 * largest))


# fmt: off
#: The mistakes, and whether each leads to the gradient that was returned.
MISTAKES: Sequence[tuple[Reason, LeadsTo]] = (
    (Reason.NOT_A_NUMBER,         lambda t: not np.all(np.isfinite(t.gradient))),
    (Reason.JACOBIAN_FOR_VJP,     _is_jacobian),
    (Reason.BROADCAST_NOT_SUMMED, _is_not_summed),
    (Reason.SUMMED,               _is_summed),
    (Reason.TRANSPOSED,           lambda t: t.gradient.ndim == 2 and t.equal(t.gradient.T, t.right)),
    (Reason.SHAPE,                _has_wrong_shape),
    (Reason.UPSTREAM_IGNORED,     lambda t: t.equal(t.gradient, t.for_ones)),
    (Reason.UPSTREAM_RETURNED,    lambda t: t.equal(t.gradient, t.upstream)),
    (Reason.SIGN,                 lambda t: t.equal(-t.gradient, t.right)),
    (Reason.SYMMETRIC_CONVENTION, _is_symmetrized),
    (Reason.WRONG_INPUT,          lambda t: any(t.equal(t.gradient, other) for other in t.others)),
    (Reason.MEAN_FOR_SUM,         _is_mean),
    (Reason.PRECISION,            _is_rounded),
)
# fmt: on


def explain(trials: Sequence[Trial]) -> tuple[GradeFinding, ...]:
    """The first mistake that leads to every gradient that is wrong; none where no single mistake does."""
    wrong = [trial for trial in trials if not trial.is_right]
    for reason, leads_to in MISTAKES:
        if all(map(leads_to, wrong)):
            return (GradeFinding.of(reason),)
    factors = [factor for trial in wrong if (factor := _factor(trial)) is not None]
    if len(factors) == len(wrong):
        if np.ptp(factors) <= 1e-6 * abs(factors[0]):
            return (GradeFinding.of(Reason.CONSTANT_FACTOR, f"this is {factors[0]:.6g} times the gradient"),)
        return (GradeFinding.of(Reason.FACTOR),)
    if all(trial.gradient.shape != trial.right.shape for trial in wrong):
        shapes = f"{wrong[0].gradient.shape}, and the input has {wrong[0].right.shape}"
        return (GradeFinding.of(Reason.SHAPE, f"the gradient has the shape {shapes}"),)
    return ()
