"""Shape rules: the type of a result from the types of the operands, in Python integers, as in torch."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from ...program import DType, TensorType
from ..operator import OperandError

#: torch's default floating dtype, which integers become in a floating operation.
DEFAULT_FLOAT = DType.FLOAT32
#: What to do with a bool that an operator does not take.
AS_NUMBER = "multiply the bool by 1 to make it a number"


def promote_dtypes(a: DType, b: DType) -> DType:
    """The dtype that two tensors of equal standing meet in.

    >>> promote_dtypes(DType.FLOAT16, DType.BFLOAT16).label
    'float32'
    """
    if a is b:
        return a
    if a.category != b.category:
        return max(a, b, key=lambda d: d.category)
    if DType.UINT8 in (a, b):
        other = b if a is DType.UINT8 else a
        return DType.INT16 if other is DType.INT8 else other
    if a.size == b.size:
        return DType.FLOAT32
    return max(a, b, key=lambda d: d.size)


def promote(*types: TensorType) -> DType:
    """torch's type promotion: tensors with dimensions come first, then those without, then numbers of the text.

    A later group only raises the category. Where all are numbers of the text the result is as wide as they are.

    >>> promote(TensorType(DType.FLOAT32, (3,)), TensorType(DType.FLOAT64, ())).label
    'float32'
    """
    groups = (
        [t.dtype for t in types if not t.weak and t.rank],
        [t.dtype for t in types if not t.weak and not t.rank],
        [t.dtype for t in types if t.weak],
    )
    result: DType | None = None
    for number, group in enumerate(groups):
        if not group:
            continue
        dtype = reduce(promote_dtypes, group)
        if result is None:
            result = dtype
        elif dtype.category > result.category:
            result = DEFAULT_FLOAT if number == 2 and dtype.floating else dtype
    assert result is not None
    return result


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The common shape of several, each axis of length 1 or of the common length; raises OperandError."""
    rank = max(map(len, shapes))
    out = [1] * rank
    for shape in shapes:
        for axis, length in enumerate(shape, rank - len(shape)):
            if length != 1 and out[axis] not in (1, length):
                raise OperandError(
                    f"shapes {' and '.join(str(list(s)) for s in shapes)} do not broadcast",
                    "each dimension, counted from the last, must be equal or 1",
                )
            if length != 1:
                out[axis] = length
    return tuple(out)


def broadcast(*types: TensorType | None, **_: Any) -> TensorType:
    """Elementwise operators: the common shape, the promoted dtype."""
    operands = [t for t in types if t is not None]
    shape = broadcast_shapes(*(t.shape for t in operands))
    return TensorType(promote(*operands), shape, all(t.weak for t in operands))


def floating(rule: Callable[..., TensorType]) -> Callable[..., TensorType]:
    """A rule whose result is floating also where the operands are integers, as of exp."""

    def shape(*types: TensorType | None, **arguments: Any) -> TensorType:
        result = rule(*types, **arguments)
        if result.dtype.floating:
            return result
        return TensorType(DType.FLOAT64 if result.weak else DEFAULT_FLOAT, result.shape, result.weak)

    return shape


def numeric(rule: Callable[..., TensorType], hint: str) -> Callable[..., TensorType]:
    """A rule whose result is never bool, as of a negation; `hint` says what to write instead."""

    def shape(*types: TensorType | None, **arguments: Any) -> TensorType:
        result = rule(*types, **arguments)
        if result.dtype is DType.BOOL:
            raise OperandError("the result would be bool, which this operator does not give", hint)
        return result

    return shape


def without_bools(rule: Callable[..., TensorType], hint: str) -> Callable[..., TensorType]:
    """A rule that takes no bool operand, as of a difference; `hint` says what to write instead."""

    def shape(*types: TensorType | None, **arguments: Any) -> TensorType:
        if any(t is not None and t.dtype is DType.BOOL for t in types):
            raise OperandError("an operand is bool, which this operator does not take", hint)
        return rule(*types, **arguments)

    return shape


def only_bools(rule: Callable[..., TensorType]) -> Callable[..., TensorType]:
    """A rule that takes bool operands only, as of a conjunction."""

    def shape(*types: TensorType | None, **arguments: Any) -> TensorType:
        for t in types:
            if t is not None and t.dtype is not DType.BOOL:
                raise OperandError(
                    f"an operand is {t.dtype.label}", "a comparison or a bool tensor; comparisons in brackets"
                )
        return rule(*types, **arguments)

    return shape


def only_floating(rule: Callable[..., TensorType], hint: str = "") -> Callable[..., TensorType]:
    """A rule that refuses integers, as of mean; numbers of the text count as floating."""

    def shape(*types: TensorType | None, **arguments: Any) -> TensorType:
        result = rule(*types, **arguments)
        if result.dtype.floating:
            return result
        if result.weak:
            return TensorType(DType.FLOAT64, result.shape, weak=True)
        raise OperandError(
            f"{result.dtype.label} where a floating dtype is needed", hint or "multiply by 1.0 to make it floating"
        )

    return shape


def boolean(rule: Callable[..., TensorType]) -> Callable[..., TensorType]:
    """A rule whose result is bool, as of a comparison."""

    def shape(*types: TensorType | None, **arguments: Any) -> TensorType:
        result = rule(*types, **arguments)
        return TensorType(DType.BOOL, result.shape, result.weak)

    return shape


# Rules of elementwise operators, by the dtypes that they take and give.

#: Integers and bools become floating.
to_float = floating(broadcast)
#: No operand is bool.
numbers = without_bools(broadcast, AS_NUMBER)
#: No operand is bool, and integers become floating.
numbers_to_float = floating(numbers)
#: The result is floating only where an operand is: torch has it for some integers only, and no rule knows values.
float_result = only_floating(broadcast, "make one operand floating, such as 2.0")
float_numbers = only_floating(numbers, "make one operand floating, such as 2.0")
#: The one operand is floating.
floats = only_floating(broadcast)


def axis_of(dim: int, rank: int, name: str = "dim") -> int:
    """The dimension counted from 0; -1 is the last, a tensor of rank 0 has dimensions 0 and -1. Raises OperandError."""
    room = max(rank, 1)
    if not -room <= dim < room:
        raise OperandError(f"{name}={dim} for a tensor of rank {rank}", f"{name} from {-room} to {room - 1}")
    return dim % room


def axes_of(dim: int | tuple[int, ...] | None, rank: int) -> tuple[int, ...]:
    """The dimensions that a reduction runs over, counted from 0; None and () mean all. Raises OperandError."""
    if dim is None or dim == ():
        return tuple(range(rank))
    axes = tuple(axis_of(d, rank) for d in (dim if isinstance(dim, tuple) else (dim,)))
    if len(set(axes)) < len(axes):
        raise OperandError(f"dim={dim} names a dimension twice", "each dimension once")
    return axes if rank else ()


def reduced_shape(x: TensorType, dim: int | tuple[int, ...] | None, keepdim: bool) -> tuple[int, ...]:
    """The shape that is left when `dim` is reduced."""
    axes = axes_of(dim, x.rank)
    return tuple(1 if k in axes else n for k, n in enumerate(x.shape) if keepdim or k not in axes)


def reduce_dims(x: TensorType, *, dim: Any = None, keepdim: bool = False, **_: Any) -> TensorType:
    """Reductions that keep the dtype."""
    return TensorType(x.dtype, reduced_shape(x, dim, keepdim), x.weak)


def nonempty(rule: Callable[..., TensorType]) -> Callable[..., TensorType]:
    """A reduction that has no value over no entries, as of amax."""

    def shape(x: TensorType, *, dim: Any = None, **arguments: Any) -> TensorType:
        if any(x.shape[k] == 0 for k in axes_of(dim, x.rank) if x.rank):
            raise OperandError(
                f"there is nothing to reduce in shape {list(x.shape)}", "a dimension of length 1 or more"
            )
        return rule(x, dim=dim, **arguments)

    return shape


def sum_dims(x: TensorType, *, dim: Any = None, keepdim: bool = False, **_: Any) -> TensorType:
    """Sums and products: integers and bools add up in int64."""
    dtype = x.dtype if x.dtype.floating else DType.INT64
    return TensorType(dtype, reduced_shape(x, dim, keepdim), x.weak)


def no_work(*_: TensorType | None, **__: Any) -> int:
    """The work of an operator that moves entries and computes nothing."""
    return 0
