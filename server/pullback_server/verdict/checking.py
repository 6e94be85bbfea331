"""The closed form evaluated on the request's own tensors, and compared with autograd at every entry."""

from __future__ import annotations

import logging
from functools import partial

import torch

from ..numeric import DeviceExhausted, device_for, memory_guard
from ..numeric.vjp import Differentiated
from ..symbolic import error_bound
from .assembly import DONE
from .comparison import compare
from .formbook import Bound
from .preparation import Prepared
from .question import Leg, LegState, Outcome, Question, Verdict

log = logging.getLogger(__name__)


def check(
    question: Question, prepared: Prepared, numbers: Differentiated, bound: Bound, device: torch.device
) -> tuple[dict[str, Verdict], Leg]:
    """The verdict on every differentiated input, and how the symbolic leg fared.

    The closed form is evaluated in float64, on the CPU where the device has none.
    """
    wide = device_for(device, (torch.float64,))
    named = prepared.typed.program.inputs()
    point = {o.name: o.tensor.to(wide, torch.float64) for o in question.inputs if o.name in named}
    upstream = torch.ones_like(numbers.value) if question.upstream is None else question.upstream
    point["^"] = upstream.to(wide, torch.float64)
    try:
        with memory_guard():
            found = bound.evaluate(point)
            verdicts = {}
            for name in prepared.wrt:
                theirs, ours = numbers.gradients[name].to(wide), found.get(name)
                if ours is None:
                    ours = torch.zeros_like(theirs, dtype=torch.float64)
                bounds = partial(error_bound, bound.forms.plan, name, point)
                verdicts[name] = compare(theirs, ours, prepared.coarsest, bounds)
            return verdicts, DONE
    except DeviceExhausted:
        reason, message = "MEMORY", "There was not enough memory to evaluate the closed form."
    except Exception:
        # A closed form that cannot be evaluated must not cost the number; it is a fault of ours, so it is logged.
        log.exception("a closed form could not be evaluated")
        reason, message = "EVALUATION_FAILED", "The closed form could not be evaluated on these tensors."
    return dict.fromkeys(prepared.wrt, Verdict(Outcome.UNDECIDED, reason, message)), Leg(LegState.FAILED, message)
