"""The streaming methods: how the requests of each become messages, and its messages answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..v1 import derivative_pb2, grading_pb2
from ..values.grading import Graded, Problem, Submission
from ..values.reply import Answer
from .grading_messages import grade_from, grade_message
from .messages import reply_from, request_message

A = TypeVar("A")


@dataclass(frozen=True)
class Exchange(Generic[A]):
    """One streaming method: a message for a request, the envelope around it, and an answer for what comes back.

    `method` is the stub's. `message` raises PullbackError for what no service could read. The ledger sets the
    message's `id`. `read` makes the reply of its message; `answer` gets an id, a position, and the reply, or the
    `error` in its place.
    """

    method: str
    message: Callable[[Any], Any]
    envelope: Callable[..., Any]
    read: Callable[[Any], Any]
    answer: Callable[..., A]


DIFFERENTIATE = Exchange(
    "DifferentiateMany", request_message, derivative_pb2.DifferentiateManyRequest, reply_from, Answer
)
GRADE = Exchange("GradeMany", grade_message, grading_pb2.GradeManyRequest, grade_from, Graded)


def as_submission(pair: Submission | tuple[Problem, object]) -> Submission:
    """A submission as it is, and a pair of a problem and an answer as one.

    >>> as_submission((Problem("x**2", {"x": {}}), "2x")).answer
    '2x'
    """
    return pair if isinstance(pair, Submission) else Submission(*pair)
