"""The checks that the requests of both services have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from ... import language
from ...program import Limits, Reason, Refusal

#: The longest id, in characters.
ID_CHARACTERS = 256


def check_id(request_id: str) -> None:
    """Raises Refusal for an id that is too long."""
    length = len(request_id)
    if length > ID_CHARACTERS:
        raise Refusal(Reason.LIMIT_EXCEEDED, f"the id has {length} characters", "id", hint=f"at most {ID_CHARACTERS}")


@lru_cache(maxsize=2**8)
def check_names(names: tuple[str, ...], limits: Limits) -> None:
    """Raises Refusal for names that inputs cannot have; the same names mostly come with one request after the other."""
    language.check_names(names, limits)


def check_shape(shape: Sequence[int], field: str, limits: Limits) -> None:
    """Raises Refusal for a shape of too many dimensions or with a negative length; `field` is the shape's own path."""
    rank = len(shape)
    if rank > limits.rank:
        hint = f"at most {limits.rank} dimensions"
        raise Refusal(Reason.LIMIT_EXCEEDED, f"the tensor has {rank} dimensions", field, found=str(rank), hint=hint)
    for axis, length in enumerate(shape):
        if length < 0:
            message = f"dimension {axis} is {length}"
            raise Refusal(Reason.BAD_SHAPE, message, f"{field}[{axis}]", found=str(length), hint="0 or more")


def check_elements(shape: Sequence[int], most: int, unit: str, field: str) -> None:
    """Raises Refusal for a shape of more elements than `most`."""
    # A zero elsewhere must not hide a dimension whose strides no integer holds.
    if math.prod(filter(None, shape)) > most:
        message = f"the tensor has the shape {list(shape)}"
        raise Refusal(Reason.LIMIT_EXCEEDED, message, field, hint=f"at most {most} {unit}")
