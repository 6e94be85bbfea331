"""Derivatives as Python modules, in torch and in NumPy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """A module for torch and one for NumPy, each with `jacobian` and `vjp`; empty where it cannot be written."""

    torch: str = ""
    numpy: str = ""
