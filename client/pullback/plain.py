"""Turns frozen values into what JSON can hold: names as they are, numbers that are not finite as strings."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import grpc
import numpy as np
from numpy.typing import NDArray

from .errors import PullbackError
from .values.reply import Reply


def json_text(value: object) -> str:
    """A value as JSON that any reader takes."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False)


def plain(value: object) -> object:
    """A value as dicts, lists, numbers and strings: arrays as nested lists, enum members by name.

    >>> plain({"worst": float("inf"), "gradient": np.array([1.0, np.nan])})
    {'worst': 'Infinity', 'gradient': [1.0, 'NaN']}
    """
    match value:
        case Reply():
            dtypes = _of_arrays(value, lambda array: array.dtype.name)
            shapes = _of_arrays(value, lambda array: list(array.shape))
            return _fields(value) | {"agree": value.agree, "dtypes": dtypes, "shapes": shapes}
        case PullbackError():
            return {"error": {"type": type(value).__name__} | {k: plain(v) for k, v in vars(value).items()}}
        case grpc.StatusCode() | Enum():
            return value.name
        case np.ndarray():
            return plain(value.tolist())
        case Mapping():
            return {str(name): plain(entry) for name, entry in value.items()}
        case list() | tuple():
            return [plain(entry) for entry in value]
        case float() if math.isnan(value):
            return "NaN"
        case float() if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        case None | bool() | int() | float() | str():
            return value
    return _fields(value)


def _fields(value: object) -> dict[str, object]:
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} has no form in JSON")
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}


def _of_arrays(reply: Reply, read: Callable[[NDArray[Any]], object]) -> dict[str, object]:
    return {
        "value": read(reply.value),
        "gradients": {name: read(array) for name, array in reply.gradients.items()},
        "intermediates": {name: read(array) for name, array in reply.intermediates.items()},
    }
