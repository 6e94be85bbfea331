"""What the service can do: its operators, limits, device and versions."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import torch

from ..language import CONSTANTS, PREFIXES, check, parse
from ..numeric import best_device
from ..operators import TABLE, Operator
from ..operators.samples import draw
from ..program import Limits, TensorType
from ..symbolic import Derivation, DerivativeKind, Notation, NotationState


@dataclass(frozen=True)
class Description:
    """The language, the limits (name, value, sentence), the device and the versions."""

    operators: tuple[Operator, ...]
    constants: tuple[str, ...]
    prefixes: tuple[str, ...]
    limits: tuple[tuple[str, float, str], ...]
    device: str
    versions: Mapping[str, str]


@cache
def versions() -> Mapping[str, str]:
    """The versions of the packages that compute a response."""
    return {
        "pullback": version("pullback"),
        "torch": torch.__version__,
        "sympy": version("sympy"),
        "python": platform.python_version(),
    }


def describe(device: str = "auto", limits: Limits | None = None) -> Description:
    """The description of a service on that device with those limits."""
    name = str(best_device() if device == "auto" else torch.device(device))
    return Description(TABLE, tuple(CONSTANTS), tuple(PREFIXES), (limits or Limits()).describe(), name, versions())


@cache
def example_jacobians(row: Operator) -> Mapping[str, Mapping[Notation, str]]:
    """The Jacobian of the row's example with respect to each floating input, as text and in LaTeX.

    >>> from ..operators import BY_NAME
    >>> from ..symbolic import Notation
    >>> example_jacobians(BY_NAME["square"])["x"][Notation.TEXT]
    '2*x[p, q]*delta(i, p)*delta(j, q)'
    """
    types = {name: TensorType(sample.dtype, sample.shape) for name, sample in draw(row.interval).items()}
    typed = check(parse(row.example, tuple(types), Limits()), types, Limits())
    wrt = tuple(name for name in typed.program.inputs() if types[name].dtype.floating)
    if not typed.output.dtype.floating:
        return {}
    derivation, written = Derivation(typed, wrt), dict[str, Mapping[Notation, str]]()
    for name in wrt:
        formulas = {n: derivation.formula(name, DerivativeKind.JACOBIAN, n) for n in (Notation.TEXT, Notation.LATEX)}
        if all(formula.state is NotationState.DONE for formula in formulas.values()):
            written[name] = {notation: str(formula.written) for notation, formula in formulas.items()}
    return written
