"""A run: every line of a file graded once, whatever becomes of the service and of the run itself."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from .. import errors
from ..client import Client
from ..errors import PullbackError
from ..reasons import Reason
from ..values.grading import Graded, Submission
from ..wire.channel import pause_before
from .answer_file import Line, lines
from .journal import Journal
from .row import Row

#: Submissions under way: enough for every worker of a large service to have the next one ready.
IN_FLIGHT = 64

#: How often a submission whose deadline passes is sent before it counts as undecided.
TRIES = 3

#: Errors that no further attempt would change, for any line.
_PERMANENT = (errors.Unauthenticated, errors.PermissionDenied, errors.Unimplemented)


class Stopped(Exception):
    """A run that could not be finished; what was graded is in the journal. `error` says why."""

    def __init__(self, error: PullbackError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass
class Run:
    """What a run needs: the file, the seed if one is set for all, the journal, and how to reach a service.

    `connect` is called again whenever the service was lost; `patience` is how many seconds may pass without any answer
    before the run is stopped. `on_row` is called with every row.
    """

    path: Path
    seed: int | None
    journal: Journal
    connect: Callable[[], AbstractContextManager[Client]]
    patience: float
    on_row: Callable[[Row], None] = lambda row: None
    in_flight: dict[str, Line] = field(default_factory=dict)
    tries: Counter[int] = field(default_factory=Counter)

    def add(self, row: Row) -> None:
        """Keeps a row in the journal, and passes it to `on_row`."""
        if row.position not in self.journal:
            self.journal.add(row)
            self.on_row(row)


def grade_file(run: Run) -> None:
    """Grades the lines that the journal does not hold; raises Stopped where the service is lost for good."""
    for line in lines(run.path, run.seed):
        if line.fault:
            run.add(Row.of_fault(line, line.fault))
    attempts, answered = 0, time.monotonic()
    while any(line.position not in run.journal for line in lines(run.path, run.seed)):
        before = run.journal.done
        lost = _round(run)
        if run.journal.done > before:
            attempts, answered = 0, time.monotonic()
        if lost is None:
            continue
        permanent = isinstance(lost, _PERMANENT) or lost.reason == Reason.SERVER_NOT_STARTED.name
        if permanent or time.monotonic() - answered > run.patience:
            raise Stopped(lost)
        attempts += 1
        time.sleep(pause_before(attempts))


def _round(run: Run) -> PullbackError | None:
    """Sends all that is not graded yet; gives the error where the service was lost, or had no room for a submission."""
    run.in_flight.clear()
    full: PullbackError | None = None
    try:
        with run.connect() as client:
            for graded in client.grade_many(_pending(run), IN_FLIGHT):
                error = _take(run, graded)
                if isinstance(error, errors.ResourceExhausted | errors.DeadlineExceeded):
                    full = error  # the service has admitted the others: only this one is sent again
                elif error is not None:
                    return error
    except PullbackError as error:
        return error
    return full


def _pending(run: Run) -> Iterator[Submission]:
    for line in lines(run.path, run.seed):
        if line.submission is not None and line.position not in run.journal:
            run.in_flight[line.submission.id] = line
            yield line.submission


def _take(run: Run, graded: Graded) -> PullbackError | None:
    """Keeps the result of one submission; gives the error where the service is to blame and it must be sent again."""
    line = run.in_flight.pop(graded.id)
    if graded.grade is not None:
        run.add(Row.of_grade(line, graded.grade))
    elif graded.error is not None:
        if _is_retried(graded.error, run.tries[line.position]):
            run.tries[line.position] += 1
            return graded.error
        run.add(Row.of_error(line, graded.error))
    return None


def _is_retried(error: PullbackError, tries: int) -> bool:
    """Whether an error is about the service, which is gone, full or slow, and not about the submission."""
    match error:
        case errors.Unavailable() | errors.Cancelled():
            return True
        case errors.ResourceExhausted():
            return error.retry_after is not None
        case errors.DeadlineExceeded():
            return tries + 1 < TRIES
        case errors.InternalError():
            return not error.reason  # a broken stream has none, and the service's own failures have one
    return isinstance(error, _PERMANENT)
