"""Asks a Pullback service for the derivatives of tensor expressions, and whether its two ways to them agree.

>>> import pullback
>>> with pullback.local() as client:                                                        # doctest: +SKIP
...     print(client.differentiate("3*a**3 - b**2", {"a": [2, 3], "b": [6, 4]}, upstream=[1, 1]))
"""

from .async_client import AsyncClient
from .backward import BackwardOutcome, BackwardReport, InputReport, WrongEntry, check_backward
from .client import Client
from .embedded import local
from .errors import (
    Cancelled,
    DeadlineExceeded,
    InternalError,
    InvalidRequest,
    PermissionDenied,
    PullbackError,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
    Unimplemented,
)
from .reward import DerivativeReward
from .values.grading import (
    Attempt,
    Counterexample,
    Evidence,
    Grade,
    Graded,
    GradeFinding,
    GradeOutcome,
    Policy,
    Problem,
    Submission,
    Variable,
)
from .values.language import Language, Limit, Operator, Workers
from .values.reply import Answer, ClosedForm, Code, FormOrigin, Leg, Legs, LegState, Reply, Step, StepKind, Timings
from .values.request import Constant, Request, constant
from .values.verdict import (
    Cause,
    Diagnosis,
    ExaminedEntry,
    Finding,
    Outcome,
    Slope,
    SlopeKind,
    Tolerance,
    Verdict,
    WorstEntry,
)
from .wire.security import TlsFiles

__all__ = [
    "Answer",
    "AsyncClient",
    "Attempt",
    "BackwardOutcome",
    "BackwardReport",
    "Cancelled",
    "Cause",
    "Client",
    "ClosedForm",
    "Code",
    "Constant",
    "Counterexample",
    "DeadlineExceeded",
    "DerivativeReward",
    "Diagnosis",
    "Evidence",
    "ExaminedEntry",
    "Finding",
    "FormOrigin",
    "Grade",
    "GradeFinding",
    "GradeOutcome",
    "Graded",
    "InputReport",
    "InternalError",
    "InvalidRequest",
    "Language",
    "Leg",
    "LegState",
    "Legs",
    "Limit",
    "Operator",
    "Outcome",
    "PermissionDenied",
    "Policy",
    "Problem",
    "PullbackError",
    "Reply",
    "Request",
    "ResourceExhausted",
    "Slope",
    "SlopeKind",
    "Step",
    "StepKind",
    "Submission",
    "Timings",
    "TlsFiles",
    "Tolerance",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "Variable",
    "Verdict",
    "Workers",
    "WorstEntry",
    "WrongEntry",
    "check_backward",
    "constant",
    "local",
]
