"""The mistakes that f's own tree invites, at each of its nodes: which rule was misapplied, and what it gives."""

from __future__ import annotations

from collections.abc import Iterator

from ...program import Apply
from . import arithmetic, functions
from .chains import of_chains
from .site import Site, TreeMistake
from .slopes import Slopes

#: Operators whose derivative is not looked up in a table.
_RULED = frozenset(("add", "sub", "mul", "div", "neg", "positive", "where", "pow"))
#: Operators that have no outer derivative to take elsewhere.
_LINEAR = frozenset(("add", "sub", "mul", "neg", "positive", "where", "maximum", "minimum"))


def tree_mistakes(slopes: Slopes) -> list[TreeMistake]:
    """Every mistake at every node of f that depends on the input."""
    nodes = enumerate(slopes.typed.program.nodes)
    sites = (Site(slopes, k, node) for k, node in nodes if isinstance(node, Apply) and slopes.active[k])
    return [mistake for site in sites for mistake in _at(site)]


def _at(site: Site) -> Iterator[TreeMistake]:
    several = len(site.active) > 1
    yield from arithmetic.of_terms(site)
    match site.name:
        case "add" | "sub":
            yield from arithmetic.of_sums(site)
        case "mul":
            yield from arithmetic.of_products(site) if several else arithmetic.of_factors(site)
        case "div" if site.active == [0]:
            yield from arithmetic.of_factors(site)
        case "div":
            yield from arithmetic.of_quotients(site)
    if several or not site.slopes.is_elementwise(site.number):
        return
    if site.name == "pow" and site.active == [1]:
        yield from functions.of_exponentials(site)
    yield from functions.of_powers(site)
    if site.name not in _RULED:
        yield from functions.of_functions(site)
    if site.name not in _LINEAR:
        yield from of_chains(site)
