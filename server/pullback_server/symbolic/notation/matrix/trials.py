"""Small random tensors for a program, at which expressions of our own language are compared with its plan."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import sympy as sp
import torch

from ....index_notation.index_program import Axes
from ....language import check, parse
from ....numeric import DTYPES, compile_program, tensor_type
from ....program import DType, Limits, Refusal
from ...differentiation.derivatives import UPSTREAM, Differentiated
from ...evaluation.evaluate import evaluator
from ...lowering.plan import Plan
from ...lowering.sizes import memory

#: A tensor of more entries than this is not computed, and an expression of that many is not shown.
LARGEST = 10**5
#: Nor is a plan evaluated that takes more bytes than this, as plans do in which lengths are fixed.
MEMORY = 2**26
#: Where inputs are drawn from: inside most domains, on both sides of 0, and above 1.
INTERVALS = ((0.2, 0.8), (-0.9, 0.9), (1.1, 2.0))
#: Where each input is drawn from separately, for programs whose domains miss all of those: `log(b - A @ x)`.
WIDER = ((0.2, 0.8), (-0.3, 0.3), (3.0, 4.0), (0.8, 1.2), (-0.05, 0.05), (10.0, 12.0))
#: So many such draws are tried.
DRAWS = 60
#: A gradient above this is not informative: a matrix is singular, or nearly so.
STEEPEST = 1e6
#: Nor is one that changes by more than this part of its largest entry when inputs change by that part of theirs.
LARGEST_CHANGE, NUDGE = 1e-3, 1e-8

#: The length of each dimension, by its symbol.
Sizes = dict[sp.Expr, int]


@dataclass(frozen=True)
class Trial:
    """Tensors for the inputs and the upstream gradient, and the gradients that the plan gives for them.

    `nudged` are the gradients when the inputs are changed a little.
    """

    tensors: dict[str, torch.Tensor]
    gradients: dict[str, torch.Tensor | None]
    nudged: dict[str, torch.Tensor | None]

    @property
    def informative(self) -> bool:
        """Whether every gradient is a number everywhere, no huge one, and not the work of rounding."""
        return all(self._is_informative(name) for name in self.gradients)

    def _is_informative(self, name: str) -> bool:
        gradient, nudged = self.gradients[name], self.nudged[name]
        if gradient is None or nudged is None or not gradient.numel():
            return True
        largest = float(gradient.abs().max())
        return largest < STEEPEST and float((gradient - nudged).abs().max()) <= LARGEST_CHANGE * max(1, largest)

    def gradient(self, name: str) -> torch.Tensor:
        """The gradient with respect to one input."""
        gradient = self.gradients[name]
        return torch.zeros_like(self.tensors[name]) if gradient is None else gradient


class Trials:
    """The trials of one program, drawn once, when they are needed."""

    def __init__(self, differentiated: Differentiated, plan: Plan) -> None:
        self._partition = differentiated.partition
        self._plan, self._gradients = plan, evaluator(plan)
        typed = differentiated.partition.typed
        self._types = {name: typed.types[node].dtype for name, node in typed.program.inputs().items()}
        self._upstream = differentiated.partition.upstream
        self._axes = differentiated.partition.axes(self._upstream)

    def values(self, expression: str, axes: Axes) -> list[tuple[Trial, torch.Tensor]]:
        """The value of an expression of our own language at each trial.

        Nothing where the language or torch refuses it, or where its value has another shape than these axes.
        """
        sizes, trials = self._informative
        shape = self._shape(axes, sizes)
        if not trials or math.prod(shape) > LARGEST:
            return []
        types = {name: tensor_type(t) for name, t in trials[0].tensors.items()}
        try:
            typed = check(parse(expression, tuple(types), Limits()), types, Limits())
            if typed.output.shape != shape:
                return []
            forward, cpu = compile_program(typed), torch.device("cpu")
            return [(trial, forward.tensor(forward(trial.tensors), forward.output, cpu)) for trial in trials]
        except (Refusal, RuntimeError):
            # torch refuses some values, such as a singular matrix.
            return []

    @cached_property
    def _informative(self) -> tuple[Sizes, tuple[Trial, ...]]:
        """Sizes, and informative trials: of tall matrices, or of wide ones if no trial of tall ones is informative."""
        for draws in (self._from_one_interval, self._from_separate_intervals):
            for tall in (True, False):
                sizes = self._sizes(tall)
                if self._too_large(sizes):
                    return sizes, ()
                trials = tuple(islice((trial for trial in draws(sizes) if trial.informative), len(INTERVALS)))
                if trials:
                    return sizes, trials
        return sizes, ()

    def _too_large(self, sizes: Sizes) -> bool:
        """Whether the inputs of these sizes, or what the plan computes from them, would cost too much."""
        shapes = {name: self._shape(axes, sizes) for name, axes in self._axes.items()}
        if any(math.prod(shape) > LARGEST for shape in shapes.values()):
            return True
        return memory(self._plan, shapes | {UPSTREAM: shapes[self._upstream]}) > MEMORY

    def _from_one_interval(self, sizes: Sizes) -> Iterator[Trial]:
        """All inputs from one interval, interval by interval."""
        for seed, interval in enumerate(INTERVALS):
            random = torch.Generator().manual_seed(seed)
            yield self._trial({n: _uniform(self._shape(a, sizes), *interval, random) for n, a in self._axes.items()})

    def _from_separate_intervals(self, sizes: Sizes) -> Iterator[Trial]:
        """Each input from an interval of its own; square matrices are positive definite, often enough."""
        for seed in range(DRAWS):
            random = torch.Generator().manual_seed(seed)
            tensors = {}
            for name, axes in self._axes.items():
                shape = self._shape(axes, sizes)
                choice = int(torch.randint(len(WIDER), (), generator=random))
                x = _uniform(shape, *WIDER[choice], random)
                if len(shape) == 2 and shape[0] == shape[1] and choice % 2 == 0:
                    x = x @ x.T + torch.eye(shape[0], dtype=x.dtype)
                tensors[name] = x
            yield self._trial(tensors)

    def _trial(self, drawn: dict[str, torch.Tensor]) -> Trial:
        """The trial at these tensors, rounded where an input holds integers or truth values."""
        tensors = {}
        for name, x in drawn.items():
            dtype = self._types.get(name, DType.FLOAT64)
            # Integers may be indices, so none is past the end of the shortest axis.
            tensors[name] = x if dtype.floating else x.abs().round().clamp(max=2).to(DTYPES[dtype])
        random = torch.Generator().manual_seed(0)
        nudged = {
            name: x * (1 + NUDGE * torch.rand(x.shape, dtype=x.dtype, generator=random)) if x.is_floating_point() else x
            for name, x in tensors.items()
        }
        return Trial(tensors, self._gradients_at(tensors), self._gradients_at(nudged))

    def _gradients_at(self, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor | None]:
        floats = {name: x.to(torch.float64) for name, x in tensors.items()}
        return self._gradients(floats | {UPSTREAM: floats[self._upstream]})

    def _shape(self, axes: Axes, sizes: Sizes) -> tuple[int, ...]:
        return tuple(sizes[self._partition.program.size(a)] for a in axes)

    def _sizes(self, tall: bool) -> Sizes:
        """A length for each dimension, no two of them equal, so that no transpose can hide; the first ones longest.

        Matrices are mostly tall where they are inverted as `X.T @ X`, and wide where as `X @ X.T`.
        """
        roots = {d.root().symbol: d.root() for d in self._partition.program.dimensions.values()}
        fixed = {symbol: r.source for symbol, r in roots.items() if isinstance(r.source, int)}
        free = [symbol for symbol in roots if symbol not in fixed]
        shortest = 2 if all(t.floating for t in self._types.values()) else 3
        lengths = [n for n in range(shortest, shortest + len(roots)) if n not in fixed.values()][: len(free)]
        return dict(zip(free, reversed(lengths) if tall else lengths, strict=True)) | fixed | {sp.S.One: 1}


def _uniform(shape: tuple[int, ...], low: float, high: float, random: torch.Generator) -> torch.Tensor:
    return torch.rand(shape, dtype=torch.float64, generator=random) * (high - low) + low
