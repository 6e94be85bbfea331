"""Asks a Pullback service for the derivatives of tensor expressions, and whether its two ways to them agree.

>>> import pullback
>>> with pullback.local() as client:                                                        # doctest: +SKIP
...     print(client.differentiate("3*a**3 - b**2", {"a": [2, 3], "b": [6, 4]}, upstream=[1, 1]))
"""

from .async_client import AsyncClient
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
from .language import Language, Limit, Operator, Workers
from .reply import (
    Answer,
    ClosedForm,
    Code,
    FormOrigin,
    Leg,
    Legs,
    LegState,
    Outcome,
    Reply,
    Step,
    StepKind,
    Timings,
    Tolerance,
    Verdict,
    WorstEntry,
)
from .request import Constant, Request, constant
from .security import TlsFiles

__all__ = [
    "Answer",
    "AsyncClient",
    "Cancelled",
    "Client",
    "ClosedForm",
    "Code",
    "Constant",
    "DeadlineExceeded",
    "FormOrigin",
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
    "PullbackError",
    "Reply",
    "Request",
    "ResourceExhausted",
    "Step",
    "StepKind",
    "Timings",
    "TlsFiles",
    "Tolerance",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "Verdict",
    "Workers",
    "WorstEntry",
    "constant",
    "local",
]
