"""The closed forms of one program: how they are evaluated, how they read, and how they travel."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .lowering import plan as plans
from .lowering.plan import Plan

#: Changes whenever forms of an older release cannot be read.
FORMAT = 3

Source = tuple[str, int] | int

NOTHING = Plan((), ())


@dataclass(frozen=True)
class Written:
    """A derivative in its notations; empty where it has none. `tree` is its expression, for printing entries.

    `axes` are the names of its index symbols, outermost first, None for an axis of length 1. `matrix` is in our own
    language.
    """

    text: str = ""
    latex: str = ""
    tree: Any = None
    axes: tuple[str | None, ...] = ()
    matrix: str = ""
    matrix_latex: str = ""


@dataclass(frozen=True)
class InputForm:
    """The derivative by one input."""

    jacobian: Written = Written()
    vjp: Written = Written()


@dataclass(frozen=True)
class Forms:
    """The closed forms of a program for every size: a plan for the gradients and each derivative in writing.

    `reason` is set, and the rest empty, where there is no closed form; `lengths` says where each index symbol's length
    is read, and `units` which axes of an input have length 1.
    """

    reason: str = ""
    plan: Plan = NOTHING
    inputs: tuple[tuple[str, InputForm], ...] = ()
    lengths: tuple[tuple[str, Source], ...] = ()
    units: tuple[tuple[str, tuple[bool, ...]], ...] = ()

    def to_bytes(self) -> bytes:
        """The forms in a format of our own."""
        written = [[name, _written(form.jacobian), _written(form.vjp)] for name, form in self.inputs]
        parts = [FORMAT, self.reason, plans.encode(self.plan), written, self.lengths, self.units]
        return json.dumps(parts, separators=(",", ":")).encode()

    @staticmethod
    def from_bytes(data: bytes) -> Forms:
        """The inverse of `to_bytes`; raises ValueError on another format's bytes."""
        version, reason, plan, written, lengths, units = json.loads(data)
        if version != FORMAT:
            raise ValueError(f"closed forms in format {version}, expected {FORMAT}")
        return Forms(
            reason,
            plans.decode(plan),
            tuple((name, InputForm(_read(jacobian), _read(vjp))) for name, jacobian, vjp in written),
            tuple((name, tuple(source) if isinstance(source, list) else source) for name, source in lengths),
            tuple((name, tuple(flags)) for name, flags in units),
        )


def _written(w: Written) -> list[Any]:
    return [w.text, w.latex, w.tree, w.axes, w.matrix, w.matrix_latex]


def _read(parts: list[Any]) -> Written:
    text, latex, tree, axes, matrix, matrix_latex = parts
    return Written(text, latex, tree, tuple(axes), matrix, matrix_latex)


def length_of(source: Source, shapes: dict[str, tuple[int, ...]]) -> int:
    """A dimension's length in a request with inputs of these shapes."""
    return source if isinstance(source, int) else shapes[source[0]][source[1]]
