"""An expression as frozen values: its nodes, the program that they form, and the types that checking gives them."""

from .limits import Limits
from .nodes import Apply, Argument, Input, Literal, Node, Place, Program, Size
from .refusal import Reason, Refusal
from .types import DType, TensorType, TypedProgram
from .work import OverBudget, Work

__all__ = [
    "Apply",
    "Argument",
    "DType",
    "Input",
    "Limits",
    "Literal",
    "Node",
    "OverBudget",
    "Place",
    "Program",
    "Reason",
    "Refusal",
    "Size",
    "TensorType",
    "TypedProgram",
    "Work",
]
