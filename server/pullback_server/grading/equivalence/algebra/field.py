"""Elementary functions as quotients of polynomials in what cannot be decomposed: inputs, roots, logarithms, e^u.

Sines and cosines are sums of e^(iu), hyperbolic ones of e^u, so that their identities are arithmetic. A logarithm of a
product of numbers is a sum; arguments of roots and logarithms are assumed positive, since numbers decide first.
"""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction

from ....program import Work
from .polynomials import LARGEST_EXPONENT, Monomial, Quotient, Terms, TooLarge, add, constant, multiply, quotient

#: Logarithms of integers are decomposed into those of prime factors below this.
LARGEST_PRIME = 1000


class Field:
    """Arithmetic on quotients, and their generators: each has a key that says what it is."""

    def __init__(self, work: int) -> None:
        self.work = Work(work)
        self._numbers: dict[Hashable, int] = {}
        #: For a generator whose power is a polynomial the exponent and the polynomial, as i^2 = -1.
        self._powers: dict[int, tuple[int, Terms]] = {}
        #: The function and the argument that a generator stands for, except for inputs and constants.
        self.arguments: dict[int, tuple[str, Quotient]] = {}
        self.imaginary = self._generator(("i",))
        self._powers[self.imaginary] = (2, constant(-1))

    def copy(self, work: int) -> Field:
        """A copy with the same generators, to which others can be added without changing these, and work to spend."""
        other = Field(work)
        other._numbers, other._powers = dict(self._numbers), dict(self._powers)
        other.arguments = dict(self.arguments)
        return other

    def number(self, value: Fraction | int) -> Quotient:
        """A rational number."""
        return Quotient(constant(value), constant(1))

    def symbol(self, name: str) -> Quotient:
        """An input, or a constant such as pi."""
        return self.power_of(self.generator(name))

    def generator(self, name: str) -> int:
        """The generator of an input."""
        return self._generator(("symbol", name))

    def power_of(self, generator: int, exponent: int = 1, coefficient: Fraction | int = 1) -> Quotient:
        """A generator to a power, times a number."""
        return Quotient({((generator, exponent),): Fraction(coefficient)}, constant(1))

    def plus(self, a: Quotient, b: Quotient, factor: int = 1) -> Quotient:
        """a + factor*b."""
        if a.denominator == b.denominator:
            return quotient(add(a.numerator, b.numerator, factor), a.denominator)
        numerator = add(self._times(a.numerator, b.denominator), self._times(b.numerator, a.denominator), factor)
        return quotient(numerator, self._times(a.denominator, b.denominator))

    def times(self, a: Quotient, b: Quotient) -> Quotient:
        """a*b."""
        if a.numerator == b.denominator:
            return quotient(b.numerator, a.denominator)
        if b.numerator == a.denominator:
            return quotient(a.numerator, b.denominator)
        return quotient(self._times(a.numerator, b.numerator), self._times(a.denominator, b.denominator))

    def over(self, a: Quotient, b: Quotient) -> Quotient:
        """a/b; raises ZeroDivisionError."""
        return self.times(a, quotient(b.denominator, b.numerator))

    def power(self, a: Quotient, n: Fraction) -> Quotient:
        """a to a rational power."""
        if n < 0:
            return self.over(self.number(1), self.power(a, -n))
        if n.numerator > LARGEST_EXPONENT or n.denominator > LARGEST_EXPONENT:
            raise TooLarge
        base = a if n.denominator == 1 else self.root(a, n.denominator)
        result = self.number(1)
        for _ in range(n.numerator):
            result = self.times(result, base)
        return result

    def root(self, a: Quotient, index: int) -> Quotient:
        """The positive root."""
        if a.number() == 1:
            return a
        numerator, denominator = (self._root(terms, index) for terms in (a.numerator, a.denominator))
        return self.over(numerator, denominator)

    def log(self, a: Quotient) -> Quotient:
        """The logarithm: of integers by their prime factors, of a product with a number as a sum."""
        number = a.number()
        if number is not None and number > 0:
            return self._log_of_number(number)
        lead = a.numerator[min(a.numerator)] if a.numerator else Fraction(0)
        if lead > 0 and lead != 1:
            rest = Quotient({m: c / lead for m, c in a.numerator.items()}, a.denominator)
            return self.plus(self._log_of_number(lead), self.opaque("log", rest))
        return self.opaque("log", a)

    def exp(self, a: Quotient) -> Quotient:
        """e^a as a product over the terms of a; e^(n log u) is u^n."""
        result = self.number(1)
        for coefficient, part in a.parts():
            result = self.times(result, self._exp_of(coefficient, part))
        return result

    def opaque(self, name: str, a: Quotient) -> Quotient:
        """A function of which only the name and the argument are known."""
        generator = self._generator((name, a.key))
        self.arguments[generator] = (name, a)
        return self.power_of(generator)

    def absolute(self, a: Quotient) -> Quotient:
        """|a|, whose square is that of a."""
        absolute = self.opaque("abs", a)
        generator = next(iter(absolute.numerator))[0][0]
        if a.denominator == constant(1):
            self._powers[generator] = (2, self._times(a.numerator, a.numerator))
        return absolute

    def equal(self, a: Quotient, b: Quotient) -> bool:
        """Whether the two are the same function, as far as arithmetic shows."""
        return not add(self._times(a.numerator, b.denominator), self._times(b.numerator, a.denominator), -1)

    def _exp_of(self, coefficient: Fraction, part: Quotient) -> Quotient:
        # Half of each term is the unit, so that half angles are integer powers.
        exponent = 2 * coefficient
        if exponent.denominator != 1 or abs(exponent) > 2 * LARGEST_EXPONENT:
            multiple = Quotient({m: c * coefficient for m, c in part.numerator.items()}, part.denominator)
            return self.opaque("exp", multiple)
        if coefficient.denominator == 1 and part.denominator == constant(1) and len(part.numerator) == 1:
            (monomial,) = part.numerator
            known = self.arguments.get(monomial[0][0]) if len(monomial) == 1 and monomial[0][1] == 1 else None
            if known is not None and known[0] == "log":
                return self.power(known[1], coefficient)
        generator = self._generator(("half exp", part.key))
        self.arguments[generator] = ("half exp", part)
        return self.power_of(generator, int(exponent))

    def _root(self, terms: Terms, index: int) -> Quotient:
        if terms == constant(1):
            return self.number(1)
        lead = abs(terms[min(terms)]) if terms else Fraction(1)
        if lead != 1 and len(terms) > 1:
            rest = self._root({m: c / lead for m, c in terms.items()}, index)
            return self.times(self.root(self.number(lead), index), rest)
        integer = round(float(lead) ** (1 / index)) if lead.denominator == 1 and lead < LARGEST_PRIME**2 else 0
        if set(terms) == {()} and terms[()] > 0 and integer**index == lead:
            return self.number(integer)
        a = Quotient(terms, constant(1))
        generator = self._generator((f"root {index}", a.key))
        self.arguments[generator] = (f"root {index}", a)
        self._powers[generator] = (index, terms)
        return self.power_of(generator)

    def _log_of_number(self, value: Fraction) -> Quotient:
        total = self.number(0)
        for n, sign in ((value.numerator, 1), (value.denominator, -1)):
            for prime in range(2, LARGEST_PRIME):
                while n % prime == 0:
                    n //= prime
                    total = self.plus(total, self.opaque("log", self.number(prime)), sign)
            if n > 1:
                total = self.plus(total, self.opaque("log", self.number(n)), sign)
        return total

    def _times(self, a: Terms, b: Terms) -> Terms:
        return self._reduce_powers(multiply(a, b, self.work))

    def _reduce_powers(self, terms: Terms) -> Terms:
        """The terms with i^2, and the integer powers of roots, replaced by what they are."""
        for monomial in terms:
            for generator, e in monomial:
                known = self._powers.get(generator)
                if known is not None and not 0 <= e < known[0]:
                    return self._reduce_power(terms, monomial, generator, e)
        return terms

    def _reduce_power(self, terms: Terms, monomial: Monomial, generator: int, e: int) -> Terms:
        power, value = self._powers[generator]
        if e < 0 and len(value) > 1:
            # A root under a sum stays where it is.
            return terms
        rest = {m: c for m, c in terms.items() if m != monomial}
        times, left = divmod(e, power)
        if abs(times) > LARGEST_EXPONENT:
            raise TooLarge
        others = tuple((g, left if g == generator else k) for g, k in monomial if g != generator or left)
        part: Terms = {others: terms[monomial]}
        if times < 0:
            ((m, c),) = value.items()
            value, times = {tuple((g, -k) for g, k in m): 1 / c}, -times
        for _ in range(times):
            part = multiply(part, value, self.work)
        return self._reduce_powers(add(rest, part))

    def _generator(self, key: Hashable) -> int:
        return self._numbers.setdefault(key, len(self._numbers))
