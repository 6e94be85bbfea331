"""One sample through both legs, and what came of it beside what torch says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

import torch
from pullback_server.numeric import compile_program
from pullback_server.program import Refusal
from pullback_server.verdict import Answer, Differentiator, LegState, Operand, Outcome, Question
from pullback_server.verdict.preparation import differentiated, prepare, types_of
from torch.utils import _pytree as pytree

from .kinks import unsmooth
from .operations import Operation
from .translation import Translator, Untranslatable, outputs

#: How far torch's gradients by two ways of calling it may be apart.
TOLERANCE = 1e-9


class State(Enum):
    """What came of a sample, in the order of the report's columns; the last two must not happen."""

    AGREED = "agreed"
    ON_A_KINK = "on a kink"
    UNDECIDED = "undecided"
    REFUSED = "refused"
    NO_WORD = "no word"
    DIFFERED = "differed"
    NOT_TORCHS = "not torch's"

    @property
    def ran(self) -> bool:
        """Whether both numbers were there to compare."""
        return self in (State.AGREED, State.ON_A_KINK, State.DIFFERED)

    @property
    def wrong(self) -> bool:
        """Whether it must not happen."""
        return self in (State.DIFFERED, State.NOT_TORCHS)


@dataclass(frozen=True)
class Trial:
    """An expression with its state, and the reason where there is one."""

    text: str
    state: State
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.text}: {self.state.value} {self.reason}".rstrip()


def trials(operation: Operation) -> Iterator[Trial]:
    """Every sample of an operation, output by output."""
    for sample in operation.samples():
        yield from _trials(operation, *pytree.tree_map(_leaf, sample))


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
        yield Trial(operation.name, State.NO_WORD, str(reason))
        return
    for ways, value in parts:
        yield _output(ways, value, translator.inputs)


def _output(ways: tuple[str, ...], value: torch.Tensor, inputs: dict[str, torch.Tensor]) -> Trial:
    """One output; where it cannot be differentiated itself, a factor that can be carries it."""
    if value.is_complex():
        return Trial(ways[0], State.NO_WORD, "no complex numbers")
    random = torch.Generator().manual_seed(1)
    if not value.requires_grad:
        carrier = torch.rand(value.shape, dtype=torch.float64, generator=random).requires_grad_()
        ways, value, inputs = tuple(f"({way})*carrier" for way in ways), value * carrier, {**inputs, "carrier": carrier}
    upstream = torch.randn(value.shape, dtype=torch.float64, generator=random).to(value.dtype)
    operands = tuple(Operand(name, tensor.detach()) for name, tensor in inputs.items())
    for last, way in enumerate(ways, 1 - len(ways)):
        question = Question(way, operands, upstream, frozenset())
        try:
            *_, answer = _differentiator().answer(question)
        except Refusal as refusal:
            if not last:
                return Trial(ways[0], State.REFUSED, f"{refusal.reason}: {refusal.message}")
            continue
        return _judged(question, answer, value, inputs)
    raise AssertionError("an output without a way to ask for it")


def _judged(question: Question, answer: Answer, value: torch.Tensor, inputs: dict[str, torch.Tensor]) -> Trial:
    leaves = {name: inputs[name] for name in (d.name for d in answer.derivatives)}
    gradients = torch.autograd.grad(value, list(leaves.values()), question.upstream, allow_unused=True)
    pairs = [("value", answer.value, value.detach())]
    for derivative, leaf, gradient in zip(answer.derivatives, leaves.values(), gradients, strict=True):
        right = torch.zeros_like(leaf).detach() if gradient is None else gradient
        pairs.append((f"gradient of {derivative.name}", derivative.gradient, right))
    for what, ours, theirs in pairs:
        if (ours.dtype, ours.shape) != (theirs.dtype, theirs.shape):
            return Trial(question.expression, State.NOT_TORCHS, f"the {what} is {ours.dtype} of {list(ours.shape)}")
        if not torch.allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            return Trial(question.expression, State.NOT_TORCHS, f"the {what} is another one")
    for derivative in answer.derivatives:
        verdict, leg = derivative.verdict, derivative.symbolic
        if leg.state is LegState.FAILED or "sympy failed" in leg.message:
            return Trial(question.expression, State.DIFFERED, leg.message)
        if verdict.outcome is Outcome.UNDECIDED:
            return Trial(question.expression, State.UNDECIDED, f"{verdict.reason}: {verdict.message}")
        if verdict.outcome is not Outcome.AGREE:
            told = f"{derivative.name}: {verdict.outcome.name} {verdict.message}"
            if condition := _kink(question):
                return Trial(question.expression, State.ON_A_KINK, condition)
            return Trial(question.expression, State.DIFFERED, told)
    return Trial(question.expression, State.AGREED)


def _kink(question: Question) -> str:
    typed = prepare(question.expression, types_of(question), differentiated(question), _differentiator().limits).typed
    values = compile_program(typed)({o.name: o.tensor for o in question.inputs})
    return unsmooth(typed, values)
