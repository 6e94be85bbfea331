"""Proofs that an answer is the derivative: both as quotients of polynomials, f differentiated by the usual rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache

from ....program import Apply, Input, Literal, OverBudget, Program, Size
from ...points.precise import intended_fraction
from .field import Field
from .polynomials import Quotient, Terms, TooLarge, constant, quotient

#: Products of terms that a proof may take: some milliseconds, and as many for the derivative.
WORK = 4_000


class NoProof(Exception):
    """An operator that the rules here do not cover."""


#: What a function makes of its argument.
Rule = Callable[[Field, Quotient], Quotient]

_UNPROVEN = (NoProof, OverBudget, TooLarge, ZeroDivisionError, RecursionError, OverflowError)


class Proof:
    """The derivative of one program, with which answers are compared; what is too large or unknown proves nothing."""

    def __init__(self, program: Program, chain: Sequence[str]) -> None:
        self._field = Field(WORK)
        self._right: Quotient | None = None
        try:
            right = _of_program(self._field, program)
            for name in chain:
                right = _Derivative(self._field, name).of(right)
            self._right = right
        except _UNPROVEN:
            return

    def confirms(self, answer: Program) -> str:
        """`identical` where the two have the same terms, `symbolic` where their difference is 0, or empty.

        >>> from ....language import parse
        >>> from ....program import Limits
        >>> f, answer = (parse(t, ["x"], Limits()) for t in ("sin(x)**2", "sin(2*x)"))
        >>> Proof(f, ["x"]).confirms(answer)
        'identical'
        """
        right = self._right
        if right is None:
            return ""
        field = self._field.copy(WORK)
        try:
            value = _of_program(field, answer)
            if value.key == right.key:
                return "identical"
            return "symbolic" if field.equal(value, right) else ""
        except _UNPROVEN:
            return ""


def _of_program(field: Field, program: Program) -> Quotient:
    values: list[Quotient] = []
    for node in program.nodes:
        match node:
            case Input(name=name):
                values.append(field.symbol(name))
            case Literal(value=value, name=name):
                values.append(_literal(field, value, name))
            case Apply(operator=operator, operands=operands, arguments=()):
                values.append(_apply(field, operator, [values[k] for k in operands if k is not None]))
            case _:
                raise NoProof
    return values[program.output]


def _literal(field: Field, value: bool | int | float | Size, name: str) -> Quotient:
    if name == "e":
        return field.exp(field.number(1))
    if name == "pi":
        return field.symbol("pi of the language")
    if isinstance(value, Size | bool) or name:
        raise NoProof
    fraction = intended_fraction(value)
    if fraction is None:
        raise NoProof
    return field.number(fraction)


def _apply(field: Field, operator: str, operands: list[Quotient]) -> Quotient:
    match operands:
        case [a] if operator in _FUNCTIONS:
            return _FUNCTIONS[operator](field, a)
        case [a, b] if operator in _OPERATORS:
            return _OPERATORS[operator](field, a, b)
    raise NoProof


def _power(field: Field, a: Quotient, b: Quotient) -> Quotient:
    n = b.number()
    return field.power(a, n) if n is not None else field.exp(field.times(b, field.log(a)))


def _exponentials(field: Field, u: Quotient) -> tuple[Quotient, Quotient]:
    """e^u and e^(-u)."""
    exponential = field.exp(u)
    return exponential, field.over(field.number(1), exponential)


def _complex_exponentials(field: Field, u: Quotient) -> tuple[Quotient, Quotient]:
    """e^(iu) and e^(-iu)."""
    return _exponentials(field, field.times(field.power_of(field.imaginary), u))


def _sin(field: Field, u: Quotient) -> Quotient:
    factor = field.power_of(field.imaginary, coefficient=Fraction(-1, 2))
    return field.times(factor, field.plus(*_complex_exponentials(field, u), -1))


def _cos(field: Field, u: Quotient) -> Quotient:
    return field.times(field.number(Fraction(1, 2)), field.plus(*_complex_exponentials(field, u)))


def _hyperbolic(sign: int) -> Rule:
    def half_sum(field: Field, u: Quotient) -> Quotient:
        return field.times(field.number(Fraction(1, 2)), field.plus(*_exponentials(field, u), sign))

    return half_sum


_sinh, _cosh = _hyperbolic(-1), _hyperbolic(1)


def _sigmoid(field: Field, u: Quotient) -> Quotient:
    exponential = field.exp(u)
    return field.over(exponential, field.plus(exponential, field.number(1)))


def _logarithm(base: int) -> Rule:
    return lambda field, u: field.over(field.log(u), field.log(field.number(base)))


def _opaque(name: str) -> Rule:
    return lambda field, u: field.opaque(name, u)


# fmt: off
#: The derivatives of the opaque functions, and of what a field makes opaque.
_DERIVATIVES: dict[str, Rule] = {
    "log":   lambda field, u: field.over(field.number(1), u),
    "exp":   Field.exp,
    "abs":   lambda field, u: field.over(u, field.absolute(u)),
    "asin":  lambda field, u: _over_root(field, 1, -1, u),
    "acos":  lambda field, u: field.times(field.number(-1), _over_root(field, 1, -1, u)),
    "asinh": lambda field, u: _over_root(field, 1, 1, u),
    "acosh": lambda field, u: _over_root(field, -1, 1, u),
    "atan":  lambda field, u: field.over(field.number(1), _square_plus(field, 1, 1, u)),
    "atanh": lambda field, u: field.over(field.number(1), _square_plus(field, 1, -1, u)),
    "erf":   lambda field, u: field.over(
        field.times(field.number(2), field.exp(field.times(field.number(-1), field.times(u, u)))),
        field.root(field.symbol("pi of the language"), 2)),
}

#: The operators of a program that have two operands.
_OPERATORS: dict[str, Callable[[Field, Quotient, Quotient], Quotient]] = {
    "add": Field.plus, "sub": lambda field, a, b: field.plus(a, b, -1), "mul": Field.times, "div": Field.over,
    "pow": _power,
}

#: Those that have one: opaque functions, and those that are expressions in others.
_FUNCTIONS: dict[str, Rule] = {
    **{name: _opaque(name) for name in _DERIVATIVES},
    "neg": lambda field, u: field.times(field.number(-1), u), "positive": lambda field, u: u,
    "exp": Field.exp, "log": Field.log, "sin": _sin, "cos": _cos, "sinh": _sinh, "cosh": _cosh, "sigmoid": _sigmoid,
    "tan": lambda field, u: field.over(_sin(field, u), _cos(field, u)),
    "tanh": lambda field, u: field.over(_sinh(field, u), _cosh(field, u)),
    "sqrt": lambda field, u: field.root(u, 2),
    "rsqrt": lambda field, u: field.over(field.number(1), field.root(u, 2)),
    "square": lambda field, u: field.times(u, u),
    "reciprocal": lambda field, u: field.over(field.number(1), u),
    "exp2": lambda field, u: field.exp(field.times(u, field.log(field.number(2)))),
    "expm1": lambda field, u: field.plus(field.exp(u), field.number(1), -1),
    "log1p": lambda field, u: field.log(field.plus(u, field.number(1))),
    "log2": _logarithm(2), "log10": _logarithm(10), "abs": Field.absolute,
    "sign": lambda field, u: field.over(field.absolute(u), u),
    "softplus": lambda field, u: field.log(field.plus(field.exp(u), field.number(1))),
    "silu": lambda field, u: field.times(u, _sigmoid(field, u)),
}
# fmt: on


def _square_plus(field: Field, number: int, sign: int, u: Quotient) -> Quotient:
    return field.plus(field.number(number), field.times(u, u), sign)


def _over_root(field: Field, number: int, sign: int, u: Quotient) -> Quotient:
    return field.over(field.number(1), field.root(_square_plus(field, number, sign, u), 2))


class _Derivative:
    """d/dx of quotients, generator by generator."""

    def __init__(self, field: Field, name: str) -> None:
        self._field, self._x = field, field.generator(name)
        self._of_generator = cache(self._derive)

    def of(self, a: Quotient) -> Quotient:
        """The derivative."""
        field = self._field
        numerator = self._of_terms(a.numerator)
        if a.denominator == constant(1):
            return numerator
        product = field.times(quotient(a.numerator, a.denominator), self._of_terms(a.denominator))
        return field.over(field.plus(numerator, product, -1), Quotient(a.denominator, constant(1)))

    def _of_terms(self, terms: Terms) -> Quotient:
        field, total = self._field, self._field.number(0)
        for monomial, c in terms.items():
            for generator, e in monomial:
                derivative = self._of_generator(generator)
                if not derivative.numerator:
                    continue
                rest = tuple((g, k - (g == generator)) for g, k in monomial if g != generator or k != 1)
                total = field.plus(total, field.times(Quotient({rest: c * e}, constant(1)), derivative))
        return total

    def _derive(self, generator: int) -> Quotient:
        field = self._field
        if generator == self._x:
            return field.number(1)
        known = field.arguments.get(generator)
        if known is None:
            return field.number(0)
        name, u = known
        inner = self.of(u)
        value = field.power_of(generator)
        if name == "half exp":
            return field.times(field.times(field.number(Fraction(1, 2)), value), inner)
        if name.startswith("root "):
            return field.over(field.times(value, inner), field.times(field.number(int(name[5:])), u))
        if name not in _DERIVATIVES:
            raise NoProof
        return field.times(_DERIVATIVES[name](field, u), inner)
