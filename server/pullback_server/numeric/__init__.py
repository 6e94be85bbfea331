"""The numeric leg: the expression's value and its vector-Jacobian product by torch autograd."""

from .devices import DeviceExhausted, best_device, device_for, memory_guard, usable
from .perturbation import moved, unsteady
from .vjp import Forward, compile_program, differentiate, local_gradients, node_gradients

__all__ = [
    "DeviceExhausted",
    "Forward",
    "best_device",
    "compile_program",
    "device_for",
    "differentiate",
    "local_gradients",
    "memory_guard",
    "moved",
    "node_gradients",
    "unsteady",
    "usable",
]
