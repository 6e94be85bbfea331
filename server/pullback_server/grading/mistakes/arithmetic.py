"""Mistakes with sums, products and quotients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch

from ..codes import Mistake
from .site import Site, TreeMistake
from .slopes import Rule, Slope


def of_terms(site: Site) -> Iterator[TreeMistake]:
    """Of a node with several operands that vary: one of the terms is left out."""
    for left_out in site.active if len(site.active) > 1 else ():
        message = f"a term is missing: the one from differentiating {site.operand_text(left_out)} in {site.text}"
        yield site.mistake(Mistake.MISSING_TERM, _without_term(site, left_out), message)


def of_sums(site: Site) -> Iterator[TreeMistake]:
    """Of a sum or difference: the sign of one term; a constant that stays."""
    if site.active == [0, 1]:
        for place in (1, 0):
            message = f"the sign of the derivative of {site.operand_text(place)} in {site.text} is wrong"
            yield site.mistake(Mistake.SIGN, _with_wrong_sign(site, place), message)
        return
    (active,) = site.active
    constant = site.operand(1 - active)
    kept = -constant if site.name == "sub" and active == 0 else constant
    message = f"{site.operand_text(1 - active)} in {site.text} is constant: its derivative is 0"
    yield site.mistake(Mistake.NOT_DIFFERENTIATED, lambda slopes: site.part(active, slopes) + kept, message)


def of_factors(site: Site) -> Iterator[TreeMistake]:
    """Of a product with a constant, or a quotient by one: the constant is lost."""
    (active,) = site.active
    message = f"the factor {site.operand_text(1 - active)} of {site.text} is lost"
    if site.name == "div":
        message = f"the divisor {site.operand_text(1)} of {site.text} is lost"
    yield site.mistake(Mistake.CONSTANT_FACTOR, site.partial_rule(active, torch.ones_like(site.value)), message)


def of_products(site: Site) -> Iterator[TreeMistake]:
    """Of a product of two parts that vary."""
    f, g = site.operand(0), site.operand(1)

    def derivatives(df: Slope, dg: Slope) -> dict[str, Slope]:
        return {
            "f'g'": df * dg,
            "ff' + gg'": f * df + g * dg,
            "f'g - fg'": g * df - f * dg,
            "fg' - f'g": f * dg - g * df,
            "f' + g'": df + dg,
        }

    rule = f"the product rule for {site.text} is (fg)' = f'g + fg'"
    yield from _of_two(site, Mistake.PRODUCT_RULE, rule, derivatives)


def of_quotients(site: Site) -> Iterator[TreeMistake]:
    """Of a quotient whose divisor varies."""
    f, g = site.operand(0), site.operand(1)

    def derivatives(df: Slope, dg: Slope) -> dict[str, Slope]:
        return {
            "f'/g'": df / dg,
            "(fg' - f'g)/g^2": (f * dg - df * g) / g**2,
            "(f'g - fg')/g": (df * g - f * dg) / g,
            "(f'g + fg')/g^2": (df * g + f * dg) / g**2,
            "f'g - fg'": df * g - f * dg,
            "(fg' - f'g)/g": (f * dg - df * g) / g,
            "(ff' - gg')/g^2": (f * df - g * dg) / g**2,
            "(f'g - fg')/g'^2": (df * g - f * dg) / dg**2,
            "(f'g' - fg)/g^2": (df * dg - f * g) / g**2,
        }

    rule = f"the quotient rule for {site.text} is (f/g)' = (f'g - fg')/g^2"
    yield from _of_two(site, Mistake.QUOTIENT_RULE, rule, derivatives)


def _of_two(
    site: Site, code: Mistake, right_rule: str, derivatives: Callable[[Slope, Slope], dict[str, Slope]]
) -> Iterator[TreeMistake]:
    """The wrong derivatives of f and g together, by how each is written; f may be constant."""
    for name in derivatives(torch.zeros(()), torch.zeros(())):

        def rule(slopes: Sequence[Slope | None], name: str = name) -> Slope:
            dg = site.slope(1, slopes)
            return derivatives(site.slope(0, slopes) if 0 in site.active else torch.zeros_like(dg), dg)[name]

        yield site.mistake(code, rule, f"{right_rule}, not {name}")


def _without_term(site: Site, left_out: int) -> Rule:
    def rule(slopes: Sequence[Slope | None]) -> Slope:
        parts = [site.part(k, slopes) * (k != left_out) for k in site.active]
        return sum(parts[1:], parts[0])

    return rule


def _with_wrong_sign(site: Site, place: int) -> Rule:
    return lambda slopes: site.part(1 - place, slopes) - site.part(place, slopes)
