"""Shape rules of rearranging: shapes and orders from the arguments of its operators. All of them raise OperandError."""

from __future__ import annotations

import math
from typing import Any

from ..operator import OperandError
from .common import axes_of, axis_of

Dims = int | tuple[int, ...] | None


def as_tuple(value: Any) -> tuple[int, ...]:
    """Integers as one tuple, whether the call has them one by one or as a tuple."""
    if len(value) == 1 and isinstance(value[0], tuple):
        return value[0]
    return tuple(value)


def complete_shape(shape: tuple[int, ...], elements: int) -> tuple[int, ...]:
    """A shape with its one -1 worked out. Raises OperandError where it does not hold the elements."""
    known = math.prod(n for n in shape if n != -1)
    if shape.count(-1) > 1 or any(n < -1 for n in shape):
        raise OperandError(f"the shape {list(shape)}", "lengths of 0 or more, and -1 at most once")
    if -1 in shape:
        if known == 0 or elements % known:
            raise OperandError(
                f"{elements} elements in shape {list(shape)}", f"lengths whose product divides {elements}"
            )
        return tuple(elements // known if n == -1 else n for n in shape)
    if known != elements:
        raise OperandError(f"{elements} elements in shape {list(shape)}", f"lengths whose product is {elements}")
    return shape


def flatten(shape: tuple[int, ...], *, start_dim: int, end_dim: int) -> tuple[int, ...]:
    """The dimensions from start_dim to end_dim as one; a number becomes a vector."""
    first, last = axis_of(start_dim, len(shape), "start_dim"), axis_of(end_dim, len(shape), "end_dim")
    if not shape:
        return (1,)
    if first > last:
        raise OperandError(f"start_dim={start_dim} after end_dim={end_dim}", "dimensions in order")
    return (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :])


def unflatten(shape: tuple[int, ...], *, dim: int, sizes: int | tuple[int, ...]) -> tuple[int, ...]:
    """One dimension as several with these sizes, of which one may be -1."""
    if not isinstance(sizes, tuple):
        raise OperandError(f"sizes={sizes}", "a tuple of lengths, such as (2, 3)")
    if not shape:
        raise OperandError("unflatten of a number", "a tensor of rank 1 or more")
    axis = axis_of(dim, len(shape))
    return (*shape[:axis], *complete_shape(sizes, shape[axis]), *shape[axis + 1 :])


def expand(shape: tuple[int, ...], *, size: tuple[Any, ...]) -> tuple[int, ...]:
    """These lengths, where -1 leaves a dimension as it is."""
    size = as_tuple(size)
    if len(size) < len(shape):
        hint = "at least as many lengths as dimensions"
        raise OperandError(f"the shape {list(size)} for a tensor of rank {len(shape)}", hint)
    padded = (1,) * (len(size) - len(shape)) + shape
    for number, (old, new) in enumerate(zip(padded, size, strict=True)):
        outside = number < len(size) - len(shape)
        if new < -1 or (new == -1 and outside) or (new != -1 and old not in (1, new)):
            raise OperandError(f"shape {list(shape)} to {list(size)}", "only dimensions of length 1 are expanded")
    return tuple(old if new == -1 else new for old, new in zip(padded, size, strict=True))


def permutation(rank: int, dims: tuple[int, ...]) -> tuple[int, ...]:
    """The dimensions counted from 0, each of them once."""
    axes = tuple(axis_of(d, rank, "dims") for d in dims) if rank else ()
    if len(dims) != rank or len(set(axes)) < rank:
        raise OperandError(f"dims={list(dims)} for a tensor of rank {rank}", "every dimension once")
    return axes


def permute(shape: tuple[int, ...], *, dims: tuple[Any, ...]) -> tuple[int, ...]:
    """The lengths in another order."""
    return tuple(shape[k] for k in permutation(len(shape), as_tuple(dims)))


def tile_factors(shape: tuple[int, ...], repeats: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shape with ones before it, and how often each dimension is repeated."""
    if any(n < 0 for n in repeats):
        raise OperandError(f"repeats {list(repeats)}", "numbers of 0 or more")
    rank = max(len(shape), len(repeats))
    return (1,) * (rank - len(shape)) + shape, (1,) * (rank - len(repeats)) + repeats


def reshape(old: tuple[int, ...], /, *, shape: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape in the call, with its -1 worked out."""
    return complete_shape(as_tuple(shape), math.prod(old))


def squeeze(shape: tuple[int, ...], *, dim: Dims) -> tuple[int, ...]:
    """Without the dimensions of length 1 among those named; without all of them for None."""
    axes = axes_of(dim, len(shape)) if dim != () else ()
    return tuple(n for k, n in enumerate(shape) if n != 1 or k not in axes)


def unsqueeze(shape: tuple[int, ...], *, dim: int) -> tuple[int, ...]:
    """With a new dimension of length 1."""
    axis = axis_of(dim, len(shape) + 1)
    return (*shape[:axis], 1, *shape[axis:])


def tile(shape: tuple[int, ...], *, repeats: tuple[Any, ...]) -> tuple[int, ...]:
    """Each length times its number of repeats, the last ones first."""
    return tuple(n * r for n, r in zip(*tile_factors(shape, as_tuple(repeats)), strict=True))


def repeat(shape: tuple[int, ...], *, repeats: tuple[Any, ...]) -> tuple[int, ...]:
    """As tile, with a number for each dimension."""
    if len(as_tuple(repeats)) < len(shape):
        raise OperandError(
            f"repeats {list(as_tuple(repeats))} for a tensor of rank {len(shape)}", "at least one for each dimension"
        )
    return tile(shape, repeats=repeats)


def repeat_interleave(shape: tuple[int, ...], *, repeats: int, dim: int | None) -> tuple[int, ...]:
    """One length times the repeats; a vector without dim."""
    if repeats < 0:
        raise OperandError(f"repeats={repeats}", "a number of 0 or more")
    if dim is None:
        return (math.prod(shape) * repeats,)
    if not shape:
        raise OperandError("repeat_interleave of a number along a dimension", "no dim")
    axis = axis_of(dim, len(shape))
    return tuple(n * repeats if k == axis else n for k, n in enumerate(shape))


def flip(shape: tuple[int, ...], *, dims: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape stays; each dimension is named once."""
    if as_tuple(dims):
        axes_of(as_tuple(dims), len(shape))
    return shape


def roll(shape: tuple[int, ...], *, shifts: Any, dims: Dims) -> tuple[int, ...]:
    """The shape stays; there are as many shifts as dimensions."""
    if dims is None and isinstance(shifts, tuple) and len(shifts) != 1:
        raise OperandError("several shifts without dims", "one shift for each dimension")
    if dims is not None:
        if not shape:
            raise OperandError("roll of a number along a dimension", "no dims")
        shifts_by_axis(len(shape), shifts, dims)
    return shape


def shifts_by_axis(rank: int, shifts: Any, dims: Dims) -> dict[int, int]:
    """How far each dimension is rolled."""
    each = shifts if isinstance(shifts, tuple) else (shifts,)
    along = dims if isinstance(dims, tuple) else (dims if dims is not None else 0,)
    if len(each) != len(along):
        raise OperandError(f"{len(each)} shifts along {len(along)} dimensions", "one shift for each dimension")
    total: dict[int, int] = {}
    for dim, shift in zip(along, each, strict=True):
        axis = axis_of(dim, rank, "dims")
        total[axis] = total.get(axis, 0) + shift
    return total


def movedim_order(rank: int, source: Dims, destination: Dims) -> tuple[int, ...]:
    """The order of dimensions that movedim asks for."""
    pairs = [(d if isinstance(d, tuple) else (d,)) for d in (source, destination)]
    start, end = (tuple(axis_of(d or 0, rank) for d in dims) for dims in pairs)
    if len(start) != len(end) or len(set(start)) < len(start) or len(set(end)) < len(end):
        raise OperandError(f"source={source} and destination={destination}", "equally many dimensions, each once")
    rest = iter(k for k in range(rank) if k not in start)
    places = dict(zip(end, start, strict=True))
    return tuple(places[k] if k in places else next(rest) for k in range(rank))


def movedim(shape: tuple[int, ...], *, source: Dims, destination: Dims) -> tuple[int, ...]:
    """The lengths in the order that movedim asks for."""
    return tuple(shape[k] for k in movedim_order(len(shape), source, destination))
