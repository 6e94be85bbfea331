"""Where answers are compared with the derivative: points of the domain, and the derivative there."""

from .batch import Floats, values, vector_values
from .drawing import Points, draw
from .precise import evaluate_precisely, to_mpmath
from .right_derivative import AFFORDABLE, RightDerivative

__all__ = [
    "AFFORDABLE",
    "Floats",
    "Points",
    "RightDerivative",
    "draw",
    "evaluate_precisely",
    "to_mpmath",
    "values",
    "vector_values",
]
