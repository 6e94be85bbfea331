"""The mistakes that f's own tree invites, at each of its nodes: which rule was misapplied, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from ...program import Apply, Input, Literal
from ..problem import Code
from .derivatives_of_functions import computed, mistaken
from .slopes import Rule, Slope, Slopes
from .wording import whole, written

#: Functions that are powers in another dress, with their exponents.
_POWERS = {"square": 2.0, "sqrt": 0.5, "reciprocal": -1.0, "rsqrt": -0.5}
#: Nodes whose derivative nobody looks up.
_LINEAR = frozenset(("add", "sub", "mul", "div", "neg", "positive", "where", "pow", "matmul", "sum", "T", "getitem"))


@dataclass(frozen=True)
class Mistake:
    """One misapplied rule at one node; the message is a sentence for the student."""

    code: Code
    node: int
    rule: Rule
    message: Callable[[], str]


def mistakes(slopes: Slopes) -> list[Mistake]:
    """Every mistake at every node of f that depends on the input."""
    found: list[Mistake] = []
    for number, node in enumerate(slopes.typed.program.nodes):
        if isinstance(node, Apply) and slopes.active[number]:
            found.extend(_Site(slopes, number, node).mistakes())
    return found


class _Site:
    """One node, as a place where rules are misapplied."""

    def __init__(self, slopes: Slopes, number: int, node: Apply) -> None:
        self.slopes, self.number, self.node = slopes, number, node
        self.active = [k for k, o in enumerate(node.operands) if o is not None and slopes.active[o]]
        self.text = written(slopes.typed.program, number)

    def mistakes(self) -> Iterator[Mistake]:
        """The mistakes at this node."""
        name = self.node.operator
        if len(self.active) > 1 or name in ("add", "sub"):
            yield from self._terms()
        if name in ("add", "sub"):
            yield from self._sums()
        if name == "mul":
            yield from self._products()
        if name == "div":
            yield from self._quotients()
        if self.slopes.entrywise(self.number) and len(self.active) == 1:
            yield from self._powers()
            if name not in _LINEAR:
                yield from self._functions()
            if name not in ("add", "sub", "neg", "positive", "mul", "where", "maximum", "minimum"):
                yield from self._chain()

    # Sums and terms.

    def _terms(self) -> Iterator[Mistake]:
        for left_out in self.active if len(self.active) > 1 else ():
            yield self._mistake(
                Code.MISSING_TERM,
                lambda d, left_out=left_out: self._sum([k for k in self.active if k != left_out], d),
                lambda left_out=left_out: f"a term is missing: the one from differentiating {self._operand(left_out)} "
                f"in {self._shown()}",
            )

    def _sums(self) -> Iterator[Mistake]:
        if len(self.active) == 2:
            yield self._mistake(
                Code.SIGN,
                lambda d: self._part(0, d) - self._part(1, d),
                lambda: f"the sign of the derivative of {self._operand(1)} in {self._shown()} is wrong",
            )
            yield self._mistake(
                Code.SIGN,
                lambda d: self._part(1, d) - self._part(0, d),
                lambda: f"the sign of the derivative of {self._operand(0)} in {self._shown()} is wrong",
            )
            return
        (active,) = self.active
        constant = self.slopes.operand(self.number, 1 - active)
        sign = -1.0 if self.node.operator == "sub" and active == 0 else 1.0
        yield self._mistake(
            Code.NOT_DIFFERENTIATED,
            lambda d: self._part(active, d) + sign * constant,
            lambda: f"{self._operand(1 - active)} in {self._shown()} is constant: its derivative is 0",
        )

    # Products and quotients.

    def _products(self) -> Iterator[Mistake]:
        a, b = self._values()
        if len(self.active) == 1:
            yield from self._factor(self.active[0])
            return
        shown = f"the product rule for {self._shown()}: (fg)' = f'g + fg'"

        def rule(*names: str) -> Callable[[], str]:
            return lambda: f"{shown}, not {names[0]}"

        yield self._mistake(Code.PRODUCT_RULE, lambda d: self._d(0, d) * self._d(1, d), rule("f'g'"))
        yield self._mistake(Code.PRODUCT_RULE, lambda d: a * self._d(0, d) + b * self._d(1, d), rule("ff' + gg'"))
        yield self._mistake(Code.PRODUCT_RULE, lambda d: b * self._d(0, d) - a * self._d(1, d), rule("f'g - fg'"))
        yield self._mistake(Code.PRODUCT_RULE, lambda d: a * self._d(1, d) - b * self._d(0, d), rule("fg' - f'g"))
        yield self._mistake(Code.PRODUCT_RULE, lambda d: self._d(0, d) + self._d(1, d), rule("f' + g'"))

    def _factor(self, active: int) -> Iterator[Mistake]:
        yield self._mistake(
            Code.CONSTANT_FACTOR,
            lambda d: self._d(active, d) + 0 * self.slopes.value(self.number, self.number),
            lambda: f"the factor {self._operand(1 - active)} of {self._shown()} is lost",
        )

    def _quotients(self) -> Iterator[Mistake]:
        a, b = self._values()
        if self.active == [0]:
            yield from self._factor(0)
            return
        shown = f"the quotient rule for {self._shown()}: (f/g)' = (f'g - fg')/g^2"

        def rule(name: str) -> Callable[[], str]:
            return lambda: f"{shown}, not {name}"

        da = (lambda d: self._d(0, d)) if 0 in self.active else (lambda d: 0.0 * self._d(1, d))
        yield self._mistake(Code.QUOTIENT_RULE, lambda d: da(d) / self._d(1, d), rule("f'/g'"))
        yield self._mistake(Code.QUOTIENT_RULE, lambda d: (a * self._d(1, d) - da(d) * b) / b**2, rule("(fg' - f'g)/g^2"))
        yield self._mistake(Code.QUOTIENT_RULE, lambda d: (da(d) * b - a * self._d(1, d)) / b, rule("(f'g - fg')/g"))
        yield self._mistake(Code.QUOTIENT_RULE, lambda d: (da(d) * b + a * self._d(1, d)) / b**2, rule("(f'g + fg')/g^2"))
        yield self._mistake(Code.QUOTIENT_RULE, lambda d: da(d) * b - a * self._d(1, d), rule("f'g - fg'"))
        yield self._mistake(
            Code.QUOTIENT_RULE, lambda d: (da(d) * a - b * self._d(1, d)) / b**2, rule("(ff' - gg')/g^2")
        )
        yield self._mistake(Code.QUOTIENT_RULE, lambda d: (a * self._d(1, d) - da(d) * b) / b, rule("(fg' - f'g)/g"))
        yield self._mistake(
            Code.QUOTIENT_RULE,
            lambda d: (da(d) * b - a * self._d(1, d)) / self._d(1, d) ** 2,
            rule("(f'g - fg')/g'^2"),
        )

    # Powers, functions and the chain rule.

    def _powers(self) -> Iterator[Mistake]:
        (active,) = self.active
        name, u = self.node.operator, self.slopes.operand(self.number, active)
        if name in _POWERS:
            n = torch.tensor(_POWERS[name], dtype=torch.float64)
        elif name == "pow" and active == 0:
            n = self.slopes.operand(self.number, 1)
        elif name == "div" and active == 1:
            yield from self._power_mistakes(u, torch.tensor(-1.0, dtype=torch.float64), active, self._values()[0])
            return
        elif name == "pow":
            yield from self._exponentials()
            return
        else:
            return
        yield from self._power_mistakes(u, n, active, torch.tensor(1.0, dtype=torch.float64))

    def _power_mistakes(self, u: torch.Tensor, n: torch.Tensor, active: int, c: torch.Tensor) -> Iterator[Mistake]:
        shown = f"the power rule for {self._shown()}: (u^n)' = n u^(n-1) u'"
        wrong = (
            (u ** (n - 1), "u^(n-1)"),
            (n * u**n, "n u^n"),
            ((n - 1) * u ** (n - 1), "(n-1) u^(n-1)"),
            (n * u ** (n + 1), "n u^(n+1)"),
            ((n - 1) * u**n, "(n-1) u^n"),
            (n * u ** (n - 2), "n u^(n-2)"),
            ((n + 1) * u ** (n - 1), "(n+1) u^(n-1)"),
            (u ** (n - 1) / n, "u^(n-1)/n"),
        )
        for partial, told in wrong:
            yield self._mistake(
                Code.POWER_RULE,
                lambda d, partial=partial: c * partial * self._d(active, d),
                lambda told=told: f"{shown}, where {told} stands for n u^(n-1)",
            )

    def _exponentials(self) -> Iterator[Mistake]:
        a, u = self._values()
        power = a**u
        for partial, told in (
            (u * a ** (u - 1), "u a^(u-1): the exponent is what varies, not the base"),
            (power, "a^u: the factor ln(a) is missing"),
            (power / torch.log(a), "a^u/ln(a)"),
            (u * power, "u a^u"),
            (-power * torch.log(a), "-a^u ln(a)"),
        ):
            yield self._mistake(
                Code.FUNCTION_DERIVATIVE,
                lambda d, partial=partial: partial * self._d(1, d),
                lambda told=told: f"the derivative of {self._shown()} is a^u ln(a) u', not {told}",
            )

    def _functions(self) -> Iterator[Mistake]:
        (active,) = self.active
        u, value = self.slopes.operand(self.number, active), self.slopes.value(self.number, self.number)
        name = self.node.operator
        right = self.slopes.partial(self.number, active)
        wrong: list[tuple[torch.Tensor, str]] = [(-right, "its negative"), (value, f"{name}(u) itself")]
        for text, forward in mistaken(name):
            wrong.append((computed(forward, u), text.replace("(x)", "(u)").replace("x", "u").replace("eup", "exp")))
        for partial, told in wrong:
            yield self._mistake(
                Code.FUNCTION_DERIVATIVE,
                lambda d, partial=partial: partial * self._d(active, d),
                lambda told=told: f"the derivative of {name}(u), here of {self._shown()}, is not {told}",
            )
        # A function copied without its inner derivative is taken for its own derivative, as (e^2x)' = e^2x.
        yield self._mistake(
            Code.FUNCTION_DERIVATIVE,
            lambda d: value + 0 * self._d(active, d),
            lambda: f"{self._shown()} is not its own derivative",
        )

    def _chain(self) -> Iterator[Mistake]:
        (active,) = self.active
        inner = self.node.operands[active] or 0
        if isinstance(self.slopes.typed.program.nodes[inner], Input):
            return
        right = self.slopes.partial(self.number, active)
        inner_text = written(self.slopes.typed.program, inner)
        if (one := self._unit(inner)) is not None:
            yield self._mistake(
                Code.MISSING_INNER_DERIVATIVE,
                lambda d: right * self.slopes.lined(one, self.number) + 0 * self._d(active, d),
                lambda: f"the inner derivative of {self._shown()} is missing{self._inner_factor(inner)}",
            )
        for x, told in self._others(inner):
            try:
                operands = self._operands_with(active, x)
                partial = self.slopes.partial_at(self.number, active, operands)
            except RuntimeError:
                continue
            yield self._mistake(
                Code.INNER_NOT_KEPT,
                lambda d, partial=partial: partial * self._d(active, d),
                lambda told=told: f"in the derivative of {self._shown()} the outer function's derivative is to be "
                f"taken at `{inner_text}`, not at `{told}`",
            )
            if one is not None:
                yield self._mistake(
                    Code.INNER_NOT_KEPT,
                    lambda d, partial=partial: partial * self.slopes.lined(one, self.number) + 0 * self._d(active, d),
                    lambda told=told: f"in the derivative of {self._shown()} the outer function's derivative is to be "
                    f"taken at `{inner_text}`, not at `{told}`, and multiplied by the inner derivative",
                )

        def at_slope(d: Sequence[Slope | None]) -> Slope:
            # The derivative of the outer function taken at the inner function's derivative: f'(g'(x)).
            slope = self._d(active, d)
            rows = [self._operands_with(active, slope[k]) for k in range(len(slope))]
            return torch.stack([self.slopes.partial_at(self.number, active, row) for row in rows])

        if all(not t.rank for t in self.slopes.typed.types):
            yield self._mistake(
                Code.INNER_NOT_KEPT,
                at_slope,
                lambda: f"the derivative of {self._shown()} is f'(g(x)) g'(x), not f'(g'(x))",
            )

    def _others(self, inner: int) -> Iterator[tuple[torch.Tensor, str]]:
        """What may stand for the inner function: the input itself, where it has the inner function's shape."""
        for name in self.slopes.wrt:
            x = self.slopes.inputs[name]
            if x.shape[2:] == self.slopes.typed.types[inner].shape:
                yield x, name

    def _unit(self, inner: int) -> Slope | None:
        """The slope 1 for the inner function; None where it has another shape than what is differentiated by."""
        shape = self.slopes.typed.types[inner].shape
        if len(self.slopes.wrt) > 1:
            return torch.ones(1, self.slopes.count, 1, dtype=torch.float64) if not shape else None
        name = self.slopes.wrt[0]
        return self.slopes.identity(name) if self.slopes.inputs[name].shape[2:] == shape else None

    def _inner_factor(self, inner: int) -> str:
        text = slope_text(self.slopes, inner)
        return f": factor {text}" if text else f", that of `{written(self.slopes.typed.program, inner)}`"

    # Parts of rules.

    def _mistake(self, code: Code, rule: Rule, message: Callable[[], str]) -> Mistake:
        return Mistake(code, self.number, rule, message)

    def _d(self, operand: int, d: Sequence[Slope | None]) -> Slope:
        slope = d[operand]
        assert slope is not None
        return self.slopes.lined(slope, self.number)

    def _part(self, operand: int, d: Sequence[Slope | None]) -> Slope:
        slope = d[operand]
        assert slope is not None
        return self.slopes.part(self.number, operand, slope)

    def _sum(self, operands: Sequence[int], d: Sequence[Slope | None]) -> Slope:
        parts = [self._part(k, d) for k in operands]
        parts.append(0 * self._part(next(k for k in self.active if k not in operands), d))
        return torch.stack(torch.broadcast_tensors(*parts)).sum(0)

    def _values(self) -> tuple[torch.Tensor, torch.Tensor]:
        return self.slopes.operand(self.number, 0), self.slopes.operand(self.number, 1)

    def _operands_with(self, active: int, x: torch.Tensor) -> list[torch.Tensor]:
        numbers = [k for k in self.node.operands if k is not None]
        return [x if place == active else self.slopes.value(k, self.number) for place, k in enumerate(numbers)]

    def _operand(self, place: int) -> str:
        return f"`{written(self.slopes.typed.program, self.node.operands[place] or 0)}`"

    def _shown(self) -> str:
        return f"`{self.text}`"


def slope_text(slopes: Slopes, node: int) -> str:
    """The derivative of a node as text, where it is short enough to name."""
    from ...language import check, parse
    from ...program import Limits, Refusal
    from ...symbolic import derive

    program = slopes.typed.program
    if len(slopes.wrt) != 1 or slopes.typed.types[node].rank:
        return ""
    match program.nodes[node]:
        case Literal():
            return "0"
    inner = whole(program, node)
    types = {n.name: slopes.typed.types[k] for k, n in enumerate(program.nodes) if isinstance(n, Input)}
    try:
        typed = check(parse(inner, tuple(types), Limits()), types, Limits())
    except Refusal:
        return ""
    found = dict(derive(typed, slopes.wrt).inputs).get(slopes.wrt[0])
    text = found.jacobian.text if found else ""
    return f"`{text}`" if text and len(text) < 40 and "\n" not in text else ""
