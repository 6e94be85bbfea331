"""The libraries that code is written for."""

from __future__ import annotations

from enum import Enum


class Target(Enum):
    """A library that computes with tensors; the value is the name of its module in the rows of the tables."""

    TORCH = "torch"
    NUMPY = "np"
