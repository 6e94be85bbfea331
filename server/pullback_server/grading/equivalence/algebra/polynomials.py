"""Polynomials with rational coefficients and integer exponents of either sign, and their quotients; bounded in work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from ....program import Work

#: Generators by number with their exponents, in the order of the numbers.
Monomial = tuple[tuple[int, int], ...]
Terms = Mapping[Monomial, Fraction]

#: The largest exponent up to which powers are multiplied out.
LARGEST_EXPONENT = 24
#: The most bits of a coefficient.
LARGEST_COEFFICIENT = 512


class TooLarge(Exception):
    """A proof takes larger numbers than it is worth."""


def constant(value: Fraction | int) -> Terms:
    """The polynomial of one number.

    >>> constant(0), constant(2)
    ({}, {(): Fraction(2, 1)})
    """
    return {(): Fraction(value)} if value else {}


def add(a: Terms, b: Terms, factor: int = 1) -> Terms:
    """a + factor*b."""
    total = dict(a)
    for monomial, c in b.items():
        coefficient = total.get(monomial, Fraction(0)) + factor * c
        if coefficient:
            total[monomial] = coefficient
        else:
            total.pop(monomial, None)
    return total


def multiply(a: Terms, b: Terms, work: Work) -> Terms:
    """a*b, whose work is its products of terms; raises OverBudget and TooLarge."""
    work.spend(len(a) * len(b))
    product: dict[Monomial, Fraction] = {}
    for m, c in a.items():
        for n, d in b.items():
            monomial, coefficient = multiply_monomials(m, n), c * d
            if monomial in product:
                coefficient += product[monomial]
            if coefficient.numerator.bit_length() + coefficient.denominator.bit_length() > LARGEST_COEFFICIENT:
                raise TooLarge
            if coefficient:
                product[monomial] = coefficient
            else:
                product.pop(monomial, None)
    return product


def multiply_monomials(m: Monomial, n: Monomial) -> Monomial:
    """The product of two monomials.

    >>> multiply_monomials(((0, 1), (2, 1)), ((2, -1), (3, 2)))
    ((0, 1), (3, 2))
    """
    if not m or not n:
        return m or n
    exponents = dict(m)
    for generator, e in n:
        exponents[generator] = exponents.get(generator, 0) + e
    return tuple(sorted((g, e) for g, e in exponents.items() if e))


@dataclass(frozen=True)
class Quotient:
    """A polynomial over another, which is not 0."""

    numerator: Terms
    denominator: Terms

    @property
    def key(self) -> tuple[tuple[tuple[Monomial, Fraction], ...], ...]:
        """The terms in a fixed order, the same for two quotients with the same terms."""
        return tuple(tuple(sorted(terms.items())) for terms in (self.numerator, self.denominator))

    def number(self) -> Fraction | None:
        """The number that it is, if it is one."""
        if not self.numerator:
            return Fraction(0)
        if set(self.numerator) == {()} and set(self.denominator) == {()}:
            return self.numerator[()] / self.denominator[()]
        return None

    def parts(self) -> Iterator[tuple[Fraction, Quotient]]:
        """The terms of the numerator, each over the denominator, with their coefficients."""
        for monomial, c in sorted(self.numerator.items()):
            yield c, quotient({monomial: Fraction(1)}, self.denominator)


def quotient(numerator: Terms, denominator: Terms) -> Quotient:
    """A quotient whose denominator begins with the coefficient 1, and is 1 where it has one term only."""
    if not denominator:
        raise ZeroDivisionError
    first = min(denominator)
    lead = denominator[first]
    if len(denominator) == 1:
        inverse = tuple((g, -e) for g, e in first)
        return Quotient({multiply_monomials(m, inverse): c / lead for m, c in numerator.items()}, {(): Fraction(1)})
    if lead != 1:
        numerator, denominator = ({m: c / lead for m, c in terms.items()} for terms in (numerator, denominator))
    return Quotient(numerator, denominator)
