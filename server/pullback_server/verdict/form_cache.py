"""Closed forms at hand: those that this worker knows, those that others derived, and deriving what nobody has."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from ..symbolic import Evaluator, Explanation, Forms, Tails, Written, derive, entries, evaluator, explain, tails
from .preparation import Prepared
from .values import FormOrigin

#: What follows the key of a program's forms in the key of their explanation.
EXPLAINED = " explained"


class FormStore(Protocol):
    """Where closed forms that other workers derived are found; keys are short texts, forms are opaque bytes."""

    def get(self, key: str) -> bytes | None:
        """The form of that key, or None where nobody has derived it yet.

        Raises FormOverBudget where deriving it was given up lately.
        """
        ...

    def put(self, key: str, form: bytes) -> None:
        """Keeps a form for every worker."""
        ...


class FormOverBudget(Exception):
    """Deriving this form was given up lately because it took too long."""


@dataclass(frozen=True)
class Bound:
    """Forms with the function that evaluates them, what their results add up, and the one that prints their entries."""

    forms: Forms
    evaluate: Evaluator
    tails: Tails
    entries: Callable[[str, str, tuple[tuple[str, tuple[int, ...]], ...]], tuple[str, ...]]


class FormBook:
    """This worker's closed forms, the most recently used ones, backed by the store that all workers share."""

    def __init__(self, store: FormStore | None, size: int = 512) -> None:
        """Keeps at most `size` forms in this process."""
        self._store = store
        self._size = size
        self._known: OrderedDict[str, Bound] = OrderedDict()
        self._explained: OrderedDict[str, Explanation] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def explains(self, key: str) -> bool:
        """Whether the explanation of the forms of that key is at hand."""
        return key in self._explained

    def find(self, prepared: Prepared) -> tuple[Bound, FormOrigin]:
        """The forms of a program and where they came from; raises FormOverBudget."""
        key = prepared.key
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key], FormOrigin.WORKER
        data = self._store.get(key) if self._store else None
        if data is not None:
            bound, origin = _bind(Forms.from_bytes(data)), FormOrigin.SERVICE
        else:
            forms = derive(prepared.typed, prepared.used)
            bound, origin = _bind(forms), FormOrigin.DERIVED
            if self._store:
                self._store.put(key, forms.to_bytes())
        self._known[key] = bound
        if len(self._known) > self._size:
            self._known.popitem(last=False)
        return bound, origin

    def explanation(self, prepared: Prepared) -> Explanation:
        """The explanation of a program's forms; raises FormOverBudget."""
        key, stored = prepared.key, prepared.key + EXPLAINED
        if key in self._explained:
            self._explained.move_to_end(key)
            return self._explained[key]
        data = self._store.get(stored) if self._store else None
        if data is not None:
            found = Explanation.from_bytes(data)
        else:
            found = explain(prepared.typed, prepared.used)
            if self._store:
                self._store.put(stored, found.to_bytes())
        self._explained[key] = found
        if len(self._explained) > self._size:
            self._explained.popitem(last=False)
        return found


def _bind(forms: Forms) -> Bound:
    written = dict(forms.inputs)

    @lru_cache(maxsize=16)
    def of(name: str, kind: str, shapes: tuple[tuple[str, tuple[int, ...]], ...]) -> tuple[str, ...]:
        derivative: Written = getattr(written[name], kind)
        return entries(forms, derivative, dict(shapes))

    return Bound(forms, evaluator(forms.plan), tails(forms.plan), of)
