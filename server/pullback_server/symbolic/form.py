"""The closed forms of one program: how they are evaluated, how they read, and how they travel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .lowering import plan as plans
from .lowering.plan import Plan, Source

#: Changes whenever forms of an older release cannot be read.
FORMAT = 5

NOTHING = Plan((), {})


class DerivativeKind(Enum):
    """Which derivative a formula is; the value is the name of its field in replies."""

    JACOBIAN = "jacobian"
    VJP = "vjp"


class Notation(Enum):
    """A way to write derivatives; for a formula the value is the name of its field in replies.

    Entries are written for the lengths of a request; code and steps are those of all inputs together.
    """

    TEXT = "text"
    LATEX = "latex"
    ENTRIES = "entries"
    MATRIX = "matrix"
    MATRIX_LATEX = "matrix_latex"
    CODE = "code"
    STEPS = "steps"


@dataclass(frozen=True)
class Formula:
    """A derivative in its notations, which are absent where it has none. `tree` is its expression, for its entries.

    `axes` are the names of its index symbols, outermost first, None for an axis of length 1. Matrix notation is in our
    own language.
    """

    notations: Mapping[Notation, str] = field(default_factory=dict)
    tree: Any = None
    axes: tuple[str | None, ...] = ()

    def __getitem__(self, notation: Notation) -> str:
        return self.notations.get(notation, "")


#: The formulas of one input's derivative.
Formulas = Mapping[DerivativeKind, Formula]

#: Those of a derivative that is not written.
NOT_WRITTEN: Formulas = {kind: Formula() for kind in DerivativeKind}


@dataclass(frozen=True)
class Forms:
    """The closed forms of a program for every size: a plan for the gradients and each input's derivative in writing.

    `reason` is set, and the rest empty, where there is no closed form; `lengths` says where each index symbol's length
    is read, and `units` which axes of an input have length 1.
    """

    reason: str = ""
    plan: Plan = NOTHING
    inputs: Mapping[str, Formulas] = field(default_factory=dict)
    lengths: Mapping[str, Source] = field(default_factory=dict)
    units: Mapping[str, tuple[bool, ...]] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The forms in a format of our own."""
        inputs = {
            name: {
                kind.value: [{n.value: string for n, string in f.notations.items()}, f.tree, f.axes]
                for kind, f in formulas.items()
            }
            for name, formulas in self.inputs.items()
        }
        parts = [FORMAT, self.reason, plans.encode(self.plan), inputs, self.lengths, self.units]
        return json.dumps(parts, separators=(",", ":")).encode()

    @staticmethod
    def from_bytes(data: bytes) -> Forms:
        """The inverse of `to_bytes`; raises ValueError on another format's bytes."""
        version, reason, plan, inputs, lengths, units = json.loads(data)
        if version != FORMAT:
            raise ValueError(f"closed forms in format {version}, expected {FORMAT}")
        return Forms(
            reason,
            plans.decode(plan),
            {
                name: {
                    DerivativeKind(kind): Formula({Notation(n): s for n, s in notations.items()}, tree, tuple(axes))
                    for kind, (notations, tree, axes) in formulas.items()
                }
                for name, formulas in inputs.items()
            },
            {name: tuple(source) if isinstance(source, list) else source for name, source in lengths.items()},
            {name: tuple(flags) for name, flags in units.items()},
        )


def length_of(source: Source, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """A dimension's length in a request with inputs of these shapes."""
    return source if isinstance(source, int) else shapes[source[0]][source[1]]
