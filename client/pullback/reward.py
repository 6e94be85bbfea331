"""Rewards for training models to differentiate: a batch of completions graded over one stream."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .client import Client
from .errors import InvalidRequest
from .values.grading import Attempt, GradeOutcome, Policy, Problem, Submission

#: Where a completion's final answer begins, if it is not boxed.
MARKS = ("final answer:", "answer:")


@dataclass
class DerivativeReward:
    r"""A reward function in the form that trainers call: completions, and a column of each problem's fields.

    A call gives one reward per completion: `correct`, `incorrect`, `unreadable` for what is not an answer, and None
    where the grader could not decide or failed, which trainers mask, so that no model learns from it. `partial_credit`
    of the policy is added to `incorrect`. Completions are strings, or chats whose last message counts; the answer is
    what stands in the last `\boxed{}`, or after the last "Answer:", or else the last line. The columns are
    `expression`, `inputs` (objects, or JSON), and if need be `wrt`, `kind` and `order`; others are ignored. Raises
    InvalidRequest where a column is missing.

    >>> reward = DerivativeReward(Client("localhost:50051"))
    >>> reward([r"So it is $\boxed{2x}$."], expression=["x**2"], inputs=[{"x": {}}])       # doctest: +SKIP
    [1.0]
    """

    client: Client
    syntax: str = "latex"
    policy: Policy = field(default_factory=lambda: Policy(reveal=False))
    correct: float = 1.0
    incorrect: float = 0.0
    unreadable: float = 0.0
    timeout: float = 60.0
    #: What trainers call the reward in their logs.
    __name__: str = "derivative_reward"

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """One reward per completion, in order."""
        rewards: list[float | None] = [None] * len(completions)
        for graded in self.client.grade_many(self._submissions(completions, columns), in_flight=64):
            if graded.grade is not None:
                rewards[graded.position] = self._reward(graded.grade.outcome, graded.grade.score)
        return rewards

    def _reward(self, outcome: GradeOutcome, score: float) -> float | None:
        match outcome:
            case GradeOutcome.CORRECT:
                return self.correct
            case GradeOutcome.INCORRECT:
                return self.incorrect + score * (self.correct - self.incorrect)
            case GradeOutcome.NOT_AN_ANSWER:
                return self.unreadable
        return None

    def _submissions(self, completions: Sequence[Any], columns: Mapping[str, Any]) -> Iterator[Submission]:
        for name in ("expression", "inputs"):
            if len(columns.get(name, ())) != len(completions):
                hint = f"one for each of {len(completions)} completions"
                raise InvalidRequest(f"the column `{name}` is missing or incomplete", field=name, hint=hint)
        for number, completion in enumerate(completions):
            row = {name: columns[name][number] for name in _COLUMNS if columns.get(name) is not None}
            inputs, kind = _inputs(row["inputs"]), row.get("kind") or "derivative"
            problem = Problem(row["expression"], inputs, row.get("wrt"), kind, row.get("order"), policy=self.policy)
            yield Submission(problem, Attempt(final_answer(_text(completion)), self.syntax), timeout=self.timeout)


def final_answer(text: str) -> str:
    r"""The answer that a completion ends with: the last `\boxed{}`, what follows the last mark, or the last line.

    >>> final_answer(r"First \boxed{1}, then \boxed{\frac{1}{x}}."), final_answer("Well.\nAnswer: $2x$")
    ('\\frac{1}{x}', '2x')
    """
    boxed = _last_boxed(text)
    if boxed is not None:
        return boxed.strip()
    place, mark = max((text.lower().rfind(mark), mark) for mark in MARKS)
    lines = text[place + len(mark) if place >= 0 else 0 :].splitlines()
    lines = [line for line in lines if line.strip()] or [""]
    return lines[0 if place >= 0 else -1].strip().rstrip(".").strip("$").strip()


def _last_boxed(text: str) -> str | None:
    """What stands in the last \\boxed{} whose braces close."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    begin = start + len("\\boxed{")
    depth = 1
    for place in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0) if text[place - 1] != "\\" else 0
        if not depth:
            return text[begin:place]
    return _last_boxed(text[:start])


def _inputs(entry: Any) -> Mapping[str, object]:
    """Inputs from a column: JSON, or objects in which tables of columns leave None for what a row lacks."""
    inputs = json.loads(entry) if isinstance(entry, str) else entry
    return {name: value for name, value in inputs.items() if value is not None}


def _text(completion: Any) -> str:
    if isinstance(completion, str):
        return completion
    return str(completion[-1]["content"]) if completion else ""


_COLUMNS = ("expression", "inputs", "wrt", "kind", "order")
