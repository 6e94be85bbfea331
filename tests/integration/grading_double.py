"""A stand-in for the grader: its answers are orders, such as `right`, `wrong SIGN` or `sleep 5`."""

import os
import signal
import time
from pathlib import Path

from pullback_server.grading import (
    FINDING_CODES,
    Answer,
    Confirmation,
    Counterexample,
    Evidence,
    Finding,
    Grade,
    GradeOutcome,
    NotAnAnswerReason,
    Problem,
    Tensor,
)
from pullback_server.program import Place, Reason, Refusal
from service_double import begin


class Grader:
    """Grades by the answer's order."""

    def __init__(self, limits, admit):
        self._admit = admit

    def grade(self, problem, answer):
        if problem.expression == "refuse":
            raise Refusal(Reason.UNKNOWN_NAME, "there is no `z`", "problem.expression", 1, 5, "z", "there is x")
        begin()
        order, *words = answer.text.split() or ["tensor"]
        match order:
            case "right":
                return right(problem, answer)
            case "wrong":
                return wrong(problem, answer, words[0])
            case "undecided":
                return Grade(GradeOutcome.UNDECIDED, 0.0, reason="a test could not tell", replay=token(answer))
            case "unreadable":
                finding = Finding(NotAnAnswerReason.SYNTAX, "there is nothing after `^`", Place(1, 4))
                return Grade(GradeOutcome.NOT_AN_ANSWER, 0.0, (finding,), replay=token(answer))
            case "admit":
                self._admit(int(words[0]), int(words[1]))
                time.sleep(float(words[2]))
                return right(problem, answer)
            case "sleep":
                time.sleep(float(words[0]))
                return right(problem, answer)
            case "wait":
                while not Path(words[0]).exists():
                    time.sleep(0.01)
                return right(problem, answer)
            case "kill":
                return os.kill(os.getpid(), signal.SIGKILL)
            case "kill_once":
                if not Path(words[0]).exists():
                    Path(words[0]).touch()
                    os.kill(os.getpid(), signal.SIGKILL)
                return right(problem, answer)
            case "tensor":
                return right(problem, answer)
            case _:
                raise ValueError("a secret of the inside")

    def grade_again(self, replay):
        if not replay.startswith("token:"):
            raise Refusal(Reason.BAD_PROBLEM, "not a valid replay token", "token", hint="the `replay` of a grade")
        return self.grade(Problem("x", (), ("x",)), Answer(replay.removeprefix("token:")))


def right(problem, answer):
    """A right answer; its notations have the problem and the answer, and its error is the seed."""
    notations = (("python", repr(problem)), ("latex", repr(answer)))
    evidence = Evidence(Confirmation.POINTS, None, problem.policy.points, float(problem.policy.seed))
    return Grade(GradeOutcome.CORRECT, 1.0, (), evidence, right=notations, replay=token(answer))


def wrong(problem, answer, code):
    point = Counterexample((("x", Tensor((2,), (1.5, 2.0))),), (1,), -3.0, 3.0, 1e-12)
    finding = Finding(FINDING_CODES[code], f'The mistake {code}, with | and \n and "quotes"', Place(1, 1))
    score = dict(problem.policy.partial_credit).get(FINDING_CODES[code], 0.0)
    return Grade(GradeOutcome.INCORRECT, score, (finding,), Evidence(None, point), replay=token(answer))


def token(answer):
    return f"token:{answer.text}"
