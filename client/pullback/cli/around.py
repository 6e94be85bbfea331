"""A picture of the function around an entry where the derivative is not plain: the function, tangents, slopes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..client import Client
from ..values.reply import Reply
from ..values.request import Constant, Request
from ..values.verdict import ExaminedEntry, Finding, SlopeKind

#: Values of the function that are asked for, one request each.
POINTS = 61


@dataclass(frozen=True)
class Around:
    """The sum of the upstream gradient times the value, as one entry of one input moves through `at`."""

    name: str
    finding: Finding
    entry: ExaminedEntry
    at: float
    moves: NDArray[np.float64]
    values: NDArray[np.float64]

    @property
    def title(self) -> str:
        """What is drawn, and what the verdict says of it."""
        entry = f"{self.name}{list(self.entry.index) if self.entry.index else ''}"
        cause = f" ({self.finding.diagnosis.cause.name})" if self.finding.diagnosis else ""
        return f"the function around {entry} = {self.at:.6g}: {self.finding.outcome.name}{cause}"


def around(
    client: Client,
    expression: str,
    inputs: Mapping[str, object],
    upstream: object | None,
    reply: Reply,
    timeout: float,
) -> Iterator[Around]:
    """One picture an input whose verdict has a finding with an examined entry; raises the errors of the tree."""
    for name, verdict in reply.verdicts.items():
        finding = next((f for f in verdict.findings if f.examined), None)
        if finding is None:
            continue
        entry = finding.examined[0]
        given = inputs[name]
        array = np.array(given.value if isinstance(given, Constant) else given, dtype=reply.gradients[name].dtype)
        at = float(array[entry.index])
        moves = reach(at) * np.linspace(-1.0, 1.0, POINTS)
        weights = np.ones(reply.value.shape) if upstream is None else np.asarray(upstream, dtype=np.float64)
        values = _values(client, expression, inputs, name, entry, moves, weights, timeout)
        yield Around(name, finding, entry, at, moves, values)


def reach(at: float) -> float:
    """How far to go either way: what shows something of the function at that scale.

    >>> reach(0.0), reach(1e-9), reach(1000.0)
    (1.0, 1e-09, 100.0)
    """
    return min(abs(at), max(1.0, abs(at) / 10)) if at and math.isfinite(at) else 1.0


def _values(
    client: Client,
    expression: str,
    inputs: Mapping[str, object],
    name: str,
    entry: ExaminedEntry,
    moves: NDArray[np.float64],
    weights: NDArray[Any],
    timeout: float,
) -> NDArray[np.float64]:
    def requests() -> Iterator[Request]:
        for number, move in enumerate(moves):
            moved = np.array(inputs[name], dtype=np.float64)
            moved[entry.index] += move
            given = {**inputs, name: moved}
            yield Request(expression, given, weights, None, (), check=False, timeout=timeout, id=str(number))

    answers = sorted(client.differentiate_many(requests()), key=lambda answer: answer.position)
    with np.errstate(invalid="ignore", over="ignore"):
        totals = [float(np.sum(weights * answer.result().value)) for answer in answers]
    return np.array(totals)


def draw_around(axes: Any, found: Around) -> None:
    """The function as a line, both legs' tangents, and the one-sided slopes as rays."""
    entry, moves = found.entry, found.moves
    middle = found.values[len(moves) // 2]
    finite = found.values[np.isfinite(found.values)]
    axes.plot(found.at + moves, found.values, color="black", linewidth=1.4, label="function")
    start = middle if math.isfinite(middle) else (float(np.median(finite)) if finite.size else 0.0)
    tangents = (("autograd", entry.autograd, "C3", "--"), ("closed form", entry.closed_form, "C0", ":"))
    for label, slope, colour, style in tangents:
        if math.isfinite(slope):
            axes.plot(found.at + moves, start + slope * moves, style, color=colour, label=f"{label}: {slope:.6g}")
        else:
            axes.plot([], [], style, color=colour, label=f"{label}: {slope:.6g}")
    for label, side, half in (("left", entry.left, moves[moves <= 0]), ("right", entry.right, moves[moves >= 0])):
        text = f"slope on the {label}: {side}"
        if side.kind is SlopeKind.FINITE:
            axes.plot(found.at + half, start + side.value * half, color="C2", linewidth=3, alpha=0.4, label=text)
        else:
            axes.plot([], [], color="C2", linewidth=3, alpha=0.4, label=text)
    if finite.size:
        low, high = float(finite.min()), float(finite.max())
        room = 0.15 * (high - low) or max(1.0, abs(high)) * 0.1
        axes.set_ylim(low - room, high + room)
    axes.axvline(found.at, color="grey", linewidth=0.6)
    axes.set_title(found.title, fontsize=10)
    axes.set_xlabel(f"{found.name}{list(entry.index) if entry.index else ''}", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=7, loc="best")
