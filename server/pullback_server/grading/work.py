"""The work of grading, which is counted and not timed: where it is spent depends on problem and answer alone.

A unit is a multiplication of two numbers of 60 digits, about a microsecond. Work is estimated from a program and its
shapes before anything is computed, and spent even where the result is kept from an earlier answer, so that a grade is
the same on every machine, under every load, and after any other answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from ..operators import BY_NAME
from ..program import Apply, TensorType, TypedProgram, Work

#: A call of an operator, in float64 with as much again for its derivative, and in many digits.
CALL = 20
#: Multiplications in float64 that are one unit.
FLOATS = 500
#: An entry of an operator's result in many digits, beside its multiplications.
ENTRY, ENTRY_OF_SPECIAL_FUNCTION = 20, 400
#: How much larger the graph of a derivative is than that of what is differentiated.
GROWTH = 3
#: A node of a program whose closed form sympy derives and prints.
DERIVED_NODE = 5_000

#: What is counted, in units.
UNITS = (
    ("a multiplication or addition of numbers of 60 digits", 1),
    ("an entry of an operator's result in so many digits, besides", ENTRY),
    ("the same of a special function", ENTRY_OF_SPECIAL_FUNCTION),
    ("a call of an operator, in float64 with its derivative", CALL),
    (f"{FLOATS} multiplications or additions in float64", 1),
    ("an operator, name or number of an expression whose closed form sympy derives", DERIVED_NODE),
)

T = TypeVar("T")


class Shared(Generic[T]):
    """A result that is computed when it is first asked for; the work that it took is counted whenever it is asked for.

    >>> shared = Shared(lambda work: work.spend(60))
    >>> first, second = Work(100), Work(100)
    >>> shared.get(first), shared.get(second)
    (None, None)
    >>> first.left, second.left
    (40, 40)
    """

    def __init__(self, compute: Callable[[Work], T]) -> None:
        self._compute = compute
        self._kept: tuple[T, int] | None = None

    def get(self, work: Work) -> T:
        """The result; raises OverBudget where it takes more work than is left."""
        if self._kept is None:
            counted = Work(work.left)
            self._kept = self._compute(counted), work.left - counted.left
        result, units = self._kept
        work.spend(units)
        return result


def float_work(typed: TypedProgram, points: int, at_once: bool) -> int:
    """The work of a program and its gradient in float64, at all points in one pass or in one pass each."""
    calls = CALL * len(typed.program.nodes)
    return calls + points * typed.work // FLOATS if at_once else points * (calls + typed.work // FLOATS)


def derivative_work(typed: TypedProgram, points: int, at_once: bool, output: int, inputs: Sequence[TensorType]) -> int:
    """The work of differentiating `output` entries of a program with respect to these inputs in turn."""
    passes, rows = 1, output
    for level, kind in enumerate(inputs):
        passes += rows * GROWTH**level
        rows *= kind.elements
    return passes * float_work(typed, points, at_once)


def precise_work(typed: TypedProgram) -> int:
    """The work of a program at one point in many digits."""
    units = 0
    for number, node in enumerate(typed.program.nodes):
        if isinstance(node, Apply):
            row = BY_NAME[node.operator]
            operands = (None if k is None else typed.types[k] for k in node.operands)
            entry = ENTRY_OF_SPECIAL_FUNCTION if row.family == "special functions" else ENTRY
            units += row.cost(typed.types[number], *operands, **typed.arguments[number])
            units += entry * typed.types[number].elements
        units += CALL
    return units


def derivation_work(typed: TypedProgram) -> int:
    """The work of deriving and printing a program's closed form."""
    return DERIVED_NODE * len(typed.program.nodes)
