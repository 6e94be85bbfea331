"""One row of the operator table: everything that the project knows of an operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..program import TensorType
from .kernel_error import ONE_ROUNDING, KernelError
from .signature import Signature, parse_signature
from .workspace import unsummed_gradients

#: (types of the operands, None where one was left out; arguments by keyword) -> the type of the result.
ShapeRule = Callable[..., TensorType]


class NoClosedForm(Exception):
    """There is no formula for this; the message says why."""


class OperandError(Exception):
    """Operands or arguments that an operator does not take: what was found, and what would be accepted."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Kink:
    """Where an operator has no derivative, as an expression of the language, and what autograd gives there."""

    where: str
    gives: str


@dataclass(frozen=True, kw_only=True)
class Operator:
    """A row of the table; a new operator is one row and nothing else.

    `shape(*types, **arguments)` gives the result's type in Python integers or raises OperandError. `torch(*tensors,
    **arguments)` computes the result; with `numbers` it takes Python numbers among the tensors, otherwise numbers of
    the text reach it as tensors of rank 0 and of the dtype that the operands meet in. `sympy(program, *index_tensors,
    **arguments)` gives the result in index notation or raises NoClosedForm; None where no closed form exists.
    `reference(*arrays, **arguments)` computes it on NumPy object arrays of mpmath numbers at the precision in force.

    `domain` is a condition on the parameters, an expression of the language, empty where the operator is defined
    everywhere; in it, as in the kinks, a parameter that has an operator's name is written with an underscore after it,
    and a reduction runs over what is reduced. Samples are expressions in the names of `samples.SAMPLE_SHAPES` with
    values from `interval`; `error_inputs` are refused. `work(result, *types, **arguments)` counts multiplications and
    additions, by default one for each element, and `workspace`, of the same, the elements that torch makes on the way
    to the value and its gradient. `size_dependent` says that the sympy column mixes lengths into index arithmetic, so
    that a form serves only the lengths that it was derived for; it is a function of types and arguments where only
    some calls do. Where a call gives several results, `outputs` are the names of those that have one, and the argument
    `output` is the number of the one that is asked for. `dtype_arguments(*types, **arguments)` gives further arguments
    that the columns need, from the operands' dtypes. `code_torch` and `code_numpy` are what code has for a function of
    entries: a function's name, or a template in which `{0}` is the first operand; empty where torch or NumPy has a
    function of the row's own name. `kernel_error` is how far off torch's kernel of such a function may be.
    """

    name: str
    family: str
    signature: str
    shape: ShapeRule
    torch: Callable[..., Any]
    sympy: Callable[..., Any] | None
    reference: Callable[..., Any]
    doc: str
    source: str = ""
    aliases: tuple[str, ...] = ()
    symbol: str = ""
    attribute: bool = False
    numbers: bool = False
    domain: str = ""
    kinks: tuple[Kink, ...] = ()
    samples: tuple[str, ...] = ()
    error_inputs: tuple[str, ...] = ()
    interval: tuple[float, float] = (-2.0, 2.0)
    work: Callable[..., int] | None = None
    workspace: Callable[..., int] = unsummed_gradients
    size_dependent: bool | Callable[..., bool] = False
    outputs: tuple[str, ...] = ()
    dtype_arguments: Callable[..., dict[str, Any]] | None = None
    kernel_error: KernelError = ONE_ROUNDING
    code_torch: str = ""
    code_numpy: str = ""

    @cached_property
    def parameters(self) -> Signature:
        """The signature, parsed."""
        return parse_signature(self.signature)

    def mixes_lengths(self, *types: TensorType | None, **arguments: Any) -> bool:
        """Whether the form of this call depends on its operands' lengths."""
        return (
            self.size_dependent if isinstance(self.size_dependent, bool) else self.size_dependent(*types, **arguments)
        )

    def cost(self, result: TensorType, *types: TensorType | None, **arguments: Any) -> int:
        """The multiplications and additions of a call: by `work`, or one for each element of its largest tensor."""
        if self.work is not None:
            return self.work(result, *types, **arguments)
        return max(result.elements, *(kind.elements for kind in types if kind is not None), 0)

    @property
    def closed_form(self) -> bool:
        """Whether the operator has a sympy column."""
        return self.sympy is not None

    @property
    def example(self) -> str:
        """An expression that uses the operator."""
        return self.samples[0]

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """The ways to write a call."""
        names = [p.name for p in self.parameters.tensors]
        if self.attribute:
            return tuple(f"{names[0]}.{name}" for name in (self.name, *self.aliases))
        if self.symbol == "[]":
            return (f"{names[0]}[...]",)
        called = f"{self.name}({', '.join(names)})"
        if "." in self.name:
            return (called,)
        if not self.symbol:
            return (called, f"{names[0]}.{self.name}({', '.join(names[1:])})") if names else (called,)
        infix = f"{self.symbol}{names[0]}" if len(names) == 1 else f"{names[0]} {self.symbol} {names[1]}"
        return (infix, called)
