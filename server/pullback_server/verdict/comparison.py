"""The two legs compared at every entry: how far apart, how far apart they may be, and the worst entry."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from .question import Outcome, Tolerance, Verdict, WorstEntry

#: Roundings that two orders of the same computation may be apart at the largest entry before more is asked.
CLOSE = 32
#: How many times the running error bound the legs may be apart: their operations are not the same ones.
SLACK = 16

#: What the error is said to hold when autograd's own rounding is in it.
MOVED = " and of the most that autograd's gradient moves with a rounding of its inputs"
#: Entries that are compared at a time.
BLOCK = 2**16
#: Up to as many are compared one by one.
FEW = 64


def compare(
    autograd: torch.Tensor,
    closed_form: torch.Tensor,
    dtype: torch.dtype,
    bounds: Callable[[float], torch.Tensor | None],
    spread: Callable[[], float] | None = None,
) -> Verdict:
    """The verdict on one input; both gradients have its shape, the closed form's is in float64.

    `dtype` is the least precise in which autograd computed. `bounds(unit)` gives the running error bound of each entry
    of the closed form for a unit roundoff; it is asked only where the legs are further apart than a few roundings of
    the largest entry. `spread()` gives how far autograd's gradient moves, at the entry that moves most, when its
    inputs move by one rounding; it is asked only before the legs are said to differ: a closed form in which sympy
    cancelled terms has no error where autograd still has its own.
    """
    unit = torch.finfo(dtype).eps
    ours = closed_form.detach()
    theirs = autograd.to(ours)
    if not ours.numel():
        return Verdict(Outcome.AGREE, message="There are no entries to compare.")
    most, worst, largest = _extremes(ours.reshape(-1), theirs.reshape(-1))
    absolute = CLOSE * unit * largest
    if most <= absolute < math.inf:
        source = f"{CLOSE} roundings in {_name(dtype)} ({unit:.3g}) of the largest entry, {largest:.6g}"
        return _agreement(ours, theirs, worst, Tolerance(absolute, 0.0, source))
    bound = bounds(unit)
    error = torch.zeros_like(ours) if bound is None else bound.to(ours)
    verdict = _closer(ours, theirs, error, unit, dtype, "")
    if verdict.outcome is Outcome.DIFFER and spread is not None:
        return _closer(ours, theirs, error + spread(), unit, dtype, MOVED)
    return verdict


def _extremes(ours: torch.Tensor, theirs: torch.Tensor) -> tuple[float, int, float]:
    """The largest difference, where it is, and the largest magnitude of ours; NaN counts as largest.

    Block by block: temporaries of the tensors' own size would cost more than the comparison. The few entries of a
    small request are quicker compared as numbers.
    """
    if ours.numel() <= FEW:
        numbers = ours.tolist()
        apart = [abs(t - o) for o, t in zip(numbers, theirs.tolist(), strict=True)]
        worst = next((k for k, d in enumerate(apart) if d != d), None)
        worst = apart.index(max(apart)) if worst is None else worst
        return apart[worst], worst, max(map(abs, numbers))
    most, worst, largest = -1.0, 0, 0.0
    for start in range(0, ours.numel(), BLOCK):
        block = ours[start : start + BLOCK]
        value = float((theirs[start : start + BLOCK] - block).abs_().amax())
        largest = max(largest, float(block.abs().amax()))
        if not value <= most:
            most, worst = value, start
            if value != value:
                break
    difference = (theirs[worst : worst + BLOCK] - ours[worst : worst + BLOCK]).abs_()
    return most, worst + int(difference.max(0).indices), largest


def _closer(
    ours: torch.Tensor,
    theirs: torch.Tensor,
    error: torch.Tensor,
    unit: float,
    dtype: torch.dtype,
    moved: str,
) -> Verdict:
    """Entry by entry: within the error, or not; `moved` says what it holds beside the running error bound."""
    tiny = torch.finfo(dtype).tiny
    difference = (theirs - ours).abs_()
    allowed = SLACK * error + CLOSE * unit * ours.abs() + tiny
    both_nan = ours.isnan() & theirs.isnan()
    same = (ours == theirs) | both_nan
    excess = torch.where(same, 0.0, (difference / allowed).nan_to_num(nan=torch.inf, posinf=torch.inf))
    # Where one leg is finite and the other is not, no tolerance applies.
    excess = torch.where(~same & (ours.isfinite() != theirs.isfinite()), torch.inf, excess)
    worst = int(excess.flatten().max(0).indices)
    differing = int((excess > 1).sum())
    at = float(error.flatten()[worst])
    source = (
        f"{SLACK} times the running error bound of the closed form in {_name(dtype)}{moved} at that entry, {at:.3g}, "
        f"and {CLOSE} roundings of its value"
    )
    tolerance = Tolerance(SLACK * at + tiny, CLOSE * unit, source)
    count = ours.numel()
    if differing:
        entry = _entry(ours, theirs, worst)
        message = (
            f"The legs differ at {'the only entry' if count == 1 else f'{differing} of {count} entries'}"
            f"{f'; furthest apart at {list(entry.index)}' if entry.index else ''}: "
            f"autograd {entry.autograd:.17g}, closed form {entry.closed_form:.17g}."
        )
        return Verdict(Outcome.DIFFER, "", message, count, differing, entry, tolerance)
    if bool(both_nan.any()):
        nan = int(both_nan.flatten().to(torch.uint8).argmax())
        message = f"Both legs give NaN at {int(both_nan.sum())} of {count} entries, which proves nothing."
        return Verdict(Outcome.UNDECIDED, "NOT_A_NUMBER", message, count, 0, _entry(ours, theirs, nan), tolerance)
    untold = error.isinf() & ~same & (difference > CLOSE * unit * ours.abs() + tiny)
    if bool(untold.any()):
        first = int(untold.flatten().to(torch.uint8).argmax())
        message = f"Rounding could carry the closed form anywhere at {int(untold.sum())} of {count} entries."
        return Verdict(Outcome.UNDECIDED, "UNBOUNDED_ERROR", message, count, 0, _entry(ours, theirs, first), tolerance)
    return _agreement(ours, theirs, worst, tolerance)


def _agreement(ours: torch.Tensor, theirs: torch.Tensor, worst: int, tolerance: Tolerance) -> Verdict:
    count = ours.numel()
    message = f"Both legs agree at {'the only entry' if count == 1 else f'all {count} entries'}."
    return Verdict(Outcome.AGREE, "", message, count, 0, _entry(ours, theirs, worst), tolerance)


def _entry(ours: torch.Tensor, theirs: torch.Tensor, flat: int) -> WorstEntry:
    index, left = [], flat
    for length in reversed(ours.shape):
        left, k = divmod(left, length)
        index.append(k)
    a, b = theirs.reshape(-1)[flat].item(), ours.reshape(-1)[flat].item()
    absolute = 0.0 if a == b else abs(a - b)
    relative = 0.0 if absolute == 0 else (absolute / abs(b) if b else math.inf)
    return WorstEntry(tuple(reversed(index)), a, b, absolute, relative)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
