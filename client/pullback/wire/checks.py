"""Checks of what callers hand over: each gives what the wire can hold, or raises InvalidRequest naming the field."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import InvalidRequest
from ..reasons import Reason


def string_of(value: object, field: str) -> str:
    """The value, if it is a string that can be sent."""
    if not isinstance(value, str):
        message = f"{type(value).__name__} is not a string"
        raise InvalidRequest(message, reason=Reason.NOT_TEXT, field=field, hint="give a str")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        message, column = "half of a surrogate pair is not a character", error.start + 1
        raise InvalidRequest(message, reason=Reason.NOT_TEXT, field=field, line=1, column=column) from error
    return value


def integer_of(value: object, field: str, bits: int = 64) -> int:
    """The value, if it is an integer that fits into so many bits with its sign.

    >>> integer_of(np.int8(3), "seed")
    3
    """
    limit = 2 ** (bits - 1)
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not -limit <= value < limit:
        text = repr(value)[:100]
        raise bad_problem(f"{text} is not a valid integer", field, text, f"give an integer of at most {bits} bits")
    return int(value)


def number_of(value: object, field: str) -> float:
    """The value, if it is a number."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        text = repr(value)[:100]
        raise bad_problem(f"{text} is not a number", field, text, "give a number")
    return float(value)


def word_of(words: Mapping[str, str], word: object, field: str) -> str:
    """What the contract calls one of the words; hyphens and underscores in it stand for spaces.

    >>> word_of({"positive definite": "STRUCTURE_POSITIVE_DEFINITE"}, "positive-definite", "structure")
    'STRUCTURE_POSITIVE_DEFINITE'
    """
    spaced = word.replace("_", " ").replace("-", " ") if isinstance(word, str) and word not in words else word
    if not isinstance(spaced, str) or spaced not in words:
        hint = f"choose one of {', '.join(words)}"
        raise bad_problem(f"{word!r} is not a valid choice", field, str(word)[:100], hint)
    return words[spaced]


def bad_problem(message: str, field: str, value: str, hint: str) -> InvalidRequest:
    """The error for a problem or an answer that no service could read; `value` is what stands in the field."""
    return InvalidRequest(message, reason=Reason.BAD_PROBLEM, field=field, found=value, hint=hint)
