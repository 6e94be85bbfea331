"""Polynomials with rational coefficients and whole exponents of either sign, and their quotients; bounded in work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

#: Generators by number with their exponents, in the order of the numbers.
Monomial = tuple[tuple[int, int], ...]
Terms = Mapping[Monomial, Fraction]

#: Exponents up to which powers are multiplied out.
LARGEST_EXPONENT = 24
#: Bits of a coefficient.
LARGEST_COEFFICIENT = 512


class TooLarge(Exception):
    """The work or the numbers are more than a confirmation is worth."""


@dataclass
class Work:
    """How many products of terms may still be made; the same for everybody, unlike time."""

    left: int

    def spend(self, products: int) -> None:
        """Raises TooLarge when nothing is left."""
        self.left -= products
        if self.left < 0:
            raise TooLarge


def constant(value: Fraction | int) -> Terms:
    """The polynomial of one number.

    >>> constant(0), constant(2)
    ({}, {(): Fraction(2, 1)})
    """
    return {(): Fraction(value)} if value else {}


def added(a: Terms, b: Terms, factor: int = 1) -> Terms:
    """a + factor*b."""
    found = dict(a)
    for monomial, c in b.items():
        total = found.get(monomial, Fraction(0)) + factor * c
        if total:
            found[monomial] = total
        else:
            found.pop(monomial, None)
    return found


def multiplied(a: Terms, b: Terms, work: Work) -> Terms:
    """a*b; raises TooLarge."""
    work.spend(len(a) * len(b))
    found: dict[Monomial, Fraction] = {}
    for m, c in a.items():
        for n, d in b.items():
            product, total = times(m, n), c * d
            if product in found:
                total += found[product]
            if total.numerator.bit_length() + total.denominator.bit_length() > LARGEST_COEFFICIENT:
                raise TooLarge
            if total:
                found[product] = total
            else:
                found.pop(product, None)
    return found


def times(m: Monomial, n: Monomial) -> Monomial:
    """The product of two monomials.

    >>> times(((0, 1), (2, 1)), ((2, -1), (3, 2)))
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

    over: Terms
    under: Terms

    @property
    def key(self) -> tuple[tuple[tuple[Monomial, Fraction], ...], ...]:
        """What two quotients written alike have in common."""
        return tuple(tuple(sorted(terms.items())) for terms in (self.over, self.under))

    def number(self) -> Fraction | None:
        """The number that it is, if it is one."""
        if not self.over:
            return Fraction(0)
        if set(self.over) == {()} and set(self.under) == {()}:
            return self.over[()] / self.under[()]
        return None

    def parts(self) -> Iterator[tuple[Fraction, Quotient]]:
        """The terms of what is over, each with its coefficient."""
        for monomial, c in sorted(self.over.items()):
            yield c, reduced({monomial: Fraction(1)}, self.under)


def reduced(over: Terms, under: Terms) -> Quotient:
    """A quotient whose divisor begins with the coefficient 1 and has no monomial in common with what is over."""
    if not under:
        raise ZeroDivisionError
    first = min(under)
    lead = under[first]
    if len(under) == 1:
        inverse = tuple((g, -e) for g, e in first)
        return Quotient({times(m, inverse): c / lead for m, c in over.items()}, {(): Fraction(1)})
    if lead != 1:
        over, under = ({m: c / lead for m, c in terms.items()} for terms in (over, under))
    return Quotient(over, under)
