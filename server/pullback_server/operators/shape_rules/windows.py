"""Windows that slide along the last dimensions: where they lie, and the shape rules of what reads through them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...program import DType, TensorType
from ..operator import OperandError
from .common import only_floating
from .matrices import one_floating_dtype


@dataclass(frozen=True)
class Window:
    """How windows of one length lie along a dimension: `stride` apart, their entries `dilation` apart.

    The dimension has `before` and `after` entries of padding; `ceil` lets the last window end outside of them.

    >>> Window(3, stride=2, before=1, after=1).count(5)
    3
    """

    size: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    ceil: bool = False

    @property
    def extent(self) -> int:
        """From a window's first entry to its last, both counted."""
        return self.dilation * (self.size - 1) + 1

    def count(self, length: int) -> int:
        """How many windows there are along a dimension of that length."""
        room = length + self.before + self.after - self.extent
        number = room // self.stride + 1
        # With ceil a window may be cut off at its end, but none begins in the padding there.
        started = -(-room // self.stride) * self.stride < length + self.before
        return number + (self.ceil and room % self.stride > 0 and started)

    def reach(self, length: int) -> int:
        """The length that the windows need, padding included; the whole dimension at least."""
        return max((self.count(length) - 1) * self.stride + self.extent, length + self.before)

    def covered(self, number: int, length: int) -> range:
        """What a window covers of the padded dimension, in positions of the unpadded one."""
        start = number * self.stride - self.before
        return range(start, min(start + self.extent, length + self.after))


Windows = tuple[Window, ...]

#: The shape that an input has, by its number of dimensions with windows.
_SHAPES = {1: "(N, C, L)", 2: "(N, C, H, W)"}


def each_dimension(value: Any, count: int, name: str, least: int) -> tuple[int, ...]:
    """A literal that is one number for all dimensions, or one for each. Raises OperandError."""
    numbers = (value,) * count if isinstance(value, int) else value * count if len(value) == 1 else value
    if len(numbers) != count or any(n < least for n in numbers):
        raise OperandError(f"{name}={value} for {count} dimensions", f"a number of {least} or more, or {count} of them")
    return tuple(numbers)


def _window_counts(x: TensorType, windows: Windows) -> tuple[int, ...]:
    """How many windows there are along each of the last dimensions; raises OperandError.

    Before those there are channels, and there may be a batch, which alone may be empty.
    """
    first = x.rank - len(windows)
    if first not in (1, 2) or 0 in x.shape[first - 1 :]:
        raise OperandError(
            f"shape {list(x.shape)}",
            f"shape {_SHAPES[len(windows)]}, of which only the batch N may be left out or empty",
        )
    counts = tuple(w.count(n) for w, n in zip(windows, x.shape[first:], strict=True))
    for window, length, count in zip(windows, x.shape[first:], counts, strict=True):
        if count < 1 or window.extent > length + window.before + window.after + window.stride * window.ceil:
            raise OperandError(
                f"a window of {window.extent} entries over {length} with {window.before} and {window.after} of padding",
                "a window that is no longer",
            )
    return counts


def convolution_windows(sizes: tuple[int, ...], arguments: dict[str, Any]) -> Windows:
    """The windows of a call; raises OperandError. Padding 'same' gives as many windows as entries."""
    count, padding = len(sizes), arguments["padding"]
    strides = each_dimension(arguments["stride"], count, "stride", 1)
    dilations = each_dimension(arguments["dilation"], count, "dilation", 1)
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise OperandError(f"padding='{padding}'", "'same', 'valid', a number, or one for each dimension")
        if padding == "same" and any(s > 1 for s in strides):
            raise OperandError(f"padding='same' with stride={arguments['stride']}", "a stride of 1")
        totals = [d * (k - 1) if padding == "same" else 0 for k, d in zip(sizes, dilations, strict=True)]
        pads = [(p // 2, p - p // 2) for p in totals]
    else:
        pads = [(p, p) for p in each_dimension(padding, count, "padding", 0)]
    return tuple(Window(k, s, d, *p) for k, s, d, p in zip(sizes, strides, dilations, pads, strict=True))


def convolution(count: int) -> Callable[..., TensorType]:
    """The rule of a convolution along so many dimensions."""
    name = f"conv{count}d"

    def shape(x: TensorType, weight: TensorType, bias: TensorType | None = None, **arguments: Any) -> TensorType:
        operands = [t for t in (x, weight, bias) if t is not None]
        dtype = one_floating_dtype(name, *operands)
        groups = arguments["groups"]
        if weight.rank != count + 2 or 0 in (weight.shape[0], *weight.shape[2:]):
            hint = f"shape (channels out, channels in, {'k, ' * count})"
            raise OperandError(f"a weight of shape {list(weight.shape)}", hint)
        counts = _window_counts(x, convolution_windows(weight.shape[2:], arguments))
        channels = x.shape[-count - 1]
        if groups < 1 or weight.shape[0] % groups or channels != groups * weight.shape[1]:
            raise OperandError(
                f"{channels} channels and a weight of shape {list(weight.shape)} in {groups} groups",
                "groups that divide the channels out, and weight.shape[1]*groups channels in",
            )
        if bias is not None and bias.shape != weight.shape[:1]:
            raise OperandError(f"a bias of shape {list(bias.shape)}", f"shape {list(weight.shape[:1])}")
        shape = (*x.shape[: -count - 1], weight.shape[0], *counts)
        return TensorType(dtype, shape, all(t.weak for t in operands))

    return shape


def convolution_work(result: TensorType, _: TensorType, weight: TensorType, *__: TensorType | None, **___: Any) -> int:
    """A product and a sum for each entry of the weight that an entry of the result takes."""
    return 2 * result.elements * math.prod(weight.shape[1:])


def convolution_workspace(count: int) -> Callable[..., int]:
    """Every window of the input by itself, except in float32, whose kernel reads them in place."""

    def workspace(result: TensorType, x: TensorType, weight: TensorType, *_: TensorType | None, **__: Any) -> int:
        if x.dtype is DType.FLOAT32:
            return 0
        return math.prod((*x.shape[:-count], *weight.shape[2:], *result.shape[-count:]))

    return workspace


def pooling_windows(count: int, arguments: dict[str, Any]) -> Windows:
    """The windows of a call; raises OperandError. The stride is the size where it is left out."""
    size, stride, padding = (arguments[name] for name in ("kernel_size", "stride", "padding"))
    sizes = each_dimension(size, count, "kernel_size", 1)
    strides = each_dimension(stride or sizes if stride != 0 else 0, count, "stride", 1)
    paddings = each_dimension(padding, count, "padding", 0)
    dilations = each_dimension(arguments.get("dilation", 1), count, "dilation", 1)
    if any(2 * p > k for p, k in zip(paddings, sizes, strict=True)):
        raise OperandError(f"padding={padding} for kernel_size={size}", "at most half of kernel_size")
    return tuple(
        Window(k, s, d, p, p, arguments["ceil_mode"])
        for k, s, d, p in zip(sizes, strides, dilations, paddings, strict=True)
    )


def pooling(count: int) -> Callable[..., TensorType]:
    """The rule of a pooling along so many dimensions."""

    def shape(x: TensorType, **arguments: Any) -> TensorType:
        if arguments.get("divisor_override") == 0:
            raise OperandError("divisor_override=0", "another number, or None")
        counts = _window_counts(x, pooling_windows(count, arguments))
        return only_floating(lambda t: TensorType(t.dtype, t.shape[:-count] + counts, t.weak))(x)

    return shape


def pooling_work(count: int) -> Callable[..., int]:
    """Each window's entries."""

    def work(result: TensorType, x: TensorType, **arguments: Any) -> int:
        sizes = each_dimension(arguments["kernel_size"], count, "kernel_size", 1)
        return result.elements * math.prod(sizes) + x.elements

    return work
