"""The types that checking gives to nodes: dtype and shape, and the cost of the whole program."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from .nodes import Argument, Program


class DType(Enum):
    """The element types of the language: the `label` that torch and NumPy use, bytes per element, and category.

    The category is 0 for bool, 1 for integers, 2 for floating types; promotion never goes down.
    """

    FLOAT16 = ("float16", 2, 2)
    BFLOAT16 = ("bfloat16", 2, 2)
    FLOAT32 = ("float32", 4, 2)
    FLOAT64 = ("float64", 8, 2)
    INT8 = ("int8", 1, 1)
    INT16 = ("int16", 2, 1)
    INT32 = ("int32", 4, 1)
    INT64 = ("int64", 8, 1)
    UINT8 = ("uint8", 1, 1)
    BOOL = ("bool", 1, 0)

    def __init__(self, label: str, size: int, category: int) -> None:
        self.label, self.size, self.category = label, size, category

    @property
    def floating(self) -> bool:
        """Whether tensors of this type can be differentiated."""
        return self.category == 2


@dataclass(frozen=True, slots=True)
class TensorType:
    """The type of a node's value. `weak` marks a number literal, which yields to the dtypes it meets.

    >>> TensorType(DType.FLOAT64, (2, 3)).elements
    6
    """

    dtype: DType
    shape: tuple[int, ...]
    weak: bool = False

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def elements(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    def __str__(self) -> str:
        return f"{self.dtype.label}[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True, slots=True)
class TypedProgram:
    """A program whose every node has a type, whose arguments are plain literals, and whose cost is known.

    `arguments[k]` are node k's literal arguments by name, with every default filled in and sizes replaced by numbers;
    `memory` is in bytes and `work` in multiplications and additions, both estimates for value and gradient together.
    """

    program: Program
    types: tuple[TensorType, ...]
    arguments: tuple[dict[str, Argument], ...]
    memory: int
    work: int

    @property
    def output(self) -> TensorType:
        """The type of the expression's value."""
        return self.types[self.program.output]
