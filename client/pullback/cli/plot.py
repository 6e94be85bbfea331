"""`pullback diff --plot`: the Jacobians by both legs, their difference, and entries that are not plainly right."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from ..client import Client
from ..values.reply import Reply
from ..values.request import Request
from .entry_pictures import EntryPicture, draw_entry

#: How many rows of a Jacobian are computed at most, one request each, and how many of its columns are drawn.
ROWS, COLUMNS = 128, 512
#: The size of one heat map in inches.
WIDTH, HEIGHT = 3.6, 3.0

Matrix = NDArray[np.float64]


@dataclass
class Jacobian:
    """One input's Jacobian by both legs: a row per output entry, a column per input entry, in row-major order.

    `shape` is the full one, of which only the first rows and columns are here; `closed_form` has no rows where there is
    no closed form.
    """

    name: str
    shape: tuple[int, int]
    autograd: list[Matrix] = field(default_factory=list)
    closed_form: list[Matrix] = field(default_factory=list)


def require_matplotlib() -> None:
    """End the command where matplotlib is missing, naming the extra that installs it."""
    if find_spec("matplotlib") is None:
        raise click.ClickException("matplotlib is missing: pip install 'pullback[plot]'")


def jacobians(client: Client, request: Request, reply: Reply) -> list[Jacobian]:
    """The Jacobians that the service computes, row by row, with unit upstream gradients; raises the tree's errors."""
    by_name = {name: Jacobian(name, (reply.value.size, g.size)) for name, g in reply.gradients.items()}
    requests = (replace(request, upstream=unit, closed_form_gradients=True) for unit in _units(reply.value))
    answers = sorted(client.differentiate_many(requests), key=lambda answer: answer.position)
    for row in (answer.result() for answer in answers):
        for name, jacobian in by_name.items():
            jacobian.autograd.append(_row(row.gradients[name]))
            if name in row.closed_form_gradients:
                jacobian.closed_form.append(_row(row.closed_form_gradients[name]))
    return [jacobian for jacobian in by_name.values() if min(jacobian.shape)]


def draw(path: str, jacobians: list[Jacobian], pictures: list[EntryPicture]) -> None:
    """Write the figure: a line of three heat maps for each input, then the function around entries not plainly right.

    Zero differences are left white; the first two maps have one scale of colours.
    """
    from matplotlib.figure import Figure

    lines = max(1, len(jacobians) + len(pictures))
    figure = Figure(figsize=(3 * WIDTH, HEIGHT * lines), layout="constrained", dpi=130)
    grid = figure.add_gridspec(lines, 3)
    for number, jacobian in enumerate(jacobians):
        _draw_line(figure, [figure.add_subplot(grid[number, column]) for column in range(3)], jacobian)
    for number, picture in enumerate(pictures, len(jacobians)):
        draw_entry(figure.add_subplot(grid[number, :]), picture)
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"cannot write {path}: {error}") from error


def _draw_line(figure: Any, line: Any, jacobian: Jacobian) -> None:
    from matplotlib.colors import LogNorm

    autograd, name = np.array(jacobian.autograd), jacobian.name
    closed = np.array(jacobian.closed_form) if jacobian.closed_form else np.full_like(autograd, np.nan)
    finite = np.abs(np.concatenate([autograd, closed])[np.isfinite(np.concatenate([autograd, closed]))])
    most = float(finite.max(initial=0.0)) or 1.0
    style = {"cmap": "RdBu_r", "vmin": -most, "vmax": most, "aspect": "auto", "interpolation": "nearest"}
    images = [axes.imshow(matrix, **style) for axes, matrix in zip(line, (autograd, closed), strict=False)]
    figure.colorbar(images[0], ax=list(line[:2]))
    difference = np.abs(autograd - closed)
    apart = difference[np.isfinite(difference) & (difference > 0)]
    if apart.size:
        norm = LogNorm(vmin=min(apart.min(), apart.max() / 10), vmax=apart.max())
        shown = np.ma.masked_where(~(difference > 0), difference)
        figure.colorbar(
            line[2].imshow(shown, norm=norm, cmap="viridis", aspect="auto", interpolation="nearest"), ax=line[2]
        )
    else:
        line[2].imshow(np.full_like(autograd, np.nan), aspect="auto")
        label = "no difference" if jacobian.closed_form else "no closed form"
        if jacobian.closed_form and (unlike := int((np.isfinite(autograd) != np.isfinite(closed)).sum())):
            label = f"{unlike} entries that only one leg\nhas a number for"
        line[2].text(0.5, 0.5, label, transform=line[2].transAxes, ha="center", va="center")
    titles = (f"d/d{name} by autograd", f"d/d{name} in closed form", "absolute difference")
    for axes, title in zip(line, titles, strict=True):
        axes.set_title(title, fontsize=10)
        axes.set_xlabel(_axis(f"entry of {name}", autograd.shape[1], jacobian.shape[1]), fontsize=8)
        axes.tick_params(labelsize=7)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.yaxis.get_major_locator().set_params(integer=True)
    line[0].set_ylabel(_axis("entry of the output", autograd.shape[0], jacobian.shape[0]), fontsize=8)


def _axis(label: str, drawn: int, total: int) -> str:
    """The label of an axis, with how much of it is drawn where it is cut.

    >>> _axis("entry of x", 512, 1000)
    'entry of x (the first 512 of 1000)'
    """
    return label if drawn == total else f"{label} (the first {drawn} of {total})"


def _units(value: NDArray[Any]) -> list[NDArray[Any]]:
    """An upstream gradient for each of the first output entries: 1 there, 0 elsewhere."""
    units = []
    for k in range(min(value.size, ROWS)):
        unit = np.zeros(value.size, value.dtype)
        unit[k] = 1
        units.append(unit.reshape(value.shape))
    return units


def _row(gradient: NDArray[Any]) -> Matrix:
    return gradient.reshape(-1)[:COLUMNS].astype(np.float64)
