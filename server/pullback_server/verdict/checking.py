"""The closed form evaluated on the request's own tensors, and compared with autograd at every entry."""

from __future__ import annotations

import logging
from functools import partial

import torch

from ..numeric import DeviceExhausted, device_for, memory_guard
from ..numeric import differentiate as autograd
from ..numeric.vjp import Differentiated
from ..symbolic import UPSTREAM, error_bound
from .assembly import DONE
from .comparison import compare
from .formbook import Bound
from .preparation import Prepared
from .question import Leg, LegState, Outcome, Question, Verdict

log = logging.getLogger(__name__)

#: How often the inputs are moved by a rounding before the legs are said to differ.
MOVES = 4


def check(
    question: Question, prepared: Prepared, numbers: Differentiated, bound: Bound, device: torch.device
) -> tuple[dict[str, Verdict], dict[str, torch.Tensor], Leg]:
    """The verdict on every differentiated input if the question wants a check, what its closed form comes to, and how
    the symbolic leg fared.

    The closed form is evaluated in float64, on the CPU where the device has none.
    """
    wide = device_for(device, (torch.float64,))
    named = prepared.typed.program.inputs()
    point = {o.name: o.tensor.to(wide, torch.float64) for o in question.inputs if o.name in named}
    upstream = torch.ones_like(numbers.value) if question.upstream is None else question.upstream
    point[UPSTREAM] = upstream.to(wide, torch.float64)
    try:
        with memory_guard():
            found = bound.evaluate(point)
            spreads = _Spreads(question, prepared, numbers, device)
            verdicts, own = {}, {}
            for name in prepared.wrt:
                theirs, ours = numbers.gradients[name].to(wide), found.get(name)
                if ours is None:
                    ours = torch.zeros_like(theirs, dtype=torch.float64)
                own[name] = ours
                if not question.check:
                    continue
                bounds = partial(error_bound, bound.forms.plan, name, point)
                verdicts[name] = compare(theirs, ours, prepared.coarsest, bounds, partial(spreads, name))
            return verdicts, own, DONE
    except DeviceExhausted:
        reason, message = "MEMORY", "There was not enough memory to evaluate the closed form."
    except Exception:
        # A closed form that cannot be evaluated must not cost the number; it is a fault of ours, so it is logged.
        log.exception("a closed form could not be evaluated")
        reason, message = "EVALUATION_FAILED", "The closed form could not be evaluated on these tensors."
    return dict.fromkeys(prepared.wrt, Verdict(Outcome.UNDECIDED, reason, message)), {}, Leg(LegState.FAILED, message)


class _Spreads:
    """How far autograd's gradients move when every floating input moves by one rounding, one way or the other."""

    def __init__(self, question: Question, prepared: Prepared, numbers: Differentiated, device: torch.device) -> None:
        self._question, self._prepared, self._numbers, self._device = question, prepared, numbers, device
        self._known: dict[str, float] = {}

    def __call__(self, name: str) -> float:
        """The largest move of an entry of one gradient; all gradients are computed when the first is asked for.

        Entry by entry it would say too little: what is left of a cancellation is a rounding at some and zero at others.
        """
        if not self._known:
            random = torch.Generator().manual_seed(0)
            for _ in range(MOVES):
                inputs = {o.name: _moved(o.tensor, random) for o in self._question.inputs}
                wrt, upstream = self._prepared.wrt, self._question.upstream
                moved = autograd(self._prepared.forward, inputs, wrt, upstream, self._device).gradients
                for n, gradient in moved.items():
                    far = (gradient - self._numbers.gradients[n]).abs().nan_to_num(nan=0.0, posinf=0.0)
                    self._known[n] = max(self._known.get(n, 0.0), float(far.amax()) if far.numel() else 0.0)
        return self._known[name]


def _moved(tensor: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    if not tensor.dtype.is_floating_point:
        return tensor
    ways = torch.randint(-1, 2, tensor.shape, generator=random).to(tensor.dtype)
    return tensor * (1 + ways * torch.finfo(tensor.dtype).eps)
