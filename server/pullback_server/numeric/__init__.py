"""The numeric leg: the expression's value and its vector-Jacobian product by torch autograd."""

from .devices import DeviceExhausted, MemoryGuard, best_device, device_for, usable
from .perturbation import perturb, with_rounding_noise
from .vjp import (
    DTYPES,
    FROM_TORCH,
    Forward,
    NumericResult,
    compile_program,
    differentiate,
    local_gradients,
    node_gradients,
    tensor_type,
)

__all__ = [
    "DTYPES",
    "FROM_TORCH",
    "DeviceExhausted",
    "Forward",
    "MemoryGuard",
    "NumericResult",
    "best_device",
    "compile_program",
    "device_for",
    "differentiate",
    "local_gradients",
    "node_gradients",
    "perturb",
    "tensor_type",
    "usable",
    "with_rounding_noise",
]
