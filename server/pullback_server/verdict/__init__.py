"""The two legs side by side: a question, its answer, and the verdict on whether they agree."""

from .description import Description, describe, example_jacobians
from .differentiator import Differentiator
from .exact import Side
from .form_cache import FormOverBudget, FormStore
from .values import (
    READY,
    Answer,
    Cause,
    ClosedForm,
    Derivative,
    Diagnosis,
    Examined,
    Finding,
    FormOrigin,
    Leg,
    LegState,
    Notation,
    Operand,
    Outcome,
    Question,
    Slope,
    Timings,
    Tolerance,
    Verdict,
    WorstEntry,
)

__all__ = [
    "READY",
    "Answer",
    "Cause",
    "ClosedForm",
    "Derivative",
    "Description",
    "Diagnosis",
    "Differentiator",
    "Examined",
    "Finding",
    "FormOrigin",
    "FormOverBudget",
    "FormStore",
    "Leg",
    "LegState",
    "Notation",
    "Operand",
    "Outcome",
    "Question",
    "Side",
    "Slope",
    "Timings",
    "Tolerance",
    "Verdict",
    "WorstEntry",
    "describe",
    "example_jacobians",
]
