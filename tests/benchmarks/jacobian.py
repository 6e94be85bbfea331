"""The closed form of a Jacobian from nothing, against `sympy.Matrix.jacobian` on the elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sympy as sp
import torch
from pullback_server.program import Limits
from pullback_server.verdict.preparation import prepare
from sympy.core.cache import clear_cache

from .closed_forms import derive
from .pairs import Effort, Finding, by_round, interleave, ratio
from .servers import Servers

SIZES, QUICK_SIZES = (8, 16, 32, 64, 128), (8, 16)

Elements = Callable[[int], tuple[sp.Matrix, tuple[sp.Symbol, ...]]]


def _softmax(n: int) -> tuple[sp.Matrix, tuple[sp.Symbol, ...]]:
    x = sp.symbols(f"x:{n}", real=True)
    powers = [sp.exp(element) for element in x]
    total = sp.Add(*powers)
    return sp.Matrix([power / total for power in powers]), x


def _layer(n: int) -> tuple[sp.Matrix, tuple[sp.Symbol, ...]]:
    x = sp.symbols(f"x:{n}", real=True)
    weights = sp.Matrix(n, n, sp.symbols(f"A:{n * n}", real=True))
    return weights * sp.Matrix([sp.tanh(element) for element in x]), x


#: A text, the shapes of its inputs for a size, and the same written out in sympy's elements.
CASES: tuple[tuple[str, Callable[[int], dict[str, tuple[int, ...]]], Elements], ...] = (
    ("softmax(x)", lambda n: {"x": (n,)}, _softmax),
    ("A @ tanh(x)", lambda n: {"A": (n, n), "x": (n,)}, _layer),
)


def jacobian(_: Servers, effort: Effort) -> Iterator[Finding]:
    """The Jacobian with respect to x of two expressions with n entries, cold: sympy's cache is emptied before each.

    The candidate is everything from the text to Jacobian and VJP as a plan and in every notation but code and
    steps; the baseline is sympy's matrix of elements and its n^2 derivatives.
    """
    for text, shapes, elements in CASES:
        for n in QUICK_SIZES if effort.quick else SIZES:
            yield _finding(text, shapes(n), elements, n, effort)


def _finding(text: str, shapes: dict[str, tuple[int, ...]], elements: Elements, n: int, effort: Effort) -> Finding:
    types = tuple((name, torch.float64, shape) for name, shape in shapes.items())

    def candidate() -> None:
        clear_cache()
        prepared = prepare(text, types, ("x",), Limits())
        derive(prepared)

    def sympys() -> None:
        clear_cache()
        matrix, by = elements(n)
        matrix.jacobian(by)

    candidate()
    times = interleave(candidate, sympys, rounds=effort.rounds, patience=effort.patience / 4, warm_up=0)
    derived, differentiated = by_round(times)
    note = "cold, text to Jacobian and VJP; 1 round where sympy is slow"
    return ratio(f"{text}, n = {n}", "sympy.Matrix.jacobian", derived, differentiated, note=note)
