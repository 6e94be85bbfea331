"""Where answers are compared with the derivative: points of the domain, and the derivative there."""

from .batch import Floats, values, vectors
from .drawing import Points, draw
from .precise import exact, precisely
from .reference import AFFORDABLE, Reference

__all__ = ["AFFORDABLE", "Floats", "Points", "Reference", "draw", "exact", "precisely", "values", "vectors"]
