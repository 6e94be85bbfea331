"""The check: a backward function run on several shapes with random upstream gradients, and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..client import Client
from ..embedded import local
from ..errors import InvalidRequest
from ..reasons import Reason
from ..values.grading import GradeFinding
from ..values.reply import Reply
from ..values.request import constant
from ..values.verdict import Outcome
from .calling import CallResult, call, is_torch
from .drawing import SIZES, draw_inputs, shapes_vary
from .mistakes import Trial, explain
from .report import BackwardOutcome, BackwardReport, InputReport, WrongEntry

Array = NDArray[Any]

#: Random upstream gradients for each set of inputs.
UPSTREAMS = 2
#: How far off a gradient may be, relative to its largest entry, in float64.
TOLERANCE = 1e-9
#: Verdicts after which autograd's gradient does not count as the derivative.
_DOUBTED = (Outcome.NOT_DIFFERENTIABLE, Outcome.UNDEFINED)
#: Verdicts that autograd's gradient is wrong, which come with the right one as far as it is known.
_CORRECTED = (Outcome.TORCH_DEVIATES, Outcome.BOTH_DEVIATE)


def check_backward(
    expression: str,
    backward: Callable[..., Any],
    inputs: Mapping[str, object] | Sequence[Mapping[str, object]],
    *,
    client: Client | str | None = None,
    wrt: str | Iterable[str] | None = None,
    tensors: str = "",
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> BackwardReport:
    """Checks a backward function of one's own, in one's own process, against the derivatives of an expression.

    `backward(inputs, upstream)` is called with a dict of float64 arrays by name and the upstream gradient, and returns
    the gradients: a dict by name, a tuple in the order of the inputs, or the only one. It may also be a
    `torch.autograd.Function`, whose `apply` is called with the inputs in order. `inputs` are as a Problem's; a
    dimension with a name in place of a size, as in `Variable(("n", "m"))`, is tried in several sizes, and a sequence of
    mappings is several sets of inputs. `wrt` names what is differentiated, by default every floating input. `client` is
    a Client or a target; without one a server is started for this check. With `tensors="torch"`, or where an input is a
    torch tensor, the function is called with torch tensors. The service never runs the function.

    Raises InvalidRequest for an expression or inputs that the service refuses; what the function raises is reported.

    >>> def backward(inputs, upstream):
    ...     return 2 * inputs["x"]
    >>> print(check_backward("x**2", backward, {"x": {"shape": ["n"]}}))                     # doctest: +SKIP
    backward of x**2: wrong, in 6 trials of 3 shapes
    x: wrong
      UPSTREAM_IGNORED: the upstream gradient is not used: this is the gradient for an upstream of ones
      entry [0] of shape (3,) is -1.2654256, and 0.54130118 is right
    """
    sets = [inputs] if isinstance(inputs, Mapping) else list(inputs)
    if tensors not in ("", "numpy", "torch"):
        message, hint = f"{tensors!r} is not a valid choice", "choose numpy or torch"
        raise InvalidRequest(message, reason=Reason.BAD_VALUE, field="tensors", hint=hint)
    torch = tensors == "torch" or (not tensors and any(is_torch(value) for one in sets for value in one.values()))
    names = (wrt,) if isinstance(wrt, str) else None if wrt is None else tuple(wrt)
    with _connect(client) as service:
        check = _Check(expression, backward, service, names, torch, tolerance)
        random = np.random.default_rng(seed)
        for variables in sets:
            for sizes in SIZES if shapes_vary(variables) else SIZES[:1]:
                check.run(draw_inputs(variables, sizes, random), random)
    return check.report()


def _connect(client: Client | str | None) -> AbstractContextManager[Client]:
    match client:
        case None:
            return local("--workers", "1")
        case str():
            return Client(client)
        case _:
            return nullcontext(client)


@dataclass
class _Check:
    """The trials so far, by the inputs' names."""

    expression: str
    backward: Callable[..., Any]
    client: Client
    wrt: tuple[str, ...] | None
    torch: bool
    tolerance: float
    trials: int = 0
    shapes: list[dict[str, tuple[int, ...]]] = field(default_factory=list)
    by_name: dict[str, list[Trial]] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    raised: str = ""
    changed: set[str] = field(default_factory=set)
    value: GradeFinding | None = None

    def run(self, inputs: dict[str, Array], random: np.random.Generator) -> None:
        """Tries one set of inputs with some upstream gradients."""
        wrt = self.wrt or tuple(name for name, array in inputs.items() if array.dtype.kind == "f")
        self.shapes.append({name: array.shape for name, array in inputs.items()})
        for name in wrt:
            self.by_name.setdefault(name, [])
        ones = self._ones(inputs, wrt)
        for_ones = self._reply(inputs, wrt, ones)
        for _ in range(UPSTREAMS):
            upstream: Array = np.asarray(random.standard_normal(ones.shape))
            self.trials += 1
            result = call(self.backward, inputs, wrt, upstream, self.torch)
            self.raised = self.raised or result.raised
            self.changed |= set(result.changed)
            if not result.raised:
                self._compare(result, self._reply(inputs, wrt, upstream), for_ones, upstream, wrt)

    def report(self) -> BackwardReport:
        """The reports on all inputs."""
        inputs = {name: self._report(name, trials) for name, trials in self.by_name.items()}
        return BackwardReport(self.expression, inputs, self.trials, tuple(self.shapes))

    def _ones(self, inputs: Mapping[str, Array], wrt: Sequence[str]) -> Array:
        """An upstream gradient of ones; the service says which shape it has where the output is not a scalar."""
        try:
            return np.ones(self._reply(inputs, wrt, None).value.shape)
        except InvalidRequest as error:
            if error.output_shape is None:
                raise
            return np.ones(error.output_shape)

    def _reply(self, inputs: Mapping[str, Array], wrt: Sequence[str], upstream: Array | None) -> Reply:
        marked = {name: array if name in wrt else constant(array) for name, array in inputs.items()}
        return self.client.differentiate(self.expression, marked, upstream, wrt, notations=())

    def _compare(self, result: CallResult, reply: Reply, for_ones: Reply, upstream: Array, wrt: Sequence[str]) -> None:
        if result.value is not None and self.value is None:
            self.value = _check_forward(result.value, reply.value)
        for name in wrt:
            right = _right_gradient(reply, name)
            if reply.verdicts[name].outcome in _DOUBTED or not np.isfinite(right).all():
                self.doubts[name] = str(reply.verdicts[name])
                continue
            if name not in result.gradients:
                self.missing[name] = self.missing.get(name, 0) + 1
            gradient = result.gradients.get(name)
            returned = np.full_like(right, np.nan) if gradient is None else gradient.astype(np.float64)
            right_for_ones = _right_gradient(for_ones, name)
            others = tuple(_right_gradient(reply, other) for other in wrt if other != name)
            self.by_name[name].append(Trial(returned, right, upstream, right_for_ones, others, self.tolerance))

    def _report(self, name: str, trials: list[Trial]) -> InputReport:
        others = [self.value] if self.value else []
        if self.changed:
            names = ", ".join(sorted(self.changed))
            others.append(GradeFinding.of(Reason.INPUT_CHANGED, f"{Reason.INPUT_CHANGED.value}: {names}"))
        if self.raised:
            return InputReport(name, BackwardOutcome.WRONG, (GradeFinding.of(Reason.RAISED, self.raised), *others))
        if not trials:
            doubt = GradeFinding.of(Reason.NOT_DIFFERENTIABLE, self.doubts.get(name, ""))
            return InputReport(name, BackwardOutcome.UNDECIDED, (doubt, *others))
        if self.missing.get(name) == len(trials) and any(np.any(trial.right) for trial in trials):
            return InputReport(name, BackwardOutcome.WRONG, (GradeFinding.of(Reason.MISSING), *others))
        wrong = [trial for trial in trials if not trial.is_right]
        if self.missing.get(name) == len(trials) or not wrong:
            return InputReport(name, BackwardOutcome.WRONG if others else BackwardOutcome.RIGHT, tuple(others))
        return InputReport(name, BackwardOutcome.WRONG, (*explain(trials), *others), _worst_entry(wrong))


def _right_gradient(reply: Reply, name: str) -> Array:
    """The right gradient, NaN where it is not known: autograd's, or the verdict's in its place."""
    verdict, gradient = reply.verdicts[name], reply.gradients[name].astype(np.float64)
    if verdict.outcome not in _CORRECTED:
        return gradient
    return np.full_like(gradient, np.nan) if verdict.derivative is None else verdict.derivative


def _check_forward(value: Array, right: Array) -> GradeFinding | None:
    if value.shape != right.shape:
        return GradeFinding.of(Reason.FORWARD_DIFFERS, f"the forward value has shape {value.shape}, not {right.shape}")
    if not np.allclose(value, right, rtol=1e-7, atol=1e-7 * float(np.max(np.abs(right), initial=0.0)), equal_nan=True):
        return GradeFinding.of(Reason.FORWARD_DIFFERS)
    return None


def _worst_entry(wrong: Sequence[Trial]) -> WrongEntry | None:
    """The entry that is furthest off in the first trial whose shapes are right; None where there is none."""
    for trial in wrong:
        gradient, right = trial.gradient, trial.right
        if gradient.shape == right.shape and right.size:
            off = np.where(np.isfinite(gradient), np.abs(gradient - right), np.inf)
            index = tuple(int(i) for i in np.unravel_index(int(np.argmax(off)), off.shape))
            return WrongEntry(right.shape, index, float(gradient[index]), float(right[index]))
    return None
