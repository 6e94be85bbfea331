"""Shape rules of the normalizations, as in torch."""

from __future__ import annotations

import math
from typing import Any

from ...program import DType, TensorType
from ..operator import OperandError
from .matrices import one_floating_dtype


def _vectors(name: str, x: TensorType, others: dict[str, TensorType | None], shape: tuple[int, ...]) -> TensorType:
    """The type of x, where every other operand has its dtype and that shape. Raises OperandError."""
    dtype = one_floating_dtype(name, x, *(t for t in others.values() if t is not None))
    for what, t in others.items():
        if t is not None and t.shape != shape:
            raise OperandError(f"a {what} of shape {list(t.shape)}", f"shape {list(shape)}")
    return TensorType(dtype, x.shape, x.weak and all(t is None or t.weak for t in others.values()))


def _last(x: TensorType, normalized_shape: Any) -> tuple[int, ...]:
    """The lengths of the last dimensions, which a call names. Raises OperandError."""
    shape = normalized_shape if isinstance(normalized_shape, tuple) else ()
    if not shape or x.shape[x.rank - len(shape) :] != shape:
        raise OperandError(
            f"normalized_shape={normalized_shape} for shape {list(x.shape)}", "the last lengths, as a tuple"
        )
    return shape


def layer(
    x: TensorType, weight: TensorType | None = None, bias: TensorType | None = None, **arguments: Any
) -> TensorType:
    """The last dimensions of x, and vectors of their shape."""
    return _vectors("layer_norm", x, {"weight": weight, "bias": bias}, _last(x, arguments["normalized_shape"]))


def rms(x: TensorType, weight: TensorType | None = None, **arguments: Any) -> TensorType:
    """The last dimensions of x, and a weight of their shape."""
    return _vectors("rms_norm", x, {"weight": weight}, _last(x, arguments["normalized_shape"]))


def batch(
    x: TensorType,
    mean: TensorType | None = None,
    variance: TensorType | None = None,
    weight: TensorType | None = None,
    bias: TensorType | None = None,
    *,
    training: bool,
    **_: Any,
) -> TensorType:
    """Channels in the second dimension, and vectors with an entry for each channel."""
    _at_least(x, 2)
    if not training and (mean is None or variance is None):
        raise OperandError("no running_mean and running_var", "both, or training=True")
    if training and math.prod((x.shape[0], *x.shape[2:])) == 1:
        raise OperandError(f"one entry per channel in shape {list(x.shape)}", "at least two, or training=False")
    others = {"running_mean": mean, "running_var": variance, "weight": weight, "bias": bias}
    return _vectors("batch_norm", x, others, x.shape[1:2])


def instance(
    x: TensorType,
    mean: TensorType | None = None,
    variance: TensorType | None = None,
    weight: TensorType | None = None,
    bias: TensorType | None = None,
    *,
    use_input_stats: bool,
    **_: Any,
) -> TensorType:
    """As batch, for each entry of the batch alone."""
    _at_least(x, 3 if use_input_stats else 2)
    if not use_input_stats and (mean is None or variance is None):
        raise OperandError("no running_mean and running_var", "both, or use_input_stats=True")
    if use_input_stats and math.prod(x.shape[2:]) == 1:
        raise OperandError(f"one entry per channel in shape {list(x.shape)}", "at least two")
    others = {"running_mean": mean, "running_var": variance, "weight": weight, "bias": bias}
    return _vectors("instance_norm", x, others, x.shape[1:2])


def group(
    x: TensorType, weight: TensorType | None = None, bias: TensorType | None = None, *, num_groups: int, **_: Any
) -> TensorType:
    """The channels in groups, and vectors with an entry for each channel."""
    _at_least(x, 2)
    if num_groups < 1 or x.shape[1] % num_groups:
        raise OperandError(
            f"{x.shape[1]} channels in {num_groups} groups", "a number of groups that divides the channels"
        )
    if x.elements == num_groups and x.shape[0] == 1:
        raise OperandError(f"one entry per group in shape {list(x.shape)}", "at least two")
    return _vectors("group_norm", x, {"weight": weight, "bias": bias}, x.shape[1:2])


def _at_least(x: TensorType, rank: int) -> None:
    if x.rank < rank or 0 in x.shape[1:]:
        raise OperandError(
            f"shape {list(x.shape)}", f"rank {rank} or more: a batch, which may be empty, channels, and more"
        )


def rms_dtype_arguments(x: TensorType, _: TensorType | None, *, eps: float | None, **__: Any) -> dict[str, Any]:
    """The eps that torch takes for a dtype: 16 bits are computed in 32."""
    return {"eps": eps if eps is not None else 2.0**-52 if x.dtype is DType.FLOAT64 else 2.0**-23}


def work(result: TensorType, *_: TensorType | None, **__: Any) -> int:
    """A few passes over the input."""
    return 8 * result.elements
