"""The shape rule of padding, as in torch."""

from __future__ import annotations

from typing import Any

from ...program import DType, TensorType
from ..operator import OperandError
from .common import AS_NUMBER

MODES = ("constant", "reflect", "replicate", "circular")


def widths(pad: Any) -> list[tuple[int, int]]:
    """How many entries come before and after each of the last dimensions, in order; a call has the last one first."""
    numbers = pad if isinstance(pad, tuple) else (pad,)
    return [*zip(numbers[::2], numbers[1::2], strict=False)][::-1]


def pad(x: TensorType, *, pad: Any, mode: str, value: float | None) -> TensorType:
    """The last dimensions, longer by these entries."""
    pairs, first = widths(pad), x.rank - len(widths(pad))
    if isinstance(pad, int) or len(pad) % 2 or first < 0:
        raise OperandError(
            f"pad={pad} for a tensor of rank {x.rank}", "two numbers for each dimension, the last dimension first"
        )
    if mode not in MODES:
        raise OperandError(f"mode='{mode}'", " or ".join(f"'{m}'" for m in MODES))
    for (before, after), length in zip(pairs, x.shape[first:], strict=True):
        if length + before + after < 0:
            raise OperandError(f"pad={pad} for shape {list(x.shape)}", "at most as many entries removed as there are")
        if mode != "constant":
            _require_room(mode, before, after, length)
    if mode != "constant" and (value is not None or not pairs or first not in (1, 2)):
        raise OperandError(
            f"mode='{mode}' of pad={pad} for rank {x.rank}", "no value, and the last 1 to 3 of 2 to 5 dimensions"
        )
    if mode != "constant" and x.dtype is DType.BOOL:
        raise OperandError(f"mode='{mode}' of bool", AS_NUMBER)
    if value is not None and not x.dtype.floating and not abs(value) < 2**7:
        raise OperandError(f"value={value} in {x.dtype.label}", "a number that the dtype holds")
    shape = (*x.shape[:first], *(n + b + a for (b, a), n in zip(pairs, x.shape[first:], strict=True)))
    return TensorType(x.dtype, shape, x.weak)


def _require_room(mode: str, before: int, after: int, length: int) -> None:
    """Raises OperandError where a dimension has fewer entries than the padding takes from it."""
    most = {"reflect": length - 1, "circular": length}.get(mode)
    if length == 0 or before < 0 or after < 0 or (most is not None and max(before, after) > most):
        raise OperandError(
            f"mode='{mode}' with {before} and {after} around {length} entries",
            "numbers of 0 or more" if most is None else f"numbers from 0 to {most}",
        )
