"""What a person may ask of a closed form beyond reading it: its derivation, and code that computes it."""

from __future__ import annotations

import json
import logging
from dataclasses import astuple, dataclass, field

from ..operators import NoClosedForm
from ..program import TypedProgram
from .differentiation.derivatives import backward, differentiate
from .differentiation.partition import partition
from .notation.code.module import Code, code
from .notation.index_form.display import TooLong
from .notation.render import upstream_name
from .notation.steps.derivation import Step, StepKind, derivation
from .notation.steps.naming import naming

log = logging.getLogger(__name__)


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


def explain(typed: TypedProgram, wrt: tuple[str, ...]) -> Explanation:
    """The explanation of the derivatives with respect to the inputs in `wrt`, all of which the program has.

    Never raises: what cannot be explained is left out.
    """
    try:
        differentiated = differentiate(partition(typed))
        gradients = backward(differentiated, wrt)
        names = naming(differentiated, gradients, wrt, upstream_name(differentiated.partition))
        steps = derivation(differentiated, gradients, wrt, names)
        definitions = [s.text for s in steps if s.kind is StepKind.FORWARD]
        written = code(differentiated, gradients, wrt, names, definitions)
    except (NoClosedForm, TooLong):
        return Explanation()
    except Exception:
        # As in `derive`: none of it may cost the number.
        log.exception("a closed form could not be explained")
        return Explanation()
    return Explanation(written, steps)
