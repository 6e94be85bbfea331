"""The symbolic leg: closed forms by sympy in index notation, evaluated on the request's tensors, and written."""

from .derive import Derivation, form_key
from .differentiation.derivatives import UPSTREAM
from .evaluation.evaluate import Evaluator, evaluator
from .evaluation.linearity import LinearSlots, linear_slots
from .evaluation.magnitudes import Magnitudes
from .evaluation.running_error import RunningErrors
from .form import UNWRITTEN, ClosedForm, DerivativeKind, Formula, Formulas, Notation, NotationState
from .lowering.sizes import memory as plan_memory
from .notation.code.module import Code
from .notation.index_form.entries import EntryForms, EntryWriter
from .notation.render import DECODERS, Written
from .notation.steps.derivation import Step, StepKind, Steps

__all__ = [
    "DECODERS",
    "UNWRITTEN",
    "UPSTREAM",
    "ClosedForm",
    "Code",
    "Derivation",
    "DerivativeKind",
    "EntryForms",
    "EntryWriter",
    "Evaluator",
    "Formula",
    "Formulas",
    "LinearSlots",
    "Magnitudes",
    "Notation",
    "NotationState",
    "RunningErrors",
    "Step",
    "StepKind",
    "Steps",
    "Written",
    "evaluator",
    "form_key",
    "linear_slots",
    "plan_memory",
]
