"""A closed form in the notations that this worker has, put together for the requests that ask for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from ..symbolic import (
    UNWRITTEN,
    Code,
    DerivativeKind,
    EntryForms,
    EntryWriter,
    Formula,
    Formulas,
    Notation,
    NotationState,
    Steps,
    Written,
)
from .preparation import Places, Shapes
from .values import OF_ONE_DERIVATIVE, NamedEntry, WrittenDerivative, WrittenFormula

#: How many combinations of notations and shapes are kept of one form.
KEPT = 16
#: The derivative with respect to an input that the value does not depend on; it has no other notation.
ZERO = {Notation.TEXT: Formula("0"), Notation.LATEX: Formula("0")}


@dataclass(frozen=True)
class Texts:
    """A closed form in some notations: each input's derivatives, and all of them as code and in steps.

    An input that the value does not depend on is absent; code and steps that are not there have a state that says why.
    """

    derivatives: Mapping[str, WrittenDerivative]
    code: Code
    steps: Steps


class WrittenForm:
    """The notations of one closed form, each of them added when it is first asked for."""

    def __init__(self, longest_entries: int) -> None:
        """`longest_entries` is the most characters that all entries of a response may have together."""
        self._longest = longest_entries
        self._written: dict[Notation, Written] = {}
        self._entry_writer = lru_cache(KEPT)(self._make_entry_writer)
        self._texts = lru_cache(KEPT)(self._put_together)
        self._missing = lru_cache(KEPT)(self._find_missing)

    def __contains__(self, notation: Notation) -> bool:
        return notation in self._written

    def add(self, notation: Notation, written: Written) -> None:
        """Adds the form in a notation."""
        self._written[notation] = written
        self._forget()

    def write_entries(self, shapes: Shapes) -> None:
        """Writes the entries for inputs of these shapes, where the expressions that they are made of are there."""
        if Notation.ENTRIES in self._written:
            self._entry_writer(shapes).write_lists(self._longest)
            self._forget()

    def _forget(self) -> None:
        """Drops what was put together before something was added."""
        self._texts.cache_clear()
        self._missing.cache_clear()

    def missing(self, notations: frozenset[Notation], shapes: Shapes, named: bool) -> tuple[Notation, ...]:
        """Those of some notations that are not there for inputs of these shapes, in order.

        With `named` entries, the expressions that entries are made of are needed too.
        """
        return self._missing(notations, shapes, named)

    def _find_missing(self, notations: frozenset[Notation], shapes: Shapes, named: bool) -> tuple[Notation, ...]:
        wanted = notations | {Notation.ENTRIES} if named else notations
        missing = wanted - self._written.keys()
        if Notation.ENTRIES in notations - missing and not self._has_lists(shapes):
            missing |= {Notation.ENTRIES}
        return tuple(notation for notation in Notation if notation in missing)

    def _has_lists(self, shapes: Shapes) -> bool:
        writer = self._entry_writer(shapes)
        if writer.lists is None and not writer.has_short_lists:
            self.write_entries(shapes)  # takes no time: every list would be too long
        return writer.lists is not None

    def texts(self, notations: frozenset[Notation], shapes: Shapes) -> Texts:
        """The form in these notations, as far as they are there, for inputs of these shapes.

        The result is the same object whenever it is asked for.
        """
        return self._texts(notations, shapes if Notation.ENTRIES in notations else ())

    def named_entries(self, places: Places, used: Collection[str], shapes: Shapes) -> Mapping[str, list[NamedEntry]]:
        """The entries at these places, which have together no more characters than all entries of a response may."""
        entries: dict[str, list[NamedEntry]] = {name: [] for name in places}
        left = self._longest
        for name, (kind, index) in ((name, place) for name, each in places.items() for place in each):
            if name not in used:
                formula = ZERO[Notation.TEXT]
            elif Notation.ENTRIES not in self._written:
                formula = UNWRITTEN[NotationState.DEADLINE]
            else:
                formula = self._entry_writer(shapes).one_entry(name, kind, index, left)
            left -= len(formula.written)
            entries[name].append(NamedEntry(kind, index, formula))
        return entries

    def _make_entry_writer(self, shapes: Shapes) -> EntryWriter:
        forms = self._written[Notation.ENTRIES]
        assert isinstance(forms, EntryForms)
        return EntryWriter(forms, dict(shapes))

    def _put_together(self, notations: frozenset[Notation], shapes: Shapes) -> Texts:
        inputs: dict[str, dict[DerivativeKind, dict[Notation, Formula]]] = {}
        for notation in notations:
            written = self._written.get(notation)
            formulas = written.inputs if isinstance(written, Formulas) else {}
            if isinstance(written, EntryForms):
                formulas = self._entry_writer(shapes).lists or {}
            for name, kinds in formulas.items():
                for kind, formula in kinds.items():
                    inputs.setdefault(name, {k: {} for k in DerivativeKind})[kind][notation] = formula
        derivatives = {
            name: WrittenDerivative({kind: with_states(formulas, notations) for kind, formulas in kinds.items()})
            for name, kinds in inputs.items()
        }
        return Texts(derivatives, self._code(notations), self._steps(notations))

    def _code(self, notations: Collection[Notation]) -> Code:
        code, requested = self._written.get(Notation.CODE), Notation.CODE in notations
        return code if requested and isinstance(code, Code) else Code(state=absence(requested))

    def _steps(self, notations: Collection[Notation]) -> Steps:
        steps, requested = self._written.get(Notation.STEPS), Notation.STEPS in notations
        return steps if requested and isinstance(steps, Steps) else Steps(state=absence(requested))


def absence(requested: bool) -> NotationState:
    """The state of a notation that is not there, or not yet."""
    return NotationState.DEADLINE if requested else NotationState.NOT_REQUESTED


def with_states(
    formulas: Mapping[Notation, Formula],
    notations: Collection[Notation],
    missing: NotationState = NotationState.DEADLINE,
) -> WrittenFormula:
    """A derivative in every notation: those that are requested and not there have the state `missing`."""
    return {
        n: formulas[n] if n in formulas else UNWRITTEN[missing if n in notations else NotationState.NOT_REQUESTED]
        for n in OF_ONE_DERIVATIVE
    }


@cache
def unwritten(notations: frozenset[Notation], missing: NotationState) -> WrittenDerivative:
    """A derivative that is written in no notation; those that are requested have that state."""
    return WrittenDerivative({kind: with_states({}, notations, missing) for kind in DerivativeKind})


@cache
def zero(notations: frozenset[Notation]) -> WrittenDerivative:
    """The derivative with respect to an input that the value does not depend on."""
    formulas = {n: f for n, f in ZERO.items() if n in notations}
    return WrittenDerivative({kind: with_states(formulas, notations, NotationState.NO_FORM) for kind in DerivativeKind})
