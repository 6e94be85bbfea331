"""The closed forms that this worker knows, those that other workers derived, and the derivation of new ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, TypeVar

from ..program import Limits
from ..symbolic import (
    DECODERS,
    ClosedForm,
    Derivation,
    Evaluator,
    LinearSlots,
    Notation,
    Written,
    evaluator,
    linear_slots,
    plan_memory,
)
from ..symbolic.lowering.plan import Plan
from .preparation import PreparedProgram, Shapes
from .values import FormOrigin
from .written_form import WrittenForm

#: What workers share.
S = TypeVar("S", ClosedForm, Written)


def notation_key(key: str, notation: Notation) -> str:
    """The key of a closed form in a notation, by the key of the closed form."""
    return f"{key} {notation.value}"


class FormStore(Protocol):
    """The closed forms that all workers share; keys are short strings, forms are opaque bytes."""

    def get(self, key: str) -> bytes | None:
        """The form of that key, or None where no worker has derived it yet.

        Raises FormOverBudget where deriving it was given up recently.
        """

    def put(self, key: str, form: bytes) -> None:
        """Stores a form for all workers."""


class FormOverBudget(Exception):
    """Deriving this form was given up recently because it took too long."""


@dataclass(frozen=True)
class CompiledForm:
    """A closed form with the function that evaluates it, the sums in its results, and its notations.

    `memory` estimates the bytes that evaluating it takes, without and with the values of all steps kept.
    """

    form: ClosedForm
    evaluate: Evaluator
    linear_slots: LinearSlots
    memory: Callable[[Shapes], tuple[int, int]]
    written: WrittenForm

    @property
    def plan(self) -> Plan:
        """The plan of the gradients."""
        return self.form.plan


class FormCache:
    """This worker's most recently used closed forms, backed by the store that all workers share."""

    def __init__(self, store: FormStore | None, limits: Limits | None = None, size: int = 512) -> None:
        """Keeps at most `size` forms in this process; `limits` say how long a formula may be."""
        self._store, self._limits, self._size = store, limits or Limits(), size
        self._forms: OrderedDict[str, CompiledForm] = OrderedDict()
        self._last: tuple[str, Derivation] | None = None

    def __contains__(self, key: str) -> bool:
        return key in self._forms

    def find(self, program: PreparedProgram) -> tuple[CompiledForm, FormOrigin]:
        """The closed form of a program and where it came from; raises FormOverBudget."""
        key = program.key
        if key in self._forms:
            self._forms.move_to_end(key)
            return self._forms[key], FormOrigin.WORKER
        form, origin = self._obtain(key, ClosedForm.from_bytes, lambda: self._derivation(program).closed_form())
        self._forms[key] = _compile(form, self._limits)
        if len(self._forms) > self._size:
            self._forms.popitem(last=False)
        return self._forms[key], origin

    def write(self, program: PreparedProgram, notation: Notation) -> Written:
        """The closed form of a program in a notation, which is obtained like the form itself; raises FormOverBudget."""
        written, _ = self._obtain(
            notation_key(program.key, notation),
            DECODERS[notation],
            lambda: self._derivation(program).write(notation),
        )
        return written

    def _obtain(self, key: str, decode: Callable[[bytes], S], derive: Callable[[], S]) -> tuple[S, FormOrigin]:
        """What the store has under a key, or what is derived, and stored, where it has nothing."""
        data = self._store.get(key) if self._store else None
        if data is not None:
            return decode(data), FormOrigin.SERVICE
        value = derive()
        if self._store:
            self._store.put(key, value.to_bytes())
        return value, FormOrigin.DERIVED

    def _derivation(self, program: PreparedProgram) -> Derivation:
        """The derivation of a program, which is kept from one notation to the next."""
        if self._last is None or self._last[0] != program.key:
            longest = self._limits.formula_characters
            self._last = program.key, Derivation(program.typed, program.used, longest)
        return self._last[1]


def _compile(form: ClosedForm, limits: Limits) -> CompiledForm:
    @lru_cache(maxsize=16)
    def memory(shapes: Shapes) -> tuple[int, int]:
        lengths = dict(shapes)
        return plan_memory(form.plan, lengths, keep=False), plan_memory(form.plan, lengths, keep=True)

    written = WrittenForm(limits.entries_characters)
    return CompiledForm(form, evaluator(form.plan), linear_slots(form.plan), memory, written)
