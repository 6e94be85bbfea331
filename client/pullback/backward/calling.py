"""Calls a backward function: a Python function of inputs and an upstream gradient, or a torch.autograd.Function."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidRequest
from ..wire.tensors import array_of

Array = NDArray[Any]


@dataclass(frozen=True)
class CallResult:
    """What one call gave: gradients by name, without those that were left out, or what was raised.

    `value` is the forward value where the function computes one; `changed` names the arrays that the call wrote into.
    """

    gradients: Mapping[str, Array] = field(default_factory=dict)
    value: Array | None = None
    raised: str = ""
    changed: tuple[str, ...] = ()


def is_torch(value: object) -> bool:
    """Whether a value is a torch tensor, or a class of torch's autograd; torch is not imported for that.

    >>> is_torch([1.0])
    False
    """
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return False
    if isinstance(value, type):
        return issubclass(value, torch.autograd.Function)
    return isinstance(value, torch.Tensor)


def call(
    backward: Callable[..., Any], inputs: Mapping[str, Array], wrt: Sequence[str], upstream: Array, tensors: bool
) -> CallResult:
    """Calls a backward function with copies; as torch tensors where `tensors` says so, else as NumPy arrays."""
    copies, upstream_copy = {name: array.copy() for name, array in inputs.items()}, upstream.copy()
    try:
        if isinstance(backward, type) and is_torch(backward):
            result = _apply(backward, copies, wrt, upstream_copy)
        elif tensors:
            import torch

            arguments = {name: torch.from_numpy(array) for name, array in copies.items()}
            result = CallResult(_by_name(backward(arguments, torch.from_numpy(upstream_copy)), copies, wrt))
        else:
            result = CallResult(_by_name(backward(copies, upstream_copy), copies, wrt))
    except Exception as error:
        return CallResult(raised=f"{type(error).__name__}: {error}")
    arrays = [(name, inputs[name], copies[name]) for name in inputs] + [("upstream", upstream, upstream_copy)]
    same = {n for n, before, after in arrays if np.array_equal(before, after, equal_nan=before.dtype.kind == "f")}
    return replace(result, changed=tuple(name for name, _, _ in arrays if name not in same))


def _apply(function: Any, inputs: Mapping[str, Array], wrt: Sequence[str], upstream: Array) -> CallResult:
    import torch

    tensors = {name: torch.from_numpy(array).requires_grad_(name in wrt) for name, array in inputs.items()}
    value = function.apply(*tensors.values())
    leaves = [tensors[name] for name in wrt]
    cotangent = torch.from_numpy(upstream).to(value.dtype).reshape(value.shape)
    gradients = torch.autograd.grad(value, leaves, cotangent, allow_unused=True)
    by_name = {name: array_of(g, name) for name, g in zip(wrt, gradients, strict=True) if g is not None}
    return CallResult(by_name, array_of(value, "value"))


def _by_name(returned: object, inputs: Mapping[str, Array], wrt: Sequence[str]) -> dict[str, Array]:
    """Gradients by name: a mapping, one a differentiated input in order, one an input in order, or the only one."""
    if isinstance(returned, Mapping):
        pairs = {str(name): gradient for name, gradient in returned.items()}
        if strange := [name for name in pairs if name not in inputs]:
            raise InvalidRequest(f"`{strange[0]}` has a gradient but is not an input", field="backward")
    elif isinstance(returned, tuple) or (isinstance(returned, list) and len(wrt) > 1):
        names = list(wrt) if len(returned) == len(wrt) else list(inputs)
        if len(returned) != len(names):
            count = len(returned)
            message = f"the function returned {count} gradients for {len(wrt)} differentiated inputs of {len(inputs)}"
            raise InvalidRequest(message, field="backward", hint="one for each, None where there is none")
        pairs = dict(zip(names, returned, strict=True))
    elif len(wrt) == 1:
        pairs = {wrt[0]: returned}
    else:
        message = f"the function returned one {type(returned).__name__} for {len(wrt)} differentiated inputs"
        raise InvalidRequest(message, field="backward", hint=f"a dict, or a tuple of {len(wrt)}")
    return {name: array_of(g, name) for name, g in pairs.items() if name in wrt and g is not None}
