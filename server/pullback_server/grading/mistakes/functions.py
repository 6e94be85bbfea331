"""Mistakes with powers, exponentials and functions: not the derivative that the rule or the table has."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ..codes import Mistake
from .derivatives_of_functions import evaluate, mistaken_derivatives
from .site import Site, TreeMistake

#: Functions that are powers by another name, with their exponents.
POWERS = {"square": 2.0, "sqrt": 0.5, "reciprocal": -1.0, "rsqrt": -0.5}


def of_powers(site: Site) -> Iterator[TreeMistake]:
    """Of a power u^n whose base varies, also where it is written as a root or a reciprocal."""
    (active,) = site.active
    one = torch.tensor(1.0, dtype=torch.float64)
    if site.name in POWERS:
        exponent, factor = POWERS[site.name] * one, one
    elif site.name == "pow" and active == 0:
        exponent, factor = site.operand(1), one
    elif site.name == "div" and active == 1:
        exponent, factor = -one, site.operand(0)
    else:
        return
    rule = f"the power rule for {site.text} is (u^n)' = n u^(n-1) u'"
    for name, partial in _powers(site.operand(active), exponent).items():
        message = f"{rule}, with n u^(n-1) and not {name}"
        yield site.partial_mistake(Mistake.POWER_RULE, active, factor * partial, message)


def of_exponentials(site: Site) -> Iterator[TreeMistake]:
    """Of a^u, whose exponent alone varies."""
    a, u = site.operand(0), site.operand(1)
    power = a**u
    wrong = {
        "u a^(u-1) u': the exponent varies, not the base": u * a ** (u - 1),
        "a^u u': the factor ln(a) is missing": power,
        "a^u u'/ln(a)": power / torch.log(a),
        "u a^u u'": u * power,
        "its negative": -power * torch.log(a),
    }
    for name, partial in wrong.items():
        message = f"the derivative of {site.text} is a^u ln(a) u', not {name}"
        yield site.partial_mistake(Mistake.FUNCTION_DERIVATIVE, 1, partial, message)


def of_functions(site: Site) -> Iterator[TreeMistake]:
    """Of a function: its own value, the negative of its derivative, and what people mistake for it."""
    (active,) = site.active
    u = site.operand(active)
    wrong = {"its negative": -site.slopes.partial(site.number, active), f"{site.name}(x) itself": site.value}
    wrong |= {text: evaluate(forward, u) for text, forward in mistaken_derivatives(site.name)}
    for name, partial in wrong.items():
        message = f"the derivative of {site.name}(x), used for {site.text}, is not {name}"
        yield site.partial_mistake(Mistake.FUNCTION_DERIVATIVE, active, partial, message)
    # Without its inner derivative too, as in (e^2x)' = e^2x.
    message = f"{site.text} is not its own derivative"
    yield site.mistake(Mistake.FUNCTION_DERIVATIVE, site.fixed_rule(active, site.value), message)


def _powers(u: torch.Tensor, n: torch.Tensor) -> dict[str, torch.Tensor]:
    return {
        "u^(n-1)": u ** (n - 1),
        "n u^n": n * u**n,
        "(n-1) u^(n-1)": (n - 1) * u ** (n - 1),
        "n u^(n+1)": n * u ** (n + 1),
        "u^(n-1)/n": u ** (n - 1) / n,
    }
