"""Problems as the case files have them."""

from __future__ import annotations

from typing import Any

from pullback_server.grading import (
    STRUCTURE_WORDS,
    Answer,
    Interval,
    Kind,
    Policy,
    Problem,
    Syntax,
    Variable,
)


def problem(case: dict[str, Any], policy: Policy | None = None) -> Problem:
    """A case's problem; no right answer is asked for unless the policy does."""
    wrt = case["wrt"]
    return Problem(
        case["expression"],
        tuple(_variable(name, given) for name, given in case["inputs"].items()),
        (wrt,) if isinstance(wrt, str) else tuple(wrt),
        Kind(case["kind"]),
        case.get("order", 1),
        policy=policy or Policy(notations=()),
    )


def answer(case: dict[str, Any]) -> Answer:
    """A case's answer."""
    return Answer(case["answer"], Syntax(case["syntax"]))


def _variable(name: str, given: dict[str, Any]) -> Variable:
    domain = given.get("domain")
    interval = Interval(float(domain[0]), float(domain[1])) if domain else None
    return Variable(name, tuple(given["shape"]), interval, STRUCTURE_WORDS[given.get("structure", "")])
