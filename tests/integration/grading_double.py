"""A stand-in for the grader: its answers are orders, such as `right`, `wrong SIGN` or `sleep 5`."""

import time
from dataclasses import replace
from pathlib import Path

from pullback_server import grading
from pullback_server.grading import GradeOutcome, NotAnAnswerReason, PartState
from pullback_server.program import Place, Reason, Refusal
from service_double import ACTS, begin


class Grader:
    """Grades by the answer's order."""

    def __init__(self, limits, admit):
        self._admit = admit

    def stages(self, problem, answer):
        """`stages SIGN 5` has its outcome at once, its findings after 5 s and its right answer after 5 s more.

        `outcome_once SIGN FILE` has its outcome the first time, and kills its worker every time.
        """
        order, *words = answer.text.split() or [""]
        if order not in ("stages", "outcome_once"):
            yield self.grade(problem, answer)
            return
        code, rest = words
        begin()
        final = wrong(problem, answer, code)
        later = replace(final, right_state=PartState.DEADLINE, replay="")
        outcome = replace(later, score=0.0, findings=(), findings_state=PartState.DEADLINE)
        if order == "outcome_once":
            if not Path(rest).exists():
                yield outcome
                ACTS["kill_once"](rest)
            ACTS["kill"]()
        seconds = rest
        yield outcome
        time.sleep(float(seconds))
        yield later
        time.sleep(float(seconds))
        yield final

    def grade(self, problem, answer):
        if problem.expression == "refuse":
            raise Refusal(Reason.UNKNOWN_NAME, "there is no `z`", "problem.expression", 1, 5, "z", "there is x")
        begin()
        order, *words = answer.text.split() or ["tensor"]
        match order:
            case "wrong":
                return wrong(problem, answer, words[0])
            case "undecided":
                return grade(answer, GradeOutcome.UNDECIDED, reason="a test could not tell")
            case "unreadable":
                finding = grading.Finding(NotAnAnswerReason.SYNTAX, "there is nothing after `^`", Place(1, 4))
                return grade(answer, GradeOutcome.NOT_AN_ANSWER, findings=(finding,))
            case "admit":
                self._admit(int(words[0]), int(words[1]))
                time.sleep(float(words[2]))
            case "wait":
                while not Path(words[0]).exists():
                    time.sleep(0.01)
            case "sleep" | "kill" | "kill_once":
                ACTS[order](*words)
            case "right" | "tensor":
                pass
            case _:
                raise ValueError("a secret of the inside")
        return right(problem, answer)

    def grade_again(self, replay):
        if not replay.startswith("token:"):
            raise Refusal(Reason.BAD_PROBLEM, "not a valid replay token", "token", hint="the `replay` of a grade")
        return self.grade(grading.Problem("x", (), ("x",)), grading.Answer(replay.removeprefix("token:")))


def right(problem, answer):
    """A right answer; its notations have the problem and the answer, and its error is the seed."""
    notations = (("python", repr(problem)), ("latex", repr(answer)))
    policy = problem.policy
    evidence = grading.Evidence(grading.Confirmation.POINTS, None, policy.points, float(policy.seed))
    return grade(answer, GradeOutcome.CORRECT, 1.0, evidence=evidence, right=notations)


def wrong(problem, answer, code):
    mistake = grading.FINDING_CODES[code]
    point = grading.Counterexample((("x", grading.Tensor((2,), (1.5, 2.0))),), (1,), -3.0, 3.0, 1e-12)
    finding = grading.Finding(mistake, f'The mistake {code}, with | and \n and "quotes"', Place(1, 1))
    score = dict(problem.policy.partial_credit).get(mistake, 0.0)
    evidence = grading.Evidence(None, point)
    return grade(answer, GradeOutcome.INCORRECT, score, findings=(finding,), evidence=evidence)


def grade(answer, outcome, score=0.0, **fields):
    return grading.Grade(outcome, score, replay=f"token:{answer.text}", **fields)
