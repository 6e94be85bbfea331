"""Both legs side by side: a request, its response, and the verdict on whether the legs agree."""

from .description import Description, describe, example_jacobians
from .differentiator import Differentiator
from .exact import Side
from .form_cache import FormOverBudget, FormStore
from .reasons import UndecidedReason
from .values import (
    READY,
    Cause,
    ClosedForm,
    Derivative,
    Diagnosis,
    ExaminedEntry,
    Finding,
    FormOrigin,
    Leg,
    LegState,
    Notation,
    Operand,
    Outcome,
    Request,
    Response,
    Slope,
    Timings,
    Tolerance,
    Verdict,
    WorstEntry,
)

__all__ = [
    "READY",
    "Cause",
    "ClosedForm",
    "Derivative",
    "Description",
    "Diagnosis",
    "Differentiator",
    "ExaminedEntry",
    "Finding",
    "FormOrigin",
    "FormOverBudget",
    "FormStore",
    "Leg",
    "LegState",
    "Notation",
    "Operand",
    "Outcome",
    "Request",
    "Response",
    "Side",
    "Slope",
    "Timings",
    "Tolerance",
    "UndecidedReason",
    "Verdict",
    "WorstEntry",
    "describe",
    "example_jacobians",
]
