"""The mistakes that backward functions make, and the gradient that each leads to; the most specific stand first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..values.grading import GradeFinding

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Trial:
    """One gradient by one input in one trial, and what it may be compared with.

    `given` is what the function gave, `right` the gradient, both in float64; `upstream` has the output's shape;
    `ignoring` is the gradient for an upstream of ones, and `others` are the gradients by the other inputs.
    """

    given: Array
    right: Array
    upstream: Array
    ignoring: Array
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
        """Whether the function gave the gradient."""
        return self.equal(self.given, self.right)


#: Whether a mistake leads to the gradient that a trial was given.
Explains = Callable[[Trial], bool]


def _summed_to(array: Array, shape: tuple[int, ...]) -> Array | None:
    """An array summed over the axes along which that shape was broadcast to the array's; None where it was not."""
    extra = array.ndim - len(shape)
    if extra < 0:
        return None
    axes = tuple(range(extra)) + tuple(
        extra + axis for axis, size in enumerate(shape) if size == 1 != array.shape[extra + axis]
    )
    summed: Array = array.sum(axis=axes, keepdims=True)
    return summed.reshape(shape) if summed.size == np.prod(shape) else None


def _not_summed(trial: Trial) -> bool:
    if trial.given.shape == trial.right.shape:
        return False
    summed = _summed_to(trial.given, trial.right.shape)
    return summed is not None and trial.equal(summed, trial.right)


def _jacobian(trial: Trial) -> bool:
    rank = trial.upstream.ndim
    if not rank or trial.given.shape != trial.upstream.shape + trial.right.shape:
        return False
    return trial.equal(np.tensordot(trial.upstream, trial.given, axes=rank), trial.right)


def _summed_away(trial: Trial) -> bool:
    if trial.given.shape == trial.right.shape or trial.given.size > trial.right.size:
        return False
    axes = range(trial.right.ndim)
    candidates = [trial.right.sum(axis=axis, keepdims=keep) for axis in axes for keep in (True, False)]
    return any(trial.equal(trial.given, np.asarray(found)) for found in (*candidates, trial.right.sum()))


def _symmetric(trial: Trial) -> bool:
    if trial.right.ndim != 2 or trial.right.shape[0] != trial.right.shape[1]:
        return False
    both = trial.right + trial.right.T
    return trial.equal(trial.given, both - np.diag(np.diag(trial.right)))


def _factor(trial: Trial) -> float | None:
    """The number that the gradient was multiplied by; None where there is none."""
    if trial.given.shape != trial.right.shape or not np.any(trial.right):
        return None
    factor = float(np.vdot(trial.right, trial.given) / np.vdot(trial.right, trial.right))
    return factor if factor and trial.equal(trial.given, factor * trial.right) else None


def _by_size(trial: Trial) -> bool:
    factor = _factor(trial)
    return factor is not None and trial.upstream.size > 1 and abs(factor * trial.upstream.size - 1) < 1e-9


def _rounded(trial: Trial) -> bool:
    if trial.given.shape != trial.right.shape:
        return False
    largest = float(np.max(np.abs(trial.right), initial=0.0))
    return bool(np.all(np.abs(trial.given - trial.right) <= 3e-5 * largest))


# fmt: off
#: Code, sentence, and whether the mistake leads to what was given.
MISTAKES: Sequence[tuple[str, str, Explains]] = (
    ("NOT_A_NUMBER",         "a nan or an infinity stands where the gradient is finite",
     lambda t: not np.all(np.isfinite(t.given))),
    ("JACOBIAN_FOR_VJP",     "this is the Jacobian: contract it with the upstream gradient",
     _jacobian),
    ("BROADCAST_NOT_SUMMED", "the input was broadcast: sum the gradient over those axes, to the input's shape",
     _not_summed),
    ("SUMMED",               "entries are summed away: the gradient has the input's shape",
     _summed_away),
    ("TRANSPOSED",           "this is the transposed gradient",
     lambda t: t.given.ndim == 2 and t.equal(t.given.T, t.right)),
    ("SHAPE",                "the numbers are right, in a wrong shape",
     lambda t: t.given.shape != t.right.shape and t.given.size == t.right.size
     and t.equal(t.given.reshape(t.right.shape), t.right)),
    ("UPSTREAM_IGNORED",     "the upstream gradient is not used: this is the gradient for an upstream of ones",
     lambda t: t.equal(t.given, t.ignoring)),
    ("UPSTREAM_RETURNED",    "the upstream gradient is handed on as it is: the derivative of this step is missing",
     lambda t: t.equal(t.given, t.upstream)),
    ("SIGN",                 "the sign is wrong",
     lambda t: t.equal(-t.given, t.right)),
    ("SYMMETRIC_CONVENTION", "mirrored entries move together here, and each moves by itself in the gradient",
     _symmetric),
    ("WRONG_INPUT",          "this is the gradient by another input",
     lambda t: any(t.equal(t.given, other) for other in t.others)),
    ("MEAN_FOR_SUM",         "it is divided by the number of outputs, as if they were averaged",
     _by_size),
    ("PRECISION",            "it is right to a few digits only: is a step computed in float32?",
     _rounded),
)
# fmt: on


def explained(trials: Sequence[Trial]) -> tuple[GradeFinding, ...]:
    """The first mistake that explains every trial that is wrong, where the trials tell it from the gradient at all."""
    wrong = [trial for trial in trials if not trial.is_right]
    for code, sentence, explains in MISTAKES:
        if all(map(explains, wrong)):
            return (GradeFinding(code, sentence),)
    factors = [factor for trial in wrong if (factor := _factor(trial)) is not None]
    if len(factors) == len(wrong) and np.ptp(factors) <= 1e-6 * abs(factors[0]):
        return (GradeFinding("CONSTANT_FACTOR", f"it is {factors[0]:.6g} times the gradient"),)
    if len(factors) == len(wrong):
        return (GradeFinding("FACTOR", "it is the gradient times a number that depends on the shapes or the values"),)
    if all(trial.given.shape != trial.right.shape for trial in wrong):
        shapes = f"{wrong[0].given.shape}, and the input has {wrong[0].right.shape}"
        return (GradeFinding("SHAPE", f"it has the shape {shapes}"),)
    return ()
