"""The symbolic leg: closed forms by sympy in index notation, printed, and evaluated on the request's tensors."""

from .derive import Derivation, derive, form_key
from .differentiation.derivatives import UPSTREAM
from .evaluation.evaluate import Evaluator, evaluator
from .evaluation.magnitudes import LinearSlots, Magnitudes, linear_slots
from .evaluation.running_error import error_bound
from .explanation import Explanation
from .form import NOT_WRITTEN, DerivativeKind, Forms, Formula, Notation
from .notation.code.module import Code
from .notation.index_form.entries import entries
from .notation.steps.derivation import Step, StepKind

__all__ = [
    "NOT_WRITTEN",
    "UPSTREAM",
    "Code",
    "Derivation",
    "DerivativeKind",
    "Evaluator",
    "Explanation",
    "Forms",
    "Formula",
    "LinearSlots",
    "Magnitudes",
    "Notation",
    "Step",
    "StepKind",
    "derive",
    "entries",
    "error_bound",
    "evaluator",
    "form_key",
    "linear_slots",
]
