"""The symbolic leg: closed forms by sympy in index notation, printed, and evaluated on the request's tensors."""

from .derivatives import UPSTREAM
from .derive import derive, form_key
from .evaluation import evaluator
from .form import Forms, InputForm, Written
from .notation.entries import entries
from .running_error import error_bound

__all__ = ["UPSTREAM", "Forms", "InputForm", "Written", "derive", "entries", "error_bound", "evaluator", "form_key"]
