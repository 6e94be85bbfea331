"""The streaming methods: how the requests of each become messages, and its messages answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..errors import PullbackError
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
    message's `id`. `answer` gets an id, a position, and the reply's message, or the error in its place.
    """

    method: str
    message: Callable[[Any], Any]
    envelope: Callable[..., Any]
    answer: Callable[[str, int, Any], A]
    failure: Callable[[str, int, PullbackError], A]


DIFFERENTIATE: Exchange[Answer] = Exchange(
    "DifferentiateMany",
    request_message,
    derivative_pb2.DifferentiateManyRequest,
    lambda name, position, message: Answer(name, position, reply=reply_from(message)),
    lambda name, position, error: Answer(name, position, error=error),
)

GRADE: Exchange[Graded] = Exchange(
    "GradeMany",
    grade_message,
    grading_pb2.GradeManyRequest,
    lambda name, position, message: Graded(name, position, grade_from(message)),
    lambda name, position, error: Graded(name, position, error=error),
)


def as_submissions(pairs: Iterable[Submission | tuple[Problem, object]]) -> Iterator[Submission]:
    """Submissions as they are, and pairs of a problem and an answer as submissions."""
    for pair in pairs:
        yield as_submission(pair)


def as_submission(pair: Submission | tuple[Problem, object]) -> Submission:
    """A submission as it is, and a pair of a problem and an answer as one.

    >>> as_submission((Problem("x**2", {"x": {}}), "2x")).answer
    '2x'
    """
    return pair if isinstance(pair, Submission) else Submission(*pair)
