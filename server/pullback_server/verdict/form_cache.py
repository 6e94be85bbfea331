"""The closed forms that this worker knows, those that other workers derived, and the derivation of new ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from .. import symbolic
from ..symbolic.lowering.plan import Plan
from .preparation import PreparedProgram
from .values import FormOrigin

#: The shapes of a request's inputs by name.
Shapes = tuple[tuple[str, tuple[int, ...]], ...]

#: Appended to the key of a program's forms, it is the key of their explanation.
EXPLAINED = " explained"


#: What workers share.
S = TypeVar("S", symbolic.Forms, symbolic.Explanation)


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
class CompiledForms:
    """Forms with the function that evaluates them, the sums in their results, and the function that prints entries."""

    forms: symbolic.Forms
    evaluate: symbolic.Evaluator
    linear_slots: symbolic.LinearSlots
    entries: Callable[[str, symbolic.DerivativeKind, Shapes], tuple[str, ...]]

    @property
    def plan(self) -> Plan:
        """The plan of the gradients."""
        return self.forms.plan


class FormCache:
    """This worker's most recently used closed forms, backed by the store that all workers share."""

    def __init__(self, store: FormStore | None, size: int = 512) -> None:
        """Keeps at most `size` forms in this process."""
        self._store = store
        self._size = size
        self._forms: OrderedDict[str, CompiledForms] = OrderedDict()
        self._explanations: OrderedDict[str, symbolic.Explanation] = OrderedDict()
        self._last: tuple[str, symbolic.Derivation] | None = None

    def __contains__(self, key: str) -> bool:
        return key in self._forms

    def has_explanation(self, key: str) -> bool:
        """Whether this worker has the explanation of the forms of that key."""
        return key in self._explanations

    def find(self, program: PreparedProgram) -> tuple[CompiledForms, FormOrigin]:
        """The forms of a program and where they came from; raises FormOverBudget."""
        key = program.key
        if key in self._forms:
            self._forms.move_to_end(key)
            return self._forms[key], FormOrigin.WORKER
        forms, origin = self._obtain(key, symbolic.Forms.from_bytes, lambda: self._derivation(program).forms())
        self._keep(self._forms, key, _compile(forms))
        return self._forms[key], origin

    def explanation(self, program: PreparedProgram) -> symbolic.Explanation:
        """The explanation of a program's forms; raises FormOverBudget."""
        key = program.key
        if key in self._explanations:
            self._explanations.move_to_end(key)
            return self._explanations[key]
        decode = symbolic.Explanation.from_bytes
        explanation, _ = self._obtain(key + EXPLAINED, decode, lambda: self._derivation(program).explanation())
        self._keep(self._explanations, key, explanation)
        self._last = None
        return explanation

    def _obtain(self, key: str, decode: Callable[[bytes], S], derive: Callable[[], S]) -> tuple[S, FormOrigin]:
        """What the store has under a key, or what is derived, and stored, where it has nothing."""
        data = self._store.get(key) if self._store else None
        if data is not None:
            return decode(data), FormOrigin.SERVICE
        value = derive()
        if self._store:
            self._store.put(key, value.to_bytes())
        return value, FormOrigin.DERIVED

    def _derivation(self, program: PreparedProgram) -> symbolic.Derivation:
        """The derivation of a program, which is kept from its forms to its explanation, for that is asked for next."""
        if self._last is None or self._last[0] != program.key:
            self._last = program.key, symbolic.Derivation(program.typed, program.used)
        return self._last[1]

    def _keep(self, cache: OrderedDict[str, Any], key: str, value: Any) -> None:
        cache[key] = value
        if len(cache) > self._size:
            cache.popitem(last=False)


def _compile(forms: symbolic.Forms) -> CompiledForms:
    @lru_cache(maxsize=16)
    def print_entries(name: str, kind: symbolic.DerivativeKind, shapes: Shapes) -> tuple[str, ...]:
        return symbolic.entries(forms, forms.inputs.get(name, symbolic.NOT_WRITTEN)[kind], dict(shapes))

    return CompiledForms(forms, symbolic.evaluator(forms.plan), symbolic.linear_slots(forms.plan), print_entries)
