"""A busy machine gives the same answers as an idle one, later: what decides them is counted, and never timed."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import islice

import pullback
import pytest
import torch
from pullback import Attempt, Policy, Problem, Request, Submission
from waiting import PATIENCE

from tests.case_files import draw_inputs, read
from tests.typed_programs import typed_by_tensors

#: How many processes keep the processors busy, and for how many services one after the other the cases are divided.
BUSY, PARTS = 4, 16
#: A process that does nothing but compute.
SPIN = "while True: pass"


@contextmanager
def a_busy_machine():
    """The machine while other processes use all of its processors."""
    with ExitStack() as stack:
        for _ in range(BUSY):
            process = subprocess.Popen([sys.executable, "-c", SPIN])
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield


def requests():
    """About 400 requests: what people differentiate, and the points where the legs differ."""
    for name in ("identities", "expressions", "more_expressions"):
        for number, case in enumerate(read(name)):
            yield request(f"{name} {number}", case["f"], draw_inputs(case))
    for name in ("traps", "more_traps"):
        for number, case in enumerate(read(name)):
            tensors = {name: torch.tensor(values, dtype=torch.float64) for name, values in case["inputs"].items()}
            yield request(f"{name} {number}", case["expression"], tensors)


def request(name, expression, tensors):
    ones = torch.ones(typed_by_tensors(expression, tensors).output.shape, dtype=torch.float64)
    return Request(expression, tensors, ones, id=name, timeout=PATIENCE)


def submissions():
    """About 500 answers to problems, right and wrong."""
    for name in ("grading", "grading_more", "grading_written"):
        for number, case in enumerate(read(name)):
            policy = Policy(budget=PATIENCE)
            problem = Problem(
                case["expression"], case["inputs"], case["wrt"], case["kind"], case.get("order", 1), policy=policy
            )
            yield Submission(
                problem, Attempt(case["answer"], case.get("syntax", "math")), id=f"{name} {number}", timeout=PATIENCE
            )


def answers(part):
    """What a new service says of one part of all requests and answers, but for how long it took."""
    with pullback.local("--workers", "2") as client:
        replies = {a.id: differentiated(a) for a in client.differentiate_many(islice(requests(), part, None, PARTS))}
        return replies | {a.id: graded(a) for a in client.grade_many(islice(submissions(), part, None, PARTS))}


def differentiated(answer):
    """Outcomes, reasons, tolerances, findings and formulas of a reply."""
    if answer.error is not None:
        return repr(answer.error)
    reply = answer.reply
    forms = [
        (form.text, form.matrix, form.states) for forms in (reply.jacobians, reply.vjps) for form in forms.values()
    ]
    return repr((reply.verdicts, reply.legs)), repr(forms)


def graded(answer):
    """All of a grade, with the token that replays it, but for the versions, which stand in no fixed order."""
    return repr(answer.error) if answer.error is not None else repr(replace(answer.grade, versions={}))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.timeout(4 * PATIENCE)
def test_a_busy_machine_gives_the_answers_of_an_idle_one(part):
    idle = answers(part)
    assert len(idle) > 40
    with a_busy_machine():
        busy = answers(part)
    assert {name: (idle[name], busy[name]) for name in idle if idle[name] != busy[name]} == {}
