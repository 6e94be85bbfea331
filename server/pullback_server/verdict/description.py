"""What the service can do: its operators, limits, device and versions."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import torch

from ..language import CONSTANTS, PREFIXES
from ..numeric import best_device
from ..operators import TABLE, Operator
from ..program import Limits


@dataclass(frozen=True)
class Description:
    """The language, the limits (name, value, sentence), the device and the versions."""

    operators: tuple[Operator, ...]
    constants: tuple[str, ...]
    prefixes: tuple[str, ...]
    limits: tuple[tuple[str, int, str], ...]
    device: str
    versions: Mapping[str, str]


@cache
def versions() -> Mapping[str, str]:
    """The versions of what computes an answer."""
    return {
        "pullback": version("pullback"),
        "torch": torch.__version__,
        "sympy": version("sympy"),
        "python": platform.python_version(),
    }


def describe(device: str = "auto", limits: Limits | None = None) -> Description:
    """The description of a service on that device with those limits."""
    chosen = best_device() if device == "auto" else torch.device(device)
    return Description(
        TABLE, tuple(CONSTANTS), tuple(PREFIXES), (limits or Limits()).describe(), str(chosen), versions()
    )
