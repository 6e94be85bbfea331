"""Small random tensors for a program, at which what is written in our own language is compared with its plan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import sympy as sp
import torch

from ....language import check, parse
from ....numeric import compile_program
from ....operators.index import Axes
from ....program import DType, Limits, Refusal, TensorType
from ...derivatives import UPSTREAM, Differentiated
from ...evaluation import evaluator
from ...plan import Plan

#: A tensor of more entries than this is not computed, so that what has it for a value is not given.
LARGEST = 10**5
#: Where inputs are drawn from: inside most domains, on both sides of 0, and above 1.
INTERVALS = ((0.2, 0.8), (-0.9, 0.9), (1.1, 2.0))
#: A gradient above this tells nothing: a matrix is singular, or nearly so.
STEEPEST = 1e6
DTYPES = {getattr(torch, d.label): d for d in DType}

#: The length of each dimension, by its symbol.
Sizes = dict[sp.Expr, int]


@dataclass(frozen=True)
class Trial:
    """Tensors for the inputs and the upstream gradient, and the gradients that the plan gives for them."""

    tensors: dict[str, torch.Tensor]
    gradients: dict[str, torch.Tensor | None]

    @property
    def tells(self) -> bool:
        """Whether every gradient is a number everywhere, and not a huge one."""
        return all(g is None or bool((g.abs() < STEEPEST).all()) for g in self.gradients.values())

    def gradient(self, name: str) -> torch.Tensor:
        """The gradient by one input."""
        found = self.gradients[name]
        return torch.zeros_like(self.tensors[name]) if found is None else found


class Trials:
    """The trials of one program, drawn once, when they are needed."""

    def __init__(self, found: Differentiated, plan: Plan, upstream: str) -> None:
        """`upstream` is what the upstream gradient is called."""
        self._cut = found.cut
        self._gradients = evaluator(plan)
        typed = found.cut.typed
        self._types = {name: typed.types[node].dtype for name, node in typed.program.inputs().items()}
        self._axes = {name: x.axes for name, x in found.cut.inputs.items()} | {upstream: found.cut.output.axes}
        self._upstream = upstream

    def values(self, expression: str, axes: Axes) -> list[tuple[Trial, torch.Tensor]]:
        """What an expression of our own language comes to at each trial.

        Nothing where the language or torch refuses it, or where its value has another shape than these axes.
        """
        sizes, trials = self._drawn
        shape = self._shape(axes, sizes)
        if not trials or math.prod(shape) > LARGEST:
            return []
        types = {name: TensorType(DTYPES[t.dtype], tuple(t.shape)) for name, t in trials[0].tensors.items()}
        try:
            typed = check(parse(expression, tuple(types), Limits()), types, Limits())
            if typed.output.shape != shape:
                return []
            forward = compile_program(typed)
            cpu = torch.device("cpu")
            return [(trial, forward.tensor(forward(trial.tensors), forward.output, cpu)) for trial in trials]
        except (Refusal, RuntimeError):
            # torch has its own reasons, such as a singular matrix.
            return []

    @cached_property
    def _drawn(self) -> tuple[Sizes, tuple[Trial, ...]]:
        """Sizes, and the trials that tell something: of tall matrices, or if none of those does, of wide ones."""
        for tall in (True, False):
            sizes = self._sizes(tall)
            if any(math.prod(self._shape(axes, sizes)) > LARGEST for axes in self._axes.values()):
                break
            drawn = (self._draw(sizes, seed, *interval) for seed, interval in enumerate(INTERVALS))
            telling = tuple(trial for trial in drawn if trial.tells)
            if telling:
                return sizes, telling
        return sizes, ()

    def _draw(self, sizes: Sizes, seed: int, low: float, high: float) -> Trial:
        random = torch.Generator().manual_seed(seed)
        floats: dict[str, torch.Tensor] = {}
        tensors: dict[str, torch.Tensor] = {}
        for name, axes in self._axes.items():
            x = torch.rand(self._shape(axes, sizes), dtype=torch.float64, generator=random) * (high - low) + low
            dtype = self._types.get(name, DType.FLOAT64)
            floats[name] = x if dtype.floating else x.round()
            tensors[name] = x if dtype.floating else x.round().to(getattr(torch, dtype.label))
        return Trial(tensors, self._gradients(floats | {UPSTREAM: floats[self._upstream]}))

    def _shape(self, axes: Axes, sizes: Sizes) -> tuple[int, ...]:
        return tuple(sizes[self._cut.pieces.size(a)] for a in axes)

    def _sizes(self, tall: bool) -> Sizes:
        """A length for each dimension, no two of them equal, so that no transpose can hide; the first ones longest.

        Matrices are mostly tall where they are inverted as `X.T @ X`, and wide where as `X @ X.T`.
        """
        roots = {d.root().symbol: d.root() for d in self._cut.pieces.dimensions.values()}
        fixed = {symbol: r.source for symbol, r in roots.items() if isinstance(r.source, int)}
        free = [symbol for symbol in roots if symbol not in fixed]
        lengths = [n for n in range(2, 2 + len(roots)) if n not in fixed.values()][: len(free)]
        return dict(zip(free, reversed(lengths) if tall else lengths, strict=True)) | fixed | {sp.S.One: 1}
