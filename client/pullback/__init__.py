"""Asks a Pullback service for the derivatives of tensor expressions, and whether its two ways to them agree.

>>> import pullback
>>> with pullback.local() as client:                                                        # doctest: +SKIP
...     print(client.differentiate("3*a**3 - b**2", {"a": [2, 3], "b": [6, 4]}, upstream=[1, 1]))
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    from .values.formulas import ClosedForm, Code, NamedEntry, NotationState, NotationStates, Step, StepKind
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
    from .values.reply import Answer, FormOrigin, Leg, Legs, LegState, Reply, Timings
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
else:
    #: What each module offers here. It is imported when that is first looked at: NumPy and gRPC take their time.
    _OFFERED = {
        "async_client": "AsyncClient",
        "backward": "BackwardOutcome BackwardReport InputReport WrongEntry check_backward",
        "client": "Client",
        "embedded": "local",
        "errors": (
            "Cancelled DeadlineExceeded InternalError InvalidRequest PermissionDenied PullbackError "
            "ResourceExhausted Unauthenticated Unavailable Unimplemented"
        ),
        "reward": "DerivativeReward",
        "values.grading": (
            "Attempt Counterexample Evidence Grade Graded GradeFinding GradeOutcome Policy Problem Submission Variable"
        ),
        "values.language": "Language Limit Operator Workers",
        "values.formulas": "ClosedForm Code NamedEntry NotationState NotationStates Step StepKind",
        "values.reply": "Answer FormOrigin Leg Legs LegState Reply Timings",
        "values.request": "Constant Request constant",
        "values.verdict": "Cause Diagnosis ExaminedEntry Finding Outcome Slope SlopeKind Tolerance Verdict WorstEntry",
        "wire.security": "TlsFiles",
    }
    _HOMES = {name: home for home, names in _OFFERED.items() for name in names.split()}
    _MODULES = {home.partition(".")[0] for home in _OFFERED}

    def __getattr__(name: str) -> object:
        if name in _MODULES:
            return import_module(f".{name}", __name__)
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


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
    "NamedEntry",
    "NotationState",
    "NotationStates",
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
