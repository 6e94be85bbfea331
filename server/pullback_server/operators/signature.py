"""Signatures as Python writes them: which parameters are tensors, which literals, and what a literal may be."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


#: The kinds of literal, by the name that a signature uses: whether a value is one, and what a refusal says.
KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "dim": (_is_integer, "an integer, such as -1"),
    "dims": (
        lambda v: v is None or _is_integer(v) or (isinstance(v, tuple) and all(map(_is_integer, v))),
        "an integer, a tuple of integers or None",
    ),
    "flag": (lambda v: isinstance(v, bool), "True or False"),
    "integer": (_is_integer, "an integer"),
    "integers": (
        lambda v: _is_integer(v) or (isinstance(v, tuple) and all(map(_is_integer, v))),
        "an integer or a tuple of integers",
    ),
    "number": (lambda v: isinstance(v, int | float) and not isinstance(v, bool), "a number"),
    "order": (
        lambda v: v is None or (isinstance(v, int | float) and not isinstance(v, bool)) or v in ("fro", "nuc"),
        "a number, inf, 'fro' or 'nuc'",
    ),
    "padding": (
        lambda v: isinstance(v, str) or KINDS["integers"][0](v),
        "an integer, a tuple of integers, 'same' or 'valid'",
    ),
    "pairs": (
        lambda v: _is_integer(v) or (isinstance(v, tuple) and len(v) == 2 and all(KINDS["integers"][0](d) for d in v)),
        "an integer, or two tuples of dimensions",
    ),
    "string": (lambda v: isinstance(v, str), "a string in quotes"),
    # Not written as arguments: which of several results is meant, and what stands in square brackets.
    "output": (lambda _: False, "an index after the call, such as eigh(A)[0]"),
    "key": (lambda _: False, "an index in square brackets, such as x[0]"),
}
#: The kind of a parameter that takes a list of tensors.
TENSORS = "tensors"

#: Stands for "no default".
REQUIRED = ...


@dataclass(frozen=True)
class Parameter:
    """One parameter; `kind` is empty for a tensor, `tensors` for a list of them, else a key of KINDS.

    A tensor with default None may be left out.
    """

    name: str
    kind: str
    default: Any

    @property
    def required(self) -> bool:
        """Whether a call must have it."""
        return self.default is REQUIRED


@dataclass(frozen=True)
class Signature:
    """The parameters of an operator, in order; `variadic` names the one, if any, that takes all further positions."""

    parameters: tuple[Parameter, ...]
    variadic: str = ""

    @property
    def tensors(self) -> tuple[Parameter, ...]:
        """The parameters that are tensors or lists of them."""
        return tuple(p for p in self.parameters if p.kind in ("", TENSORS))

    @property
    def literals(self) -> tuple[Parameter, ...]:
        """The parameters that are literals."""
        return tuple(p for p in self.parameters if p.kind not in ("", TENSORS))

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """What stands for each literal that may be left out."""
        return {p.name: p.default for p in self.literals if not p.required}

    @property
    def output(self) -> bool:
        """Whether a call gives several results, one of which is asked for."""
        return any(p.kind == "output" for p in self.parameters)


@cache
def parse_signature(text: str) -> Signature:
    """Reads a signature such as `x, dim: dims = None, keepdim: flag = False`; one without annotation is a tensor.

    >>> parse_signature("x, dim: dims = None").literals[0].default is None
    True
    """
    definition = ast.parse(f"def f({text}): pass").body[0]
    assert isinstance(definition, ast.FunctionDef)
    arguments = definition.args
    without_default = len(arguments.args) - len(arguments.defaults)
    defaults = [REQUIRED] * without_default + [ast.literal_eval(default) for default in arguments.defaults]
    every: list[tuple[ast.arg, Any]] = list(zip(arguments.args, defaults, strict=True))
    if arguments.vararg:
        every.append((arguments.vararg, ()))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        every.append((argument, REQUIRED if default is None else ast.literal_eval(default)))
    parameters = tuple(
        Parameter(a.arg, a.annotation.id if isinstance(a.annotation, ast.Name) else "", default) for a, default in every
    )
    unknown = [p.kind for p in parameters if p.kind and p.kind not in (*KINDS, TENSORS)]
    if unknown:
        raise ValueError(f"no such kind of literal: {unknown[0]}; KINDS has {', '.join(KINDS)}")
    return Signature(parameters, arguments.vararg.arg if arguments.vararg else "")
