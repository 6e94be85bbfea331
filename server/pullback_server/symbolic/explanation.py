"""The explanation of a program's gradients: their derivation step by step, and code that computes them."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass, field

from ..index_notation.index_program import Definition
from .differentiation.derivatives import Differentiated
from .notation.code.module import Code, code
from .notation.naming import naming
from .notation.steps.derivation import Step, StepKind, derivation


@dataclass(frozen=True)
class Explanation:
    """Code and derivation of a program's gradients, for every size; empty where there are none."""

    code: Code = field(default_factory=Code)
    steps: tuple[Step, ...] = ()

    def to_bytes(self) -> bytes:
        """The explanation in a format of our own."""
        steps = [[s.kind.name, s.rule, s.text, s.latex, s.input] for s in self.steps]
        return json.dumps([astuple(self.code), steps], separators=(",", ":")).encode()

    @staticmethod
    def from_bytes(data: bytes) -> Explanation:
        """The inverse of `to_bytes`."""
        code, steps = json.loads(data)
        return Explanation(Code(*code), tuple(Step(StepKind[kind], *rest) for kind, *rest in steps))


def explanation(differentiated: Differentiated, gradients: dict[str, Definition], wrt: tuple[str, ...]) -> Explanation:
    """The explanation of gradients with respect to the inputs in `wrt`; raises TooLong."""
    names = naming(differentiated, gradients, wrt)
    steps = derivation(differentiated, gradients, wrt, names)
    definitions = [step.text for step in steps if step.kind is StepKind.FORWARD]
    return Explanation(code(differentiated, gradients, wrt, names, definitions), steps)
