"""Problems as the case files have them."""

from __future__ import annotations

from typing import Any

from pullback_server.grading import Answer, Interval, Kind, Policy, Problem, Structure, Syntax, Variable

_STRUCTURES = {structure.value: structure for structure in Structure} | {"spd": Structure.POSITIVE_DEFINITE}


def problem(case: dict[str, Any], policy: Policy | None = None) -> Problem:
    """A case's problem; no right answer is asked for unless the policy does."""
    wrt = case["wrt"]
    return Problem(
        case["expression"],
        tuple(_variable(name, entry) for name, entry in case["inputs"].items()),
        (wrt,) if isinstance(wrt, str) else tuple(wrt),
        Kind(case["kind"]),
        case.get("order", 1),
        policy=policy or Policy(notations=()),
    )


def answer(case: dict[str, Any]) -> Answer:
    """A case's answer."""
    return Answer(case["answer"], Syntax(case["syntax"]))


def _variable(name: str, entry: dict[str, Any]) -> Variable:
    domain = entry.get("domain")
    interval = Interval(float(domain[0]), float(domain[1])) if domain else None
    return Variable(name, tuple(entry["shape"]), interval, _STRUCTURES[entry.get("structure", "")])
