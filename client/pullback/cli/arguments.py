"""Reads the values that are typed in the shell: `a=2,3`, `A='[[1,2],[3,4]]'`, `x=@file.npy`, `n=int:0,2`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidRequest
from ..reasons import Reason
from ..wire.tensors import DTYPES

_DTYPES = {dtype.name: dtype for dtype in DTYPES.values()} | {"int": np.dtype(np.int64)}
_PREFIX = re.compile(r"(\w+):(.*)", re.DOTALL)
_BOOLS = {"true": True, "false": False, "1": True, "0": False}
_ACCEPTED = (
    "write a number, 1,2,3 for a vector, [[1,2],[3,4]], or @file.npy, with a dtype before it if need be: int:0,2"
)


def read_inputs(tokens: Iterable[str]) -> dict[str, object]:
    """The inputs by name; raises InvalidRequest for a token that is not NAME=VALUE and for a name given twice.

    >>> read_inputs(["a=2,3", "n=int:0,2"])
    {'a': [2.0, 3.0], 'n': array([0, 2])}
    """
    inputs: dict[str, object] = {}
    for token in tokens:
        name, equals, value = token.partition("=")
        if not equals or not name.isidentifier():
            raise InvalidRequest(reason=Reason.BAD_INPUT, field="inputs", found=token, hint=_ACCEPTED)
        if name in inputs:
            raise InvalidRequest(f"`{name}` is given twice", reason=Reason.DUPLICATE_INPUT, field="inputs", found=token)
        inputs[name] = read_value(value, name)
    return inputs


def read_value(text: str, field: str) -> object:
    """The value of an argument: plain numbers where it names no dtype, so that the client chooses; else an array.

    >>> read_value("2,", "x"), read_value("[[1, -inf]]", "x"), read_value("float32:0.5", "x").dtype
    ([2.0], [[1.0, -inf]], dtype('float32'))
    """
    prefix = _PREFIX.fullmatch(text.strip())
    dtype, body = (prefix[1], prefix[2]) if prefix else ("", text)
    body = body.strip()
    try:
        if dtype and dtype not in _DTYPES:
            raise ValueError(f"{dtype} is not a valid dtype; choose one of {', '.join(_DTYPES)}")
        if body.startswith("@"):
            array = _load(body[1:])
            return array.astype(_DTYPES[dtype], casting="same_kind") if dtype else array
        leaves = _nested(body)
        return _as_dtype(leaves, _DTYPES[dtype]) if dtype else _map(leaves, _float)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        message = f"cannot read the value: {error}"
        raise InvalidRequest(message, reason=Reason.BAD_VALUE, field=field, found=text[:100], hint=_ACCEPTED) from error


def _load(path: str) -> NDArray[Any]:
    try:
        loaded = np.load(path, allow_pickle=False)
    except (OSError, EOFError) as error:
        raise ValueError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'not a NumPy array'}") from error
    if not isinstance(loaded, np.ndarray):
        loaded.close()
        raise ValueError(f"{path} holds several arrays; save one as .npy")
    return loaded


def _nested(text: str) -> object:
    """Nested lists of the argument's numbers, which are still strings."""
    if text.startswith("["):
        constants = re.sub(r"\binf(inity)?\b", "Infinity", re.sub(r"\bnan\b", "NaN", text, flags=re.I), flags=re.I)
        return json.loads(constants, parse_int=str, parse_float=str, parse_constant=str)
    parts = text.split(",")
    if len(parts) == 1:
        return text
    return parts[:-1] if not parts[-1].strip() else parts


def _map(value: object, leaf: Callable[[str], object]) -> object:
    if isinstance(value, list):
        return [_map(entry, leaf) for entry in value]
    if isinstance(value, bool):
        return leaf(str(value).lower())
    if not isinstance(value, str):
        raise ValueError(f"{json.dumps(value)[:20]} is not a number")
    return leaf(value.strip())


def _as_dtype(value: object, dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind == "b":
        return np.array(_map(value, _bool), dtype=dtype)
    if dtype.kind in "iu":
        integers = np.array(_map(value, _int), dtype=object)
        bounds = np.iinfo(dtype)
        if any(not isinstance(entry, int) for entry in integers.flat):
            raise ValueError("the lists are not of one length at each level")
        if any(not bounds.min <= entry <= bounds.max for entry in integers.flat):
            raise ValueError(f"{dtype.name} holds {bounds.min} to {bounds.max}")
        return integers.astype(dtype)
    wide = np.array(_map(value, _float), dtype=np.float64)
    with np.errstate(over="ignore"):
        narrow = wide.astype(dtype)
    if not np.array_equal(np.isinf(wide), np.isinf(narrow)):
        raise ValueError(f"a number is too large for {dtype.name}")
    return narrow


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        hint = "; for bools write bool:true,false" if text in _BOOLS else ""
        raise ValueError(f"{text[:20]!r} is not a number{hint}") from None


def _int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text[:20]!r} is not an integer") from None


def _bool(text: str) -> bool:
    if text.lower() not in _BOOLS:
        raise ValueError(f"{text[:20]!r} is neither true nor false")
    return _BOOLS[text.lower()]
