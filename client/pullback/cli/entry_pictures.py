"""Pictures of the function around entries where the derivative is not plain: the function, tangents, slopes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
class EntryPicture:
    """The sum of the upstream gradient times the value, as one entry of one input varies around `at`."""

    name: str
    finding: Finding
    entry: ExaminedEntry
    at: float
    offsets: NDArray[np.float64]
    values: NDArray[np.float64]

    @property
    def title(self) -> str:
        """What is drawn, and what the verdict says of it."""
        entry = f"{self.name}{list(self.entry.index) if self.entry.index else ''}"
        cause = f" ({self.finding.diagnosis.cause.name})" if self.finding.diagnosis else ""
        return f"the function around {entry} = {self.at:.6g}: {self.finding.outcome.name}{cause}"


def sample_around_entries(client: Client, request: Request, reply: Reply) -> Iterator[EntryPicture]:
    """One picture for each input whose verdict has a finding with an examined entry; raises the errors of the tree.

    `request` asks for values only.
    """
    for name, verdict in reply.verdicts.items():
        finding = next((f for f in verdict.findings if f.examined), None)
        if finding is None:
            continue
        entry = finding.examined[0]
        value = request.inputs[name]
        array = np.array(value.value if isinstance(value, Constant) else value, dtype=reply.gradients[name].dtype)
        at = float(array[entry.index])
        offsets = half_width(at) * np.linspace(-1.0, 1.0, POINTS)
        weights = np.ones(reply.value.shape) if request.upstream is None else np.asarray(request.upstream, np.float64)
        shifts = ({**request.inputs, name: _shift(value, entry.index, offset)} for offset in offsets)
        requests = (replace(request, inputs=shift, upstream=weights, wrt=None) for shift in shifts)
        answers = sorted(client.differentiate_many(requests), key=lambda answer: answer.position)
        with np.errstate(invalid="ignore", over="ignore"):
            values = np.array([float(np.sum(weights * answer.result().value)) for answer in answers])
        yield EntryPicture(name, finding, entry, at, offsets, values)


def half_width(at: float) -> float:
    """How far to go either way, so that the picture shows the function at that scale.

    >>> half_width(0.0), half_width(1e-9), half_width(1000.0)
    (1.0, 1e-09, 100.0)
    """
    return min(abs(at), max(1.0, abs(at) / 10)) if at and math.isfinite(at) else 1.0


def _shift(value: object, index: tuple[int, ...], offset: float) -> NDArray[np.float64]:
    array = np.array(value, dtype=np.float64)
    array[index] += offset
    return array


def draw_entry(axes: Any, picture: EntryPicture) -> None:
    """The function as a line, both legs' tangents, and the one-sided slopes as rays."""
    entry, at, offsets = picture.entry, picture.at, picture.offsets
    middle = picture.values[len(offsets) // 2]
    finite = picture.values[np.isfinite(picture.values)]
    axes.plot(at + offsets, picture.values, color="black", linewidth=1.4, label="function")
    start = middle if math.isfinite(middle) else (float(np.median(finite)) if finite.size else 0.0)
    tangents = (("autograd", entry.autograd, "C3", "--"), ("closed form", entry.closed_form, "C0", ":"))
    for label, slope, colour, style in tangents:
        drawn = offsets if math.isfinite(slope) else offsets[:0]
        axes.plot(at + drawn, start + slope * drawn, style, color=colour, label=f"{label}: {slope:.6g}")
    sides = (("left", entry.left, offsets[offsets <= 0]), ("right", entry.right, offsets[offsets >= 0]))
    for label, side, half in sides:
        text, drawn = f"slope on the {label}: {side}", half if side.kind is SlopeKind.FINITE else half[:0]
        axes.plot(at + drawn, start + side.value * drawn, color="C2", linewidth=3, alpha=0.4, label=text)
    if finite.size:
        low, high = float(finite.min()), float(finite.max())
        room = 0.15 * (high - low) or max(1.0, abs(high)) * 0.1
        axes.set_ylim(low - room, high + room)
    axes.axvline(at, color="grey", linewidth=0.6)
    axes.set_title(picture.title, fontsize=10)
    axes.set_xlabel(f"{picture.name}{list(entry.index) if entry.index else ''}", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=7, loc="best")
