"""The inputs that sample expressions may name, and values for them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from ..program import DType

#: Floating inputs with their shapes: ranks 0 to 3, lengths 1 and 0.
SAMPLE_SHAPES: dict[str, tuple[int, ...]] = {
    "s": (),
    "o": (1,),
    "u": (3,),
    "v": (3,),
    "w": (4,),
    "x": (2, 3),
    "y": (2, 3),
    "c": (2, 1),
    "r": (1, 3),
    "g": (1, 1),
    "A": (3, 3),
    "B": (3, 4),
    "C": (2, 3, 4),
    "D": (2, 4, 3),
    "z": (0, 3),
}
#: Inputs that are constants: booleans, integers, and indices, which are 0 or 1.
SAMPLE_CONSTANTS: dict[str, tuple[int, ...]] = {"mask": (2, 3), "count": (2, 3), "at": (2,), "pos": (2, 2)}

Nested = bool | int | float | list["Nested"]


@dataclass(frozen=True)
class Sample:
    """One input of a sample expression; `values` are nested lists, as NumPy and torch take them."""

    dtype: DType
    shape: tuple[int, ...]
    values: Nested


def draw(interval: tuple[float, float], seed: int = 0) -> dict[str, Sample]:
    """Values for every sample input, from the interval; integers are those in it.

    >>> draw((0.2, 3.0))["x"].shape
    (2, 3)
    """
    chance, (low, high) = random.Random(seed), interval
    integers = range(math.ceil(low), math.floor(high) + 1)
    samples = {
        name: Sample(DType.FLOAT64, shape, _fill(shape, iter(lambda: chance.uniform(low, high), None)))
        for name, shape in SAMPLE_SHAPES.items()
    }
    mask, count = SAMPLE_CONSTANTS["mask"], SAMPLE_CONSTANTS["count"]
    samples["mask"] = Sample(DType.BOOL, mask, _fill(mask, iter(lambda: chance.random() < 0.5, None)))
    samples["count"] = Sample(DType.INT64, count, _fill(count, iter(lambda: chance.choice(integers), None)))
    for name in ("at", "pos"):
        shape = SAMPLE_CONSTANTS[name]
        samples[name] = Sample(DType.INT64, shape, _fill(shape, iter(lambda: chance.choice((0, 1)), None)))
    return samples


def _fill(shape: tuple[int, ...], numbers: Iterator[bool | int | float]) -> Nested:
    return [_fill(shape[1:], numbers) for _ in range(shape[0])] if shape else next(numbers)
