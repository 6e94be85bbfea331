"""The functions of school as quotients of polynomials in what cannot be taken apart: inputs, roots, logarithms, e^u.

Sines and cosines are sums of e^(iu), hyperbolic ones of e^u, so that their identities are arithmetic. A logarithm of a
product of numbers is a sum; what is positive under a root or a logarithm is taken for such, since numbers decide first.
"""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction

from .polynomials import (
    LARGEST_EXPONENT,
    Monomial,
    Quotient,
    Terms,
    TooLarge,
    Work,
    added,
    constant,
    multiplied,
    reduced,
)

#: Prime factors up to which logarithms of whole numbers are taken apart.
LARGEST_PRIME = 1000


class Field:
    """Arithmetic on quotients whose generators it keeps: each has a name that says what it is."""

    def __init__(self, work: int) -> None:
        self.work = Work(work)
        self._numbers: dict[Hashable, int] = {}
        #: What a power of a generator comes to: the exponent, and what stands for it.
        self._powers: dict[int, tuple[int, Terms]] = {}
        #: The arguments of roots, logarithms, exponentials and opaque functions, for their derivatives.
        self.arguments: dict[int, tuple[str, Quotient]] = {}
        self.imaginary = self._generator(("i",))
        self._powers[self.imaginary] = (2, constant(-1))

    def copy(self, work: int) -> Field:
        """The same generators, to which others are added without changing these, and work to spend."""
        other = Field(work)
        other._numbers, other._powers = dict(self._numbers), dict(self._powers)
        other.arguments = dict(self.arguments)
        return other

    def number(self, value: Fraction | int) -> Quotient:
        """A rational number."""
        return Quotient(constant(value), constant(1))

    def named(self, name: str) -> Quotient:
        """An input, or a constant such as pi."""
        return self._alone(self._generator(("named", name)))

    def name(self, name: str) -> int:
        """The generator of an input."""
        return self._generator(("named", name))

    def plus(self, a: Quotient, b: Quotient, factor: int = 1) -> Quotient:
        """a + factor*b."""
        if a.under == b.under:
            return reduced(added(a.over, b.over, factor), a.under)
        over = added(self._times(a.over, b.under), self._times(b.over, a.under), factor)
        return reduced(over, self._times(a.under, b.under))

    def times(self, a: Quotient, b: Quotient) -> Quotient:
        """a*b."""
        if a.over == b.under:
            return reduced(b.over, a.under)
        if b.over == a.under:
            return reduced(a.over, b.under)
        return reduced(self._times(a.over, b.over), self._times(a.under, b.under))

    def over(self, a: Quotient, b: Quotient) -> Quotient:
        """a/b; raises ZeroDivisionError."""
        return self.times(a, reduced(b.under, b.over))

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
        over, under = (self._root(terms, index) for terms in (a.over, a.under))
        return self.over(over, under)

    def log(self, a: Quotient) -> Quotient:
        """The logarithm: of whole numbers by their prime factors, of a product with a number as a sum."""
        whole = a.number()
        if whole is not None and whole > 0:
            return self._log_of_number(whole)
        lead = a.over[min(a.over)] if a.over else Fraction(0)
        if lead > 0 and lead != 1:
            rest = Quotient({m: c / lead for m, c in a.over.items()}, a.under)
            return self.plus(self._log_of_number(lead), self.opaque("log", rest))
        return self.opaque("log", a)

    def exp(self, a: Quotient) -> Quotient:
        """e^a as a product over the terms of a; e^(n log u) is u^n."""
        result = self.number(1)
        for coefficient, part in a.parts():
            result = self.times(result, self._exp_of(coefficient, part))
        return result

    def opaque(self, name: str, a: Quotient) -> Quotient:
        """A function of which nothing is known but its name and its argument."""
        generator = self._generator((name, a.key))
        self.arguments[generator] = (name, a)
        return self._alone(generator)

    def absolute(self, a: Quotient) -> Quotient:
        """|a|, whose square is that of a."""
        found = self.opaque("abs", a)
        generator = next(iter(found.over))[0][0]
        if a.under == constant(1):
            self._powers[generator] = (2, self._times(a.over, a.over))
        return found

    def argument(self, generator: int) -> tuple[str, Quotient] | None:
        """The function and the argument that a generator stands for; None for inputs and numbers."""
        return self.arguments.get(generator)

    def equal(self, a: Quotient, b: Quotient) -> bool:
        """Whether the two are the same function, as far as arithmetic tells."""
        return not added(self._times(a.over, b.under), self._times(b.over, a.under), -1)

    def _exp_of(self, coefficient: Fraction, part: Quotient) -> Quotient:
        # Half of each term is the unit, so that half angles are whole powers.
        exponent = 2 * coefficient
        if exponent.denominator != 1 or abs(exponent) > 2 * LARGEST_EXPONENT:
            return self.opaque("exp", Quotient({m: c * coefficient for m, c in part.over.items()}, part.under))
        if coefficient.denominator == 1 and part.under == constant(1) and len(part.over) == 1:
            (monomial,) = part.over
            known = self.arguments.get(monomial[0][0]) if len(monomial) == 1 and monomial[0][1] == 1 else None
            if known is not None and known[0] == "log":
                return self.power(known[1], coefficient)
        generator = self._generator(("half exp", part.key))
        self.arguments[generator] = ("half exp", part)
        return Quotient({((generator, int(exponent)),): Fraction(1)}, constant(1))

    def _root(self, terms: Terms, index: int) -> Quotient:
        if terms == constant(1):
            return self.number(1)
        lead = abs(terms[min(terms)]) if terms else Fraction(1)
        if lead != 1 and len(terms) > 1:
            rest = self._root({m: c / lead for m, c in terms.items()}, index)
            return self.times(self.root(self.number(lead), index), rest)
        whole = round(float(lead) ** (1 / index)) if lead.denominator == 1 and lead < LARGEST_PRIME**2 else 0
        if set(terms) == {()} and terms[()] > 0 and whole**index == lead:
            return self.number(whole)
        a = Quotient(terms, constant(1))
        generator = self._generator((f"root {index}", a.key))
        self.arguments[generator] = (f"root {index}", a)
        self._powers[generator] = (index, terms)
        return self._alone(generator)

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
        return self._settled(multiplied(a, b, self.work))

    def _settled(self, terms: Terms) -> Terms:
        """The terms with i^2, and the powers of roots that are whole, worked out."""
        for monomial in terms:
            for generator, e in monomial:
                known = self._powers.get(generator)
                if known is not None and not 0 <= e < known[0]:
                    return self._rewritten(terms, monomial, generator, e, known)
        return terms

    def _rewritten(self, terms: Terms, monomial: Monomial, generator: int, e: int, known: tuple[int, Terms]) -> Terms:
        power, value = known
        if e < 0 and len(value) > 1:
            # A root under a sum stays where it is.
            return terms
        rest = {m: c for m, c in terms.items() if m != monomial}
        whole, left = divmod(e, power)
        if abs(whole) > LARGEST_EXPONENT:
            raise TooLarge
        others = tuple((g, left if g == generator else k) for g, k in monomial if g != generator or left)
        part: Terms = {others: terms[monomial]}
        if whole < 0:
            ((m, c),) = value.items()
            value, whole = {tuple((g, -k) for g, k in m): 1 / c}, -whole
        for _ in range(whole):
            part = multiplied(part, value, self.work)
        return self._settled(added(rest, part))

    def _generator(self, name: Hashable) -> int:
        return self._numbers.setdefault(name, len(self._numbers))

    def _alone(self, generator: int) -> Quotient:
        return Quotient({((generator, 1),): Fraction(1)}, constant(1))
