"""Mistakes with the chain rule: an inner derivative left out, or the outer derivative taken elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from ...language import TooLongToWrite, check, parse, unparse
from ...program import Input, Limits, Refusal, TypedProgram
from ...symbolic import Derivation, DerivativeKind, Notation
from ..codes import Mistake
from ..phrasing import phrase
from .site import Site, TreeMistake
from .slopes import Slope, Slopes

#: A longer inner derivative does not stand in a sentence, as that of so large a function would be.
LONGEST, LARGEST = 40, 30


def of_chains(site: Site) -> Iterator[TreeMistake]:
    """Of a node whose one varying operand is itself a function of the input."""
    (active,) = site.active
    inner = site.operands[active]
    if isinstance(site.program.nodes[inner], Input):
        return
    unit = site.unit(active)
    if unit is not None:
        right = site.slopes.partial(site.number, active) * unit
        yield site.mistake(
            Mistake.MISSING_INNER_DERIVATIVE,
            site.fixed_rule(active, right),
            f"the inner derivative of {site.text} is missing: ",
            lambda: _factor(site.slopes, inner),
        )
    rule = f"the outer derivative of {site.text} should be taken at {site.operand_text(active)}"
    for name in site.slopes.wrt:
        x = site.slopes.inputs[name]
        if x.shape[2:] != site.slopes.typed.types[inner].shape:
            continue
        partial = site.partial_at(active, x)
        yield site.mistake(Mistake.INNER_NOT_KEPT, site.partial_rule(active, partial), f"{rule}, not at `{name}`")
        if unit is not None:
            message = f"{rule}, not at `{name}`, and the inner derivative is missing"
            yield site.mistake(Mistake.INNER_NOT_KEPT, site.fixed_rule(active, partial * unit), message)
    if not any(t.rank for t in site.slopes.typed.types):

        def at_the_inner_slope(slopes: Sequence[Slope | None]) -> Slope:
            return torch.stack([site.partial_at(active, row) for row in site.slope(active, slopes)])

        message = f"{rule} and multiplied by the inner derivative, not taken at the inner derivative"
        yield site.mistake(Mistake.INNER_NOT_KEPT, at_the_inner_slope, message)


def _factor(slopes: Slopes, inner: int) -> str:
    """The derivative of an inner function by sympy where it is short, or else the function."""
    text = ""
    program, slope = slopes.typed.program, slopes.right[inner]
    if slope is not None and bool((slope == slope.flatten()[0]).all()):
        return f"factor {float(slope.flatten()[0]):.6g}"
    small = len(program.dependencies(inner)) <= LARGEST
    if small and len(slopes.wrt) == 1 and not slopes.typed.types[inner].rank:
        types = {n.name: slopes.typed.types[k] for k, n in enumerate(program.nodes) if isinstance(n, Input)}
        try:
            typed = check(parse(unparse(program, inner), tuple(types), Limits()), types, Limits())
        except (Refusal, TooLongToWrite):
            typed = None
        if typed is not None:
            (name,) = slopes.wrt
            text = _text(typed, name)
    if text and len(text) <= LONGEST and "\n" not in text:
        return f"factor {text}"
    return f"that of `{phrase(program, inner)}`"


def _text(typed: TypedProgram, name: str) -> str:
    """The derivative with respect to an input as text, empty where there is none."""
    if name not in typed.program.inputs():
        return ""
    return str(Derivation(typed, (name,)).formula(name, DerivativeKind.JACOBIAN, Notation.TEXT).written)
