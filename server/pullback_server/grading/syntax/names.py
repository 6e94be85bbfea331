"""What letters mean: inputs of the problem, functions, constants, entries of tensors, and runs of several of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ...language import CONSTANTS
from ...language.names import did_you_mean
from ...program import Place, TensorType
from ..codes import NotAnAnswerReason
from .functions import DIFFERENTIATING, WORDS, function_words
from .refusals import NotAnAnswer, differentiates
from .symbols import GREEK, LETTERS

#: The longest run of letters that is split into names.
RUN = 64
_SUBSCRIPTED = re.compile(r"([^\W\d_]+)_?\{?(\d+(?:,\d+)*)\}?\Z")
#: How an input may be named in the problem where Python reserves the name.
_FORBIDDEN = {"lambda": ("lambda_", "lam", "lamda", "lmbda")}


@dataclass(frozen=True)
class Word:
    """One name of an answer: its token's kind, its name in the problem, and its offset in the run of letters.

    `entry` is the index of a tensor's entry, counted from 0.
    """

    kind: str
    name: str
    offset: int = 0
    entry: tuple[int, ...] = ()


@dataclass(frozen=True)
class Names:
    """The names that an answer may use: the problem's inputs with their types."""

    types: Mapping[str, TensorType]
    units: bool = False

    @cached_property
    def tensors(self) -> bool:
        """Whether any input is more than a number."""
        return any(t.rank for t in self.types.values())

    def word(self, text: str) -> Word | None:
        """What a string means as one name, or None."""
        name = self._input(text)
        if name is not None:
            return Word("NAME", name)
        if text in function_words():
            return Word("FUNC", WORDS.get(text, text))
        plain = LETTERS.get(text, text)
        if plain in CONSTANTS and plain != "inf":
            return Word("NAME", plain)
        entry = self._entry(text)
        if entry is not None:
            return entry
        if self.units and text in ("i", "j", "k"):
            return Word("UNIT", text)
        return Word("NAME", "I") if text == "I" and self.tensors else None

    def words(self, run: str, column: int) -> list[Word]:
        """A run of letters and digits as the fewest names that it can be split into; raises NotAnAnswer.

        >>> from ...program import DType
        >>> number = TensorType(DType.FLOAT64, ())
        >>> [w.name for w in Names({"x": number, "y": number}).words("xsiny", 1)]
        ['x', 'sin', 'y']
        """
        word = self.word(run)
        if word is not None:
            return [word]
        if run in DIFFERENTIATING:
            raise differentiates(run, column)
        words = self._split(run) if len(run) <= RUN else None
        if words is None:
            raise self.unknown(run, column)
        return words

    def unknown(self, run: str, column: int) -> NotAnAnswer:
        """The exception for a name that the question does not have."""
        listed = ", ".join(self.types)
        hint = did_you_mean(run, [*self.types]) or f"its names are {listed}"
        shown = run if len(run) <= RUN else run[:RUN] + "..."
        return NotAnAnswer(NotAnAnswerReason.UNKNOWN_NAME, f"the question has no `{shown}`: {hint}", Place(1, column))

    def _split(self, run: str) -> list[Word] | None:
        # best[k] is the first k letters as the fewest words; of several ways the one with longer words first.
        best: list[list[Word] | None] = [[]] + [None] * len(run)
        for start in range(len(run)):
            before = best[start]
            if before is None:
                continue
            for end in range(start + 1, len(run) + 1):
                part, shortest = run[start:end], best[end]
                is_number = start and part.isdigit() and part.isascii()
                word = Word("NUMBER", part) if is_number else self.word(part)
                if word is None:
                    continue
                if shortest is None or len(before) + 1 < len(shortest):
                    best[end] = [*before, Word(word.kind, word.name, start, word.entry)]
        return best[-1]

    def _input(self, text: str) -> str | None:
        plain = LETTERS.get(text, text)
        bare = text.replace("{", "").replace("}", "")
        candidates = (text, plain, GREEK.get(text, text), *_FORBIDDEN.get(plain, ()), bare, bare.replace("_", ""))
        return next((c for c in candidates if c in self.types), None)

    def _entry(self, text: str) -> Word | None:
        """`x_1`, the first entry of a vector, or `A_12` and `A_{1,2}` of a matrix."""
        match = _SUBSCRIPTED.match(text)
        name = self._input(match[1]) if match else None
        if match is None or name is None or "_" not in text:
            return None
        shape = self.types[name].shape
        digits = match[2].split(",") if "," in match[2] else [match[2]] if len(shape) == 1 else list(match[2])
        index = tuple(int(d) - 1 for d in digits)
        fits = len(index) == len(shape) and all(0 <= i < n for i, n in zip(index, shape, strict=True))
        return Word("NAME", name, entry=index) if fits else None
