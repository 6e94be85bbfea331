"""Mistakes with sums, products and quotients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from ..codes import Mistake
from .site import Site, TreeMistake
from .slopes import Rule, Slope


def of_terms(site: Site) -> Iterator[TreeMistake]:
    """Of a node with several operands that vary: one of the terms is left out."""
    for left_out in site.active if len(site.active) > 1 else ():
        message = f"a term is missing: the one from differentiating {site.text(left_out)} in {site.shown}"
        yield site.mistake(Mistake.MISSING_TERM, _without(site, left_out), message)


def of_sums(site: Site) -> Iterator[TreeMistake]:
    """Of a sum or difference: a sign of one term; a constant that stays."""
    if site.active == [0, 1]:
        for place in (1, 0):
            message = f"the sign of the derivative of {site.text(place)} in {site.shown} is wrong"
            yield site.mistake(Mistake.SIGN, _turned(site, place), message)
        return
    (active,) = site.active
    constant = site.operand(1 - active)
    kept = -constant if site.name == "sub" and active == 0 else constant
    message = f"{site.text(1 - active)} in {site.shown} is constant: its derivative is 0"

    def rule(d: Sequence[Slope | None]) -> Slope:
        return site.part(active, d) + kept

    yield site.mistake(Mistake.NOT_DIFFERENTIATED, rule, message)


def of_factors(site: Site) -> Iterator[TreeMistake]:
    """Of a product with a constant, or a quotient by one: the constant is lost."""
    (active,) = site.active
    message = f"the factor {site.text(1 - active)} of {site.shown} is lost"
    if site.name == "div":
        message = f"the divisor {site.text(1)} of {site.shown} is lost"
    yield site.mistake(Mistake.CONSTANT_FACTOR, site.scaled(active, torch.ones_like(site.value)), message)


def of_products(site: Site) -> Iterator[TreeMistake]:
    """Of a product of two parts that vary."""
    f, g = site.operand(0), site.operand(1)

    def rules(df: Slope, dg: Slope) -> dict[str, Slope]:
        return {
            "f'g'": df * dg,
            "ff' + gg'": f * df + g * dg,
            "f'g - fg'": g * df - f * dg,
            "fg' - f'g": f * dg - g * df,
            "f' + g'": df + dg,
        }

    shown = f"the product rule for {site.shown} is (fg)' = f'g + fg'"
    for name in rules(torch.zeros(()), torch.zeros(())):

        def rule(d: Sequence[Slope | None], name: str = name) -> Slope:
            return rules(site.slope(0, d), site.slope(1, d))[name]

        yield site.mistake(Mistake.PRODUCT_RULE, rule, f"{shown}, not {name}")


def of_quotients(site: Site) -> Iterator[TreeMistake]:
    """Of a quotient whose divisor varies."""
    f, g = site.operand(0), site.operand(1)

    def rules(df: Slope, dg: Slope) -> dict[str, Slope]:
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

    shown = f"the quotient rule for {site.shown} is (f/g)' = (f'g - fg')/g^2"
    for name in rules(torch.zeros(()), torch.zeros(())):

        def rule(d: Sequence[Slope | None], name: str = name) -> Slope:
            dg = site.slope(1, d)
            return rules(site.slope(0, d) if 0 in site.active else torch.zeros_like(dg), dg)[name]

        yield site.mistake(Mistake.QUOTIENT_RULE, rule, f"{shown}, not {name}")


def _without(site: Site, left_out: int) -> Rule:
    def rule(d: Sequence[Slope | None]) -> Slope:
        parts = [site.part(k, d) * (k != left_out) for k in site.active]
        return sum(parts[1:], parts[0])

    return rule


def _turned(site: Site, place: int) -> Rule:
    def rule(d: Sequence[Slope | None]) -> Slope:
        return site.part(1 - place, d) - site.part(place, d)

    return rule
