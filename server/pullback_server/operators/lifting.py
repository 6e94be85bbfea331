"""Ways to fill the sympy column: a scalar function lifted to tensors, and reductions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from ..index_notation.exact import fraction, over, times
from ..index_notation.functions import greater, where
from ..index_notation.index_program import IndexProgram, IndexTensor
from .shape_rules.common import axes_of
from .signature import Signature


class Lifted:
    """A scalar function of sympy expressions, applied entry by entry; plans have it under the name of `scalar`.

    `absent` has, for each operand that may be left out, the number that stands for it.
    """

    def __init__(self, scalar: Callable[..., sp.Expr], absent: tuple[sp.Expr | None, ...] = ()) -> None:
        self.scalar = scalar
        self._absent = absent

    def __call__(self, program: IndexProgram, *tensors: IndexTensor | None, **arguments: Any) -> IndexTensor:
        """The function of the operands, broadcast against one another."""
        operands = [program.constant(self._absent[k]) if t is None else t for k, t in enumerate(tensors)]
        return program.elementwise(lambda *entries: self.scalar(*entries, **arguments), *operands)


class WithLiterals(Lifted):
    """A scalar function that also takes the literals of the call, as numbers after the operands (or `before` them).

    A literal whose value is `omitted` is left out.
    """

    def __init__(self, scalar: Callable[..., sp.Expr], before: bool = False, omitted: float | None = None) -> None:
        super().__init__(scalar)
        self.before = before
        self._omitted = omitted

    def __call__(self, program: IndexProgram, *tensors: IndexTensor | None, **arguments: Any) -> IndexTensor:
        """The function of the operands, broadcast against one another, and of the numbers."""
        numbers = [fraction(value) for value in arguments.values() if value != self._omitted]
        operands = [t for t in tensors if t is not None]
        if self.before:
            return program.elementwise(lambda *entries: self.scalar(*numbers, *entries), *operands)
        return program.elementwise(lambda *entries: self.scalar(*entries, *numbers), *operands)

    def positional(self, function: Callable[..., Any], signature: Signature) -> Callable[..., Any]:
        """A column that takes the literals by name, as a function that takes them by position, as `scalar` does.

        Literals that are left out have their defaults; none that follows one left out is given.
        """
        literals, tensors = signature.literals, len(signature.tensors)
        types = {p.name: int if p.kind == "integer" else float for p in literals}
        start = len(literals) if self.before else 0

        def call(*operands: Any) -> Any:
            numbers = (*operands[:start], *operands[start + tensors :])
            named = {p.name: types[p.name](value) for p, value in zip(literals, numbers, strict=False)}
            defaults = {p.name: p.default for p in literals if p.name not in named}
            return function(*operands[start : start + tensors], **named, **defaults)

        return call


#: torch's default, where softplus(x) and x differ by 2e-9 only: the formula leaves this threshold out.
DEFAULT_THRESHOLD = 20


class ScaledByBeta(Lifted):
    """A scalar function f as f(beta*x)/beta; above a threshold that is not the default, x itself."""

    def __call__(self, program: IndexProgram, *tensors: IndexTensor | None, **arguments: Any) -> IndexTensor:
        """The function of the one operand."""
        (x,), beta = tensors, fraction(arguments["beta"])
        assert x is not None
        threshold = arguments.get("threshold", DEFAULT_THRESHOLD)

        def entry(e: sp.Expr) -> sp.Expr:
            inner = times(beta, e)
            scaled = over(self.scalar(inner), beta)
            return scaled if threshold == DEFAULT_THRESHOLD else where(greater(inner, fraction(threshold)), e, scaled)

        return program.elementwise(entry, x)


def reduction_form(kind: str) -> Callable[..., IndexTensor]:
    """The sympy column of a reduction; the kinds are those of `Reduction`."""

    def column(program: IndexProgram, x: IndexTensor, *, dim: Any = None, keepdim: bool = False) -> IndexTensor:
        return program.reduce(kind, x, axes_of(dim, len(x.axes)), keepdim)

    return column
