"""The symbolic leg: closed forms by sympy in index notation, printed, and evaluated on the request's tensors."""

from .derivatives import UPSTREAM
from .derive import derive, form_key
from .evaluation import Evaluator, evaluator
from .explanation import Explanation, explain
from .form import Forms, InputForm, Written
from .magnitudes import Magnitudes
from .notation.code import Code
from .notation.derivation import Step, StepKind
from .notation.entries import entries
from .running_error import error_bound

__all__ = [
    "UPSTREAM",
    "Code",
    "Evaluator",
    "Explanation",
    "Forms",
    "InputForm",
    "Magnitudes",
    "Step",
    "StepKind",
    "Written",
    "derive",
    "entries",
    "error_bound",
    "evaluator",
    "explain",
    "form_key",
]
