"""Points of the declared domain: the same for everybody, over all of the domain, at its edges, and of both signs."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from ...program import TensorType
from ..problem import Interval, Structure, Variable

#: How far points of an unbounded domain are from its end, or from 0, and how far most of them are.
FAR = 30.0
NEAR = 3.0
#: Numbers at which derivatives are often special, tried where the domain has them.
SPECIAL = (0.0, 1.0, -1.0)

_DOMAINS = {Structure.POSITIVE: Interval(0.05, NEAR), Structure.NONNEGATIVE: Interval(0.0, NEAR)}


@dataclass(frozen=True)
class Points:
    """Values of every input, the point first; the last `special` points are not random."""

    values: dict[str, torch.Tensor]
    count: int
    special: int

    def some(self, points: list[int]) -> Points:
        """Some of the points."""
        return Points({name: value[points] for name, value in self.values.items()}, len(points), 0)

    def at(self, point: int) -> dict[str, torch.Tensor]:
        """The inputs at one point."""
        return {name: value[point] for name, value in self.values.items()}


def draw(inputs: Sequence[Variable], upstream: str, types: Mapping[str, TensorType], count: int, seed: int) -> Points:
    """`count` points, and those at the domain's edges and at special numbers; the values depend on the seed alone."""
    values, specials = {}, _specials(inputs)
    # Every input has its own generator, so that another input does not change the points of the others.
    for variable in inputs:
        if variable.name == upstream:
            continue
        rng = random.Random(f"{seed} {variable.name}")
        shape = types[variable.name].shape
        if variable.value is not None:
            one = torch.tensor(variable.value.values, dtype=torch.float64).reshape(shape)
            values[variable.name] = one.expand(count + len(specials), *shape)
        elif not shape:
            numbers = _spread(_domain(variable), count, rng)
            if variable.structure is Structure.NONZERO:
                numbers = [x or 1.0 for x in numbers]
            extra = [s.get(variable.name, numbers[k % count]) for k, s in enumerate(specials)]
            values[variable.name] = torch.tensor(numbers + extra, dtype=torch.float64)
        else:
            tensors = [_tensor(variable, shape, rng, k) for k in range(count + len(specials))]
            values[variable.name] = torch.stack(tensors)
    if upstream:
        rng = random.Random(f"{seed} upstream {upstream}")
        shape = types[upstream].shape
        values[upstream] = torch.stack([_normal(shape, rng) for _ in range(count + len(specials))])
    return Points(values, count + len(specials), len(specials))


def _domain(variable: Variable) -> Interval:
    return variable.domain or _DOMAINS.get(variable.structure, Interval())


def _specials(variables: Sequence[Variable]) -> list[dict[str, float]]:
    """Each number at its edges and special values, with the others random; and all of them at a special value."""
    numbers = [v for v in variables if v.value is None and not v.shape]
    specials: list[dict[str, float]] = []
    for v in numbers[:4]:
        domain = _domain(v)
        edges = [e for e in (domain.low, domain.high) if math.isfinite(e)]
        inside = [s for s in SPECIAL if s in domain and not (s == 0 and v.structure is Structure.NONZERO)]
        specials += [{v.name: x} for x in dict.fromkeys((*edges, *inside))]
    if len(numbers) > 1:
        for s in SPECIAL:
            if all(s in _domain(v) for v in numbers):
                specials.append({v.name: s for v in numbers})
    return specials


def _spread(domain: Interval, count: int, rng: random.Random) -> list[float]:
    """Numbers that fill the domain evenly, in random order; some are close to its ends and to 0."""
    low, high = domain.low, domain.high
    if low == high:
        return [low] * count
    close = max(count // 8, 1)
    even = [(k + rng.random()) / (count - close) for k in range(count - close)]
    numbers = [_scale(u, low, high) for u in even]
    for k in range(close):
        anchor = (low, high, 0.0)[k % 3]
        if not (math.isfinite(anchor) and anchor in domain):
            anchor = 0.0 if 0.0 in domain else low if math.isfinite(low) else high
        width = min(high - low, NEAR)
        step = width * 10 ** -(1 + 3 * rng.random()) * rng.choice((-1, 1))
        numbers.append(min(max(anchor + step, low), high) if anchor + step in domain else anchor - step)
    numbers = [min(max(x, low), high) for x in numbers]
    rng.shuffle(numbers)
    return numbers


def _scale(u: float, low: float, high: float) -> float:
    """The number at a part u in [0, 1] of the domain; those of an unbounded one are mostly near, and reach far."""
    if math.isfinite(low) and math.isfinite(high):
        return low + u * (high - low)
    if math.isfinite(low):
        return low + _outward(u)
    if math.isfinite(high):
        return high - _outward(u)
    return _outward(2 * u - 1) if u >= 0.5 else -_outward(1 - 2 * u)


def _outward(u: float) -> float:
    return u / 0.8 * NEAR if u < 0.8 else NEAR * (FAR / NEAR) ** ((u - 0.8) / 0.2)


def _normal(shape: tuple[int, ...], rng: random.Random) -> torch.Tensor:
    numbers = [rng.gauss(0, 1) for _ in range(math.prod(shape))]
    return torch.tensor(numbers, dtype=torch.float64).reshape(shape)


def _tensor(variable: Variable, shape: tuple[int, ...], rng: random.Random, point: int) -> torch.Tensor:
    if variable.domain is not None or variable.structure in _DOMAINS:
        x = torch.tensor(_spread(_domain(variable), math.prod(shape), rng), dtype=torch.float64).reshape(shape)
    else:
        # Sizes differ from point to point, since some mistakes show only in large or small numbers.
        x = _normal(shape, rng) * (1.0, 0.5, 2.0)[point % 3]
    if variable.structure in (Structure.REAL, *_DOMAINS, Structure.NONZERO):
        return x
    if variable.structure is Structure.PROBABILITY:
        return torch.softmax(x, -1)
    identity = torch.eye(shape[-1], dtype=torch.float64)
    match variable.structure:
        case Structure.SYMMETRIC:
            return (x + x.mT) / 2
        case Structure.POSITIVE_DEFINITE:
            return x @ x.mT + identity
        case Structure.WELL_CONDITIONED:
            return x + 2 * shape[-1] * identity if shape[-1] == shape[-2] else x
        case Structure.DIAGONAL:
            return x * identity
        case Structure.ORTHOGONAL:
            q, r = torch.linalg.qr(x)
            signs: torch.Tensor = torch.sign(torch.diagonal(r, dim1=-2, dim2=-1))
            return torch.mul(q, signs.unsqueeze(-2))
    raise ValueError(f"no points are drawn for {variable.structure}")
