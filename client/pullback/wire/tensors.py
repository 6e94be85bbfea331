"""Turns anything array-like into a tensor message, and a tensor message into a NumPy array."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from ..errors import InternalError, InvalidRequest
from ..reasons import Reason
from ..v1 import tensor_pb2

#: The NumPy dtype of every dtype of the language, by its number on the wire.
DTYPES: dict[int, np.dtype[Any]] = {
    number: np.dtype(ml_dtypes.bfloat16 if name == "DTYPE_BFLOAT16" else name.removeprefix("DTYPE_").lower())
    for name, number in tensor_pb2.Dtype.items()
    if number
}
FLOATING = frozenset(dtype for dtype in DTYPES.values() if dtype.name in ("float16", "bfloat16", "float32", "float64"))
_NUMBERS = {dtype: number for number, dtype in DTYPES.items()}
_LITTLE = {number: dtype.newbyteorder("<") for number, dtype in DTYPES.items()}
_UNREADABLE = (TypeError, ValueError, RuntimeError, BufferError, OverflowError)
_NUMPY = (np.ndarray, np.generic)
_PLAIN = (bool, int, float, list, tuple)
_TEXTUAL = (str, bytes, bytearray, memoryview)


def array_of(value: object, field: str) -> NDArray[Any]:
    """The value as a NumPy array of a dtype of the language; `field` is what a refusal names.

    Python numbers and nested sequences of them become float64, Python bools stay bool, and whatever has a dtype keeps
    it: NumPy arrays, torch tensors on any device, and anything with `__array__` or `__dlpack__`. Raises InvalidRequest
    for what is not an array and for a dtype that the language lacks.

    >>> array_of([1, 2], "upstream")
    array([1., 2.])
    """
    try:
        array = value if type(value) is np.ndarray else _read(value)
    except _UNREADABLE as error:
        kind = type(value).__name__
        message = f"a value of type {kind} cannot be read as an array"
        hint = "give a number, nested lists of one length at each level, or an array in the memory of the host"
        raise InvalidRequest(message, reason=Reason.NOT_AN_ARRAY, field=field, found=kind, hint=hint) from error
    if array.dtype not in _NUMBERS and array.dtype.newbyteorder("=") not in _NUMBERS:
        dtype, hint = array.dtype.name, f"use one of {', '.join(known.name for known in _NUMBERS)}"
        message = f"the dtype {dtype} is not supported"
        raise InvalidRequest(message, reason=Reason.UNSUPPORTED_DTYPE, field=field, found=dtype, hint=hint)
    return array


def is_typed(value: object) -> bool:
    """Whether a value has a dtype of its own, unlike Python's numbers and sequences.

    >>> is_typed([1.0, 2.0]), is_typed(np.float32(1))
    (False, True)
    """
    return isinstance(value, np.generic) or not _is_plain(value)


def tensor_of(array: NDArray[Any]) -> tensor_pb2.Tensor:
    """The message for an array."""
    message = tensor_pb2.Tensor()
    fill_tensor(message, array)
    return message


def fill_tensor(message: tensor_pb2.Tensor, array: NDArray[Any]) -> None:
    """Puts an array of any layout and byte order into an empty message."""
    number = _NUMBERS.get(array.dtype)
    if number is None or sys.byteorder == "big":
        number = _NUMBERS[array.dtype.newbyteorder("=")]
        array = array.astype(_LITTLE[number], copy=False)
    message.dtype = number  # type: ignore[assignment]
    message.shape.extend(array.shape)
    message.data = array.tobytes()


def array_from(tensor: tensor_pb2.Tensor) -> NDArray[Any]:
    """The read-only array that a message holds, without a copy; raises InternalError where it contradicts itself."""
    try:
        data = tensor.data
        array: NDArray[Any] = np.ndarray(tuple(tensor.shape), _LITTLE[tensor.dtype], buffer=data)
    except (KeyError, TypeError, ValueError) as error:
        raise InternalError("the service sent a tensor that contradicts itself", reason=Reason.BAD_REPLY) from error
    if array.nbytes != len(data):
        raise InternalError("the service sent a tensor of too many bytes", reason=Reason.BAD_REPLY)
    return array


def _read(value: object) -> NDArray[Any]:
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError("a masked array cannot be sent")
    if isinstance(value, _NUMPY):
        return np.asarray(value)
    if _is_plain(value):
        return _as_float64(np.asarray(value))
    if callable(getattr(value, "detach", None)) and callable(getattr(value, "cpu", None)):
        return _from_torch(value)
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return np.from_dlpack(value)
    return np.asarray(value)


def _is_plain(value: object) -> bool:
    return isinstance(value, _PLAIN) or (isinstance(value, Sequence) and not isinstance(value, _TEXTUAL))


def _as_float64(array: NDArray[Any]) -> NDArray[Any]:
    """Numbers as float64, integers that are too large for NumPy's own among them, and everything else as it is."""
    kind = array.dtype.kind
    integers = kind == "O" and all(isinstance(entry, int) for entry in array.flat)
    return array.astype(np.float64, copy=False) if integers or kind in "iuf" else array


def _from_torch(value: Any) -> NDArray[Any]:
    # NumPy has no bfloat16 of its own, and every bfloat16 is a float32.
    if str(value.dtype) == "torch.bfloat16":
        return np.asarray(value.float().numpy(force=True)).astype(ml_dtypes.bfloat16)
    return np.asarray(value.numpy(force=True))
