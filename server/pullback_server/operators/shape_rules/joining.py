"""Shape rules of joining tensors and of splitting them into parts, as in torch."""

from __future__ import annotations

from typing import Any

from ...program import TensorType
from ..operator import OperandError
from .common import axis_of, promote


def cat(*tensors: TensorType, dim: int) -> TensorType:
    """Their shape, with the lengths along dim added up."""
    if not tensors:
        raise OperandError("no tensors to join", "at least one tensor")
    axis = axis_of(dim, tensors[0].rank)
    first = tensors[0].shape
    rest = (*first[:axis], *first[axis + 1 :])
    for t in tensors:
        if not t.rank or t.rank != len(first) or (*t.shape[:axis], *t.shape[axis + 1 :]) != rest:
            shapes = " and ".join(str(list(t.shape)) for t in tensors)
            hint = "tensors that differ only in that dimension; stack makes a new one"
            raise OperandError(f"shapes {shapes} along dimension {axis}", hint)
    shape = tuple(sum(t.shape[k] for t in tensors) if k == axis else n for k, n in enumerate(first))
    return TensorType(promote(*tensors), shape, all(t.weak for t in tensors))


def stack(*tensors: TensorType, dim: int) -> TensorType:
    """Their shape, with a new dimension whose length is their number."""
    if not tensors:
        raise OperandError("no tensors to join", "at least one tensor")
    if len({t.shape for t in tensors}) > 1:
        raise OperandError(f"shapes {' and '.join(str(list(t.shape)) for t in tensors)}", "tensors of one shape")
    axis, shape = axis_of(dim, tensors[0].rank + 1), tensors[0].shape
    return TensorType(promote(*tensors), (*shape[:axis], len(tensors), *shape[axis:]), all(t.weak for t in tensors))


def split(x: TensorType, *, split_size_or_sections: Any, dim: int, output: int) -> TensorType:
    """The shape of one part, of the size or sizes in the call."""
    axis = _axis(x, dim)
    return _part(x, axis, section(x.shape[axis], split_size_or_sections, output))


def chunk(x: TensorType, *, chunks: int, dim: int, output: int) -> TensorType:
    """The shape of one of the equal parts."""
    axis = _axis(x, dim)
    return _part(x, axis, chunk_section(x.shape[axis], chunks, output))


def unbind(x: TensorType, *, dim: int, output: int) -> TensorType:
    """Without the dimension that the slices are taken along."""
    axis = _axis(x, dim)
    _require_part(output, x.shape[axis])
    return TensorType(x.dtype, (*x.shape[:axis], *x.shape[axis + 1 :]), x.weak)


def _part(x: TensorType, axis: int, part: tuple[int, int]) -> TensorType:
    start, stop = part
    return TensorType(x.dtype, tuple(stop - start if k == axis else n for k, n in enumerate(x.shape)), x.weak)


def _axis(x: TensorType, dim: int) -> int:
    if not x.rank:
        raise OperandError("parts of a number", "a tensor of rank 1 or more")
    return axis_of(dim, x.rank)


def _require_part(output: int, count: int) -> None:
    if not -count <= output < count:
        raise OperandError(f"part {output} of {count}", f"from {-count} to {count - 1}")


def section(length: int, size: Any, output: int) -> tuple[int, int]:
    """Where one part of a dimension begins and ends: of parts of one size, or of several sizes. Raises OperandError.

    >>> section(5, 2, -1)
    (4, 5)
    """
    if isinstance(size, tuple):
        if sum(size) != length or any(n < 0 for n in size):
            raise OperandError(
                f"sizes {list(size)} of a dimension of length {length}", f"sizes that add up to {length}"
            )
        _require_part(output, len(size))
        number = output % len(size)
        start = sum(size[:number])
        return start, start + size[number]
    if size < 0 or (size == 0 and length):
        raise OperandError(f"parts of size {size}", "a size of 1 or more")
    # However many parts there are, none of them is written down.
    starts = range(0, max(length, 1), max(size, 1))
    _require_part(output, len(starts))
    return starts[output], min(starts[output] + size, length)


def chunk_section(length: int, chunks: int, output: int) -> tuple[int, int]:
    """As in torch: parts of equal size, rounded up, so that there may be fewer. Raises OperandError."""
    if chunks < 1:
        raise OperandError(f"{chunks} chunks", "1 or more")
    if length == 0:
        _require_part(output, chunks)
        return 0, 0
    return section(length, -(-length // chunks), output)
