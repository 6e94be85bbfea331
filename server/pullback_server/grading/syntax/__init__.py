"""Answers as people and models write them, read into the language that f is written in."""

from .left_sides import LeftSide
from .reading import Reading, read
from .refusals import Misshapen, NotAnAnswer

__all__ = ["LeftSide", "Misshapen", "NotAnAnswer", "Reading", "read"]
