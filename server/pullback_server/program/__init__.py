"""An expression as frozen values: nodes, the program they form, and the types that checking gives them."""

from .limits import Limits
from .nodes import Apply, Argument, Input, Literal, Node, Place, Program, Size
from .refusal import REASONS, Refusal
from .types import DType, TensorType, TypedProgram

__all__ = [
    "REASONS",
    "Apply",
    "Argument",
    "DType",
    "Input",
    "Limits",
    "Literal",
    "Node",
    "Place",
    "Program",
    "Refusal",
    "Size",
    "TensorType",
    "TypedProgram",
]
