"""Elementwise functions of plans against the table's reference column, entry by entry."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import mpmath as mp
import numpy as np
import torch
from pullback_server.operators import BY_FUNCTION
from pullback_server.operators.lifting import WithLiterals
from pullback_server.operators.reference import scalars
from pullback_server.symbolic.evaluation.evaluate import functions
from pullback_server.symbolic.evaluation.running_error import step_error
from pullback_server.symbolic.lowering.plan import Call

from .share import DTYPES, Share, share_of

DIGITS = 60
#: Functions of the core that have no row and nothing to compute.
TRIVIAL = ("number", "ones_like", "logical_xor")
#: Where torch approximates on purpose, which the table says: softplus is x itself above its threshold.
LIMITS = {"softplus": 20.0}
#: Numbers for parameters that have no default, and further calls of a function by its numbers.
NUMBERS: dict[str, tuple[tuple[float, ...], ...]] = {
    "polygamma": ((1,), (2,), (5,)),
    "threshold": ((0.1, 20.0),),
    "celu": ((1.0,), (0.3,)),
    "elu": ((1.0,), (0.3,)),
    "leaky_relu": ((0.01,), (0.2,)),
    "softshrink": ((0.5,), (0.3,)),
}


@dataclass(frozen=True)
class Function:
    """A function of plans: how many operands it has, where they are drawn, its exact value, its numbers."""

    name: str
    operands: int
    interval: tuple[float, float]
    exact: Callable[..., Any]
    numbers: tuple[float, ...] = ()
    before: bool = False

    def arrange(self, operands: list[Any]) -> list[Any]:
        """Operands and numbers in the order of the call."""
        return [*self.numbers, *operands] if self.before else [*operands, *self.numbers]


_CORE: tuple[Function, ...] = (
    Function("add", 2, (-2, 2), operator.add),
    Function("sub", 2, (-2, 2), operator.sub),
    Function("mul", 2, (-2, 2), operator.mul),
    Function("div", 2, (-2, 2), scalars.quotient),
    Function("over_norm", 2, (-2, 2), lambda a, b: scalars.quotient(a, b) if b else mp.mpf(0)),
    Function("neg", 1, (-2, 2), operator.neg),
    Function("sqrt", 1, (0, 3), scalars.sqrt),
    Function("pow", 2, (0, 3), scalars.power),
    *(
        Function("pow", 1, (-3, 3), lambda x, n=n: scalars.power(x, mp.mpf(n)), (n,))
        for n in (-3.0, -2.0, -1.0, -0.5, 0.5, 1.5, 2.0, 3.0, 4.0, 19.0)
    ),
)


@cache
def measured() -> tuple[Function, ...]:
    """Every function that plans may name, but for the trivial ones."""
    rows = []
    for name, row in BY_FUNCTION.items():
        literals = row.parameters.literals
        defaults = tuple(p.default for p in literals)
        takes = isinstance(row.sympy, WithLiterals) and None not in defaults
        for numbers in NUMBERS.get(name, (defaults if takes else (),)):
            values = zip(literals, numbers or defaults, strict=False)
            arguments = {p.name: int(n) if p.kind == "integer" else n for p, n in values}
            rows.append(
                Function(
                    name, len(row.parameters.tensors), row.interval, _called(row.reference.scalar, arguments),
                    numbers if isinstance(row.sympy, WithLiterals) else (), getattr(row.sympy, "before", False),
                )
            )  # fmt: skip
    known = {function.name for function in (*rows, *_CORE)} | {*TRIVIAL}
    assert known == set(functions()), "a function of plans that is not measured"
    return (*rows, *_CORE)


def _called(reference: Callable[..., Any], arguments: dict[str, Any]) -> Callable[..., Any]:
    return lambda *values: reference(*values, **arguments)


def shares(count: int, seed: int = 0) -> Iterator[Share]:
    """The shares of all functions, at so many points of each kind of points."""
    for function in measured():
        for dtype in DTYPES:
            yield _share(function, dtype, points(function, dtype, count, seed))


def points(function: Function, dtype: torch.dtype, count: int, seed: int) -> list[torch.Tensor]:
    """Operands of every size, of the interval of the row's samples, and near integers and halves."""
    random = np.random.default_rng([seed, *function.name.encode()])
    operands = []
    for number in range(function.operands):
        signs = random.choice([-1.0, 1.0], count)
        kinds = (
            random.uniform(*function.interval, count),
            signs * 2.0 ** random.uniform(-24, 24, count),
            4 * random.standard_normal(count),
            random.integers(-12, 13, count) / 2 + signs * 2.0 ** random.uniform(-24, 0, count),
        )
        # The kinds meet one another, and themselves.
        drawn = np.concatenate(kinds)
        operands.append(torch.from_numpy(random.permutation(drawn) if number % 2 else drawn).to(dtype))
    return operands


def _share(function: Function, dtype: torch.dtype, operands: list[torch.Tensor]) -> Share:
    high, low = _exact(function, operands)
    info, wide = torch.finfo(dtype), [o.double() for o in operands]
    usable = high.isfinite() & (high.abs() < info.max / 4) & (wide[0] <= LIMITS.get(function.name, torch.inf))
    run = functions()[function.name]
    call = Call(function.name, tuple(function.arrange([(k, None) for k in range(len(wide))])))
    allowed = step_error(call, torch.as_tensor(run(*function.arrange(wide))), wide, _nothing(wide), {}, info.eps)
    share, place = 0.0, 0
    for layout in (_flat, _strided):
        computed = torch.as_tensor(run(*function.arrange([layout(o) for o in operands]))).double()
        errors = ((computed - high) - low).abs()
        # Below the smallest normal number a dtype has fewer digits.
        # A kernel that overflows on its way has no error: verdicts compare what is not finite apart.
        there = usable & computed.isfinite() & (errors > info.tiny)
        share, place = max((share, place), share_of(torch.where(there, errors, 0), allowed))
    where = ", ".join(f"{float(o[place]):.9g}" for o in function.arrange(wide) if isinstance(o, torch.Tensor))
    return Share(function.name, str(dtype).removeprefix("torch."), share, where)


def _exact(function: Function, operands: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """The exact values as sums of two float64."""
    pairs = []
    with mp.workdps(DIGITS):
        for entries in zip(*(o.tolist() for o in operands), strict=True):
            value = mp.mpf(function.exact(*map(mp.mpf, entries)))
            high = float(value)
            pairs.append((high, float(value - high) if mp.isfinite(value) and abs(high) < mp.inf else 0.0))
    high, low = torch.tensor(pairs, dtype=torch.float64).T
    return high, low


def _nothing(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    return [torch.zeros_like(t) for t in tensors]


def _flat(x: torch.Tensor) -> torch.Tensor:
    return x


def _strided(x: torch.Tensor) -> torch.Tensor:
    """The same entries with others between them, which torch's vector kernels do not take."""
    return torch.stack([x, x], dim=-1)[..., 0]
