"""Tensors to and from the wire: everything is checked before anything is allocated."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pullback.v1 import tensor_pb2 as wire

from ...grading import Tensor
from ...numeric import DTYPES, FROM_TORCH
from ...program import DType, Limits, Reason, Refusal
from . import attachments
from .checks import check_elements, check_shape

_DTYPES = {number: DType[name.removeprefix("DTYPE_")] for name, number in wire.Dtype.items() if number}
_NUMBERS = {DTYPES[dtype]: number for number, dtype in _DTYPES.items()}
_ACCEPTED = ", ".join(dtype.label for dtype in DType)

with warnings.catch_warnings():
    # torch warns once a process that a buffer of bytes is read-only; nobody writes into the inputs of a request.
    warnings.simplefilter("ignore")
    torch.frombuffer(b"\0", dtype=torch.uint8)


def from_wire(message: wire.Tensor, field: str, limits: Limits) -> torch.Tensor:
    """The tensor of a message or of what is attached to it, over the message's own bytes where it has any.

    Raises Refusal naming `field` and below: unknown dtype, rank, dimension, size, byte length, bools not 0 or 1.

    >>> from_wire(wire.Tensor(dtype=wire.DTYPE_INT8, shape=[2], data=bytes([1, 2])), "upstream", Limits())
    tensor([1, 2], dtype=torch.int8)
    """
    shape, data = tuple(message.shape), attachments.detach(message.data)
    dtype, needed = _layout(message.dtype, shape, field, limits)
    if len(data) != needed:
        sentence = f"{FROM_TORCH[dtype].label} of shape {list(shape)} needs {needed} bytes, and there are {len(data)}"
        raise Refusal(Reason.DATA_LENGTH, sentence, f"{field}.data", found=str(len(data)), hint=f"{needed} bytes")
    if not needed:
        return torch.empty(shape, dtype=dtype)
    if dtype is torch.bool and torch.frombuffer(data, dtype=torch.uint8).max() > 1:
        raise Refusal(Reason.BAD_BOOL, "a byte of a bool tensor is neither 0 nor 1", f"{field}.data", hint="0 or 1")
    # An attached content may lie at any address, and be written over when the task is done.
    entries = torch.frombuffer(bytearray(data) if isinstance(data, memoryview) else data, dtype=dtype)
    return entries if len(shape) == 1 else entries.view(shape)


@lru_cache(maxsize=2**10)
def _layout(number: int, shape: tuple[int, ...], field: str, limits: Limits) -> tuple[torch.dtype, int]:
    """The dtype of a number, and the bytes that a tensor of it and of a shape has; raises Refusal."""
    dtype = _DTYPES.get(number)
    if dtype is None:
        unknown = "no dtype" if not number else f"dtype number {number}"
        raise Refusal(Reason.UNKNOWN_DTYPE, f"{unknown} is given", f"{field}.dtype", hint=f"one of {_ACCEPTED}")
    check_shape(shape, f"{field}.shape", limits)
    check_elements(shape, limits.elements, "elements", f"{field}.shape")
    return DTYPES[dtype], math.prod(shape) * dtype.size


def to_wire(tensor: torch.Tensor) -> wire.Tensor:
    """The message of a CPU tensor, to which a large one is attached.

    >>> to_wire(torch.tensor([1, 2], dtype=torch.int8)).data
    b'\\x01\\x02'
    """
    message = wire.Tensor()
    write_tensor(message, tensor)
    return message


def write_tensor(message: wire.Tensor, tensor: torch.Tensor) -> None:
    """Writes a CPU tensor into an empty message, without another copy of its entries."""
    plain = tensor.detach().contiguous()
    bits = plain.view(torch.int16) if plain.dtype is torch.bfloat16 else plain
    message.dtype = _NUMBERS[tensor.dtype]  # type: ignore[assignment]
    message.shape.extend(tensor.shape)
    array: NDArray[Any] = bits.numpy()
    large = array.nbytes > attachments.LARGE
    message.data = attachments.attach(array.reshape(-1).view(np.uint8).data) if large else array.tobytes()


def numbers_to_wire(tensor: Tensor) -> wire.Tensor:
    """The message of a tensor of a problem or of a grade.

    >>> numbers_to_wire(Tensor((2,), (1.0, 2.0))).shape
    [2]
    """
    data = np.array(tensor.values, dtype="<f8").tobytes()
    return wire.Tensor(dtype=wire.DTYPE_FLOAT64, shape=tensor.shape, data=data)
