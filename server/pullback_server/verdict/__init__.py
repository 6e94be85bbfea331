"""Both legs side by side: a request, its response, and the verdict on whether the legs agree."""

from ..symbolic import DerivativeKind, Notation, NotationState
from .description import Description, describe, example_jacobians
from .differentiator import Differentiator
from .exact import SlopeKind
from .form_cache import FormOverBudget
from .reasons import UndecidedReason
from .values import (
    DEFAULT_NOTATIONS,
    Cause,
    Derivative,
    Diagnosis,
    EntryPlace,
    ExaminedEntry,
    Finding,
    FormOrigin,
    Leg,
    LegState,
    Operand,
    Outcome,
    Request,
    Response,
    Slope,
    Timings,
    Tolerance,
    Verdict,
    WorstEntry,
    WrittenDerivative,
    WrittenFormula,
)

__all__ = [
    "DEFAULT_NOTATIONS",
    "Cause",
    "Derivative",
    "DerivativeKind",
    "Description",
    "Diagnosis",
    "Differentiator",
    "EntryPlace",
    "ExaminedEntry",
    "Finding",
    "FormOrigin",
    "FormOverBudget",
    "Leg",
    "LegState",
    "Notation",
    "NotationState",
    "Operand",
    "Outcome",
    "Request",
    "Response",
    "Slope",
    "SlopeKind",
    "Timings",
    "Tolerance",
    "UndecidedReason",
    "Verdict",
    "WorstEntry",
    "WrittenDerivative",
    "WrittenFormula",
    "describe",
    "example_jacobians",
]
