"""Which argument of a call goes to which parameter of an operator's signature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..operators import Operator
from ..operators.signature import KINDS, Parameter
from ..program import Size
from .names import did_you_mean

Argument = TypeVar("Argument")

#: NumPy's names for parameters, accepted where the signature has torch's.
KEYWORD_ALIASES = {"axis": "dim", "keepdims": "keepdim"}


@dataclass
class BindingError(Exception):
    """A call that does not fit its signature: what is wrong, and with which argument (None: with the call)."""

    message: str
    found: str
    argument: Any = None


@dataclass(frozen=True)
class BoundArguments(Generic[Argument]):
    """The arguments by parameter; `rest` are those of the parameter that takes all further positions."""

    arguments: dict[str, Argument]
    rest: tuple[Argument, ...]


def bind(
    row: Operator, positional: Sequence[Argument], keywords: Sequence[tuple[str, Argument]]
) -> BoundArguments[Argument]:
    """Assigns arguments to parameters as a call in Python does; raises BindingError."""
    signature = row.parameters
    named = [p for p in signature.parameters if p.name != signature.variadic and p.kind not in ("output", "key")]
    ordered = [p.name for p in named]
    rest = tuple(positional[len(ordered) :])
    if rest and not signature.variadic:
        limit = "1 argument" if len(ordered) == 1 else f"{len(ordered)} arguments"
        message = f"{row.name} takes {limit}, but {len(positional)} are given"
        raise BindingError(message, f"{len(positional)} arguments", rest[0])
    arguments = dict(zip(ordered, positional, strict=False))
    for keyword, argument in keywords:
        name = keyword if keyword in ordered else KEYWORD_ALIASES.get(keyword, keyword)
        if name == signature.variadic:
            if rest:
                raise BindingError(f"{row.name} is given `{name}` twice", name, argument)
            rest = (argument,)
        elif name not in ordered:
            near = did_you_mean(keyword, ordered)
            message = f"{row.name} has no parameter `{keyword}`" + (f", {near}" if near else "")
            raise BindingError(message, keyword, argument)
        elif name in arguments:
            raise BindingError(f"{row.name} is given `{name}` twice", name, argument)
        else:
            arguments[name] = argument
    for parameter in signature.parameters:
        if parameter in named and parameter.required and parameter.name not in arguments:
            raise BindingError(f"{row.name} needs `{parameter.name}`", "nothing")
    return BoundArguments(arguments, rest)


def accepts(parameter: Parameter, value: Any) -> bool:
    """Whether a literal is of the parameter's kind; a size counts as an integer."""
    if value is None and parameter.default is None:
        return True
    return KINDS[parameter.kind][0](_sizes_as_integers(value))


def usage(row: Operator) -> str:
    """How an operator is called, for the hint of a refusal.

    >>> from ..operators import BY_NAME
    >>> usage(BY_NAME["exp"])
    'exp(x)'
    """
    if row.attribute:
        return row.spellings[0]
    signature = row.parameters
    words = []
    for parameter in signature.parameters:
        star = "*" if parameter.name == signature.variadic else ""
        default = "" if parameter.required or star else f"={parameter.default!r}"
        words.append(f"{star}{parameter.name}{default}")
    return f"{row.name}({', '.join(words)})"


def _sizes_as_integers(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_sizes_as_integers, value))
    return 1 if isinstance(value, Size) else value
