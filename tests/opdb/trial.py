"""One sample through both legs, and the result beside torch's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

import torch
from pullback_server.language.binding import KEYWORD_ALIASES
from pullback_server.numeric import compile_program
from pullback_server.program import Refusal
from pullback_server.verdict import Differentiator, LegState, Operand, Outcome, Request, Response
from pullback_server.verdict.preparation import differentiated_inputs, prepare, types_of
from torch.utils import _pytree as pytree

from .kinks import Tensors, unsmooth
from .operations import Operation
from .translation import DEFAULTS, Translator, Untranslatable, outputs

#: How far torch's gradients by two ways of calling it may be apart: it has constants in float32, as hardsigmoid's 1/6.
TOLERANCE = 1e-7


class State(Enum):
    """The result of a sample, in the order of the report's columns; the last three must not happen.

    UNSAID is what the language has no word for, or torch itself has no result or gradient of.
    """

    AGREED = "agreed"
    ON_A_KINK = "on a kink"
    UNDECIDED = "undecided"
    REFUSED = "refused"
    UNSAID = "unsaid"
    DIFFERED = "differed"
    NOT_TORCHS = "not torch's"
    FAILED = "failed"

    @property
    def wrong(self) -> bool:
        """Whether it must not happen."""
        return self in (State.DIFFERED, State.NOT_TORCHS, State.FAILED)


@dataclass(frozen=True)
class Trial:
    """An expression with its state, and the reason where there is one."""

    text: str
    state: State
    reason: str = ""

    def ran(self, closed_form: bool) -> bool:
        """Whether torch's gradients were there to compare, and the closed form too if there is one."""
        silent = self.state is State.UNDECIDED and self.reason.startswith("NO_CLOSED_FORM") and not closed_form
        return self.state in (State.AGREED, State.ON_A_KINK, State.DIFFERED) or silent

    def __str__(self) -> str:
        return f"{self.text}: {self.state.value} {self.reason}".rstrip()


def trials(operation: Operation) -> Iterator[Trial]:
    """Every sample of an operation, output by output; one with options that the row lacks also without them."""
    for sample in operation.samples():
        positional, keywords = pytree.tree_map(_leaf, sample)
        yield from _trials(operation, positional, keywords)
        known = {p.name for p in operation.row.parameters.parameters} | KEYWORD_ALIASES.keys() | DEFAULTS.keys()
        if lacking := keywords.keys() - known:
            yield from _trials(operation, positional, {k: v for k, v in keywords.items() if k not in lacking})


@cache
def _differentiator() -> Differentiator:
    return Differentiator("cpu")


def _leaf(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    return value.detach().clone().requires_grad_(value.dtype == torch.float64)


def _trials(operation: Operation, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Iterator[Trial]:
    translator = Translator()
    try:
        text = operation.spelling(*translator.arguments(positional, keywords))
        result = operation.call(*positional, **keywords)
        parts = outputs(text, result)
    except Untranslatable as reason:
        yield Trial(operation.name, State.UNSAID, str(reason))
        return
    except (RuntimeError, TypeError) as error:
        yield Trial(operation.name, State.UNSAID, f"torch: {_first_line(error)}")
        return
    for ways, value in parts:
        yield _output(ways, value, translator.inputs)


def _output(ways: tuple[str, ...], value: torch.Tensor, inputs: Tensors) -> Trial:
    """One output; where it cannot be differentiated itself, a factor that can be carries it."""
    if value.is_complex():
        return Trial(ways[0], State.UNSAID, "no complex numbers")
    random = torch.Generator().manual_seed(1)
    if not _differentiable(value):
        value = value.detach()
        carrier = torch.rand(value.shape, dtype=torch.float64, generator=random).requires_grad_()
        ways, value, inputs = tuple(f"({way})*carrier" for way in ways), value * carrier, {**inputs, "carrier": carrier}
    upstream = torch.randn(value.shape, dtype=torch.float64, generator=random).to(value.dtype)
    try:
        right = _gradients(value, inputs, upstream)
    except RuntimeError as error:
        return Trial(ways[0], State.UNSAID, f"torch: {_first_line(error)}")
    operands = tuple(Operand(name, tensor.detach()) for name, tensor in inputs.items())
    refused = ""
    for way in ways:
        request = Request(way, operands, upstream, frozenset())
        try:
            *_, response = _differentiator().respond(request)
        except Refusal as refusal:
            refused = refused or f"{refusal.reason.name}: {refusal.message}"
        except RuntimeError as error:
            return Trial(way, State.FAILED, _first_line(error))
        else:
            return _judge(request, response, value.detach(), right)
    return Trial(ways[0], State.REFUSED, refused)


def _differentiable(value: torch.Tensor) -> bool:
    """Whether torch has a derivative of this output; of some operators it has a graph that ends in a refusal."""
    return value.requires_grad and type(value.grad_fn).__name__ != "NotImplemented"


def _gradients(value: torch.Tensor, inputs: Tensors, upstream: torch.Tensor) -> dict[str, torch.Tensor]:
    """torch's gradients of a value, by the names of the floating inputs; zeros where it does not depend on one."""
    leaves = {name: tensor for name, tensor in inputs.items() if tensor.requires_grad}
    reached = torch.autograd.grad(value, list(leaves.values()), upstream, retain_graph=True, allow_unused=True)
    gradients = {name: g for name, g in zip(leaves, reached, strict=True) if g is not None}
    return {n: gradients.get(n, torch.zeros_like(x)).detach() for n, x in inputs.items() if x.is_floating_point()}


def _judge(request: Request, response: Response, value: torch.Tensor, right: dict[str, torch.Tensor]) -> Trial:
    pairs = [("value", response.value, value)]
    pairs += [(f"gradient of {d.name}", d.gradient, right[d.name]) for d in response.derivatives]
    for what, tensor, expected in pairs:
        if (tensor.dtype, tensor.shape) != (expected.dtype, expected.shape):
            return Trial(request.expression, State.NOT_TORCHS, f"the {what} is {tensor.dtype} of {list(tensor.shape)}")
        if not torch.allclose(tensor, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            return Trial(request.expression, State.NOT_TORCHS, f"the {what} is another one")
    for derivative in response.derivatives:
        verdict, leg = derivative.verdict, derivative.symbolic
        if leg.state is LegState.FAILED or "sympy failed" in leg.message:
            return Trial(request.expression, State.DIFFERED, leg.message)
        if verdict.outcome is Outcome.UNDECIDED:
            return Trial(request.expression, State.UNDECIDED, f"{verdict.reason}: {verdict.message}")
        if verdict.outcome not in (Outcome.AGREE, Outcome.PRECISION_LIMITED):
            if condition := _kink(request):
                return Trial(request.expression, State.ON_A_KINK, condition)
            reason = f"{derivative.name}: {verdict.outcome.name} {verdict.message}"
            return Trial(request.expression, State.DIFFERED, reason)
    return Trial(request.expression, State.AGREED)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _kink(request: Request) -> str:
    typed = prepare(
        request.expression, types_of(request), differentiated_inputs(request), _differentiator().limits
    ).typed
    values = compile_program(typed)({o.name: o.tensor for o in request.inputs})
    return unsmooth(typed, values)
