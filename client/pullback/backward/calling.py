"""Calls a backward function: a Python function of inputs and an upstream gradient, or a torch.autograd.Function."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidRequest
from ..wire.tensors import array_of

Array = NDArray[Any]


@dataclass(frozen=True)
class Called:
    """What one call came to: gradients by name, without those that were not given, or what was raised.

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
) -> Called:
    """Calls a backward function with copies; as torch tensors where `tensors` says so, else as NumPy arrays."""
    given = {name: array.copy() for name, array in inputs.items()}
    pulled = upstream.copy()
    try:
        if isinstance(backward, type) and is_torch(backward):
            called = _applied(backward, given, wrt, pulled)
        elif tensors:
            import torch

            told = {name: torch.from_numpy(array) for name, array in given.items()}
            called = Called(_named(backward(told, torch.from_numpy(pulled)), given, wrt))
        else:
            called = Called(_named(backward(given, pulled), given, wrt))
    except Exception as error:
        return Called(raised=f"{type(error).__name__}: {error}")
    both = ((name, inputs[name], given[name]) for name in inputs)
    changed = (name for name, before, after in (*both, ("upstream", upstream, pulled)) if not _same(before, after))
    return Called(called.gradients, called.value, changed=tuple(changed))


def _applied(function: Any, given: Mapping[str, Array], wrt: Sequence[str], upstream: Array) -> Called:
    import torch

    tensors = {name: torch.from_numpy(array).requires_grad_(name in wrt) for name, array in given.items()}
    value = function.apply(*tensors.values())
    leaves = [tensors[name] for name in wrt]
    pulled = torch.from_numpy(upstream).to(value.dtype).reshape(value.shape)
    found = torch.autograd.grad(value, leaves, pulled, allow_unused=True)
    gradients = {name: array_of(g, name) for name, g in zip(wrt, found, strict=True) if g is not None}
    return Called(gradients, array_of(value, "value"))


def _named(returned: object, inputs: Mapping[str, Array], wrt: Sequence[str]) -> dict[str, Array]:
    """Gradients by name: a mapping, one a differentiated input in order, one an input in order, or the only one."""
    if isinstance(returned, Mapping):
        pairs = {str(name): gradient for name, gradient in returned.items()}
        if strange := [name for name in pairs if name not in inputs]:
            raise InvalidRequest(f"a gradient by `{strange[0]}`, which is no input", field="backward")
    elif isinstance(returned, tuple) or (isinstance(returned, list) and len(wrt) > 1):
        names = list(wrt) if len(returned) == len(wrt) else list(inputs)
        if len(returned) != len(names):
            told = f"{len(returned)} gradients for {len(wrt)} differentiated inputs of {len(inputs)}"
            raise InvalidRequest(told, field="backward", hint="one for each, None where there is none")
        pairs = dict(zip(names, returned, strict=True))
    elif len(wrt) == 1:
        pairs = {wrt[0]: returned}
    else:
        hint = f"a dict, or a tuple of {len(wrt)}"
        raise InvalidRequest(f"one {type(returned).__name__} for {len(wrt)} inputs", field="backward", hint=hint)
    return {name: array_of(g, name) for name, g in pairs.items() if name in wrt and g is not None}


def _same(before: Array, after: Array) -> bool:
    return np.array_equal(before, after, equal_nan=before.dtype.kind == "f")
