"""The table's sample expressions, typed, and their values by the torch column and by the reference column."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import mpmath as mp
import numpy as np
import torch
from pullback_server.language import check, parse
from pullback_server.numeric.vjp import DTYPES, compile_program
from pullback_server.operators import BY_NAME, TABLE, Operator
from pullback_server.operators.samples import draw
from pullback_server.program import Apply, DType, Input, Limits, Literal, Program, TensorType, TypedProgram

LIMITS = Limits()
#: Most rows have the same interval, and so the same values.
_drawn = cache(draw)


def samples(rows: Sequence[Operator] = TABLE) -> Iterator[tuple[Operator, str]]:
    """Every row with every one of its samples."""
    return ((row, text) for row in rows for text in row.samples)


def typed(row: Operator, text: str, dtype: DType = DType.FLOAT64) -> TypedProgram:
    """A sample with its types; the floating inputs are of the dtype. Raises Refusal."""
    drawn = _drawn(row.interval)
    types = {
        name: TensorType(dtype if sample.dtype.floating else sample.dtype, sample.shape)
        for name, sample in drawn.items()
    }
    return check(parse(text, list(types), LIMITS), types, LIMITS)


def inputs(row: Operator, program: TypedProgram) -> dict[str, torch.Tensor]:
    """Tensors for the inputs that a sample uses, of the types it was given."""
    drawn = _drawn(row.interval)
    return {
        name: torch.tensor(drawn[name].values, dtype=DTYPES[program.types[number].dtype]).reshape(drawn[name].shape)
        for name, number in program.program.inputs().items()
    }


def by_torch(program: TypedProgram, tensors: dict[str, torch.Tensor]) -> list[Any]:
    """The value of every node by the torch column; numbers of the text are Python numbers."""
    return compile_program(program)(tensors)


def by_reference(program: TypedProgram, arrays: dict[str, np.ndarray]) -> list[Any]:
    """The value of every node by the reference column, as object arrays of mpmath numbers."""
    values: list[Any] = []
    for number, node in enumerate(program.program.nodes):
        match node:
            case Input(name):
                values.append(arrays[name])
            case Literal(value):
                values.append(np.array(mp.mpf(value), dtype=object))
            case Apply(operator, operands):
                operand_values = (None if k is None else values[k] for k in operands)
                values.append(BY_NAME[operator].reference(*operand_values, **program.arguments[number]))
    return values


def exact_array(tensor: torch.Tensor) -> np.ndarray:
    """A tensor's entries as mpmath numbers."""
    flat = [mp.mpf(float(v)) for v in tensor.flatten().tolist()]
    array = np.empty(len(flat), dtype=object)
    array[:] = flat
    return array.reshape(tuple(tensor.shape))


def applications(program: Program, row: Operator) -> Iterator[tuple[int, Apply]]:
    """The nodes that apply a row's operator."""
    return ((k, n) for k, n in enumerate(program.nodes) if isinstance(n, Apply) and BY_NAME[n.operator] is row)
