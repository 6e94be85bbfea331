"""What a caller asks, as a frozen value: an expression, its inputs, and which derivatives and notations of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

#: Seconds that a request may take by default.
DEFAULT_TIMEOUT = 60.0
#: The notations of the closed forms by default.
DEFAULT_NOTATIONS = ("text", "latex", "matrix")


@dataclass(frozen=True)
class Constant:
    """A value that is not differentiated; made by `constant`."""

    value: object


def constant(value: object) -> Constant:
    """Mark an input that is not differentiated, as `requires_grad=False` does in torch.

    >>> Request("A @ x", {"A": constant([[1, 2], [3, 4]]), "x": [1, 1]}, upstream=[1, 1]).inputs["A"]
    Constant(value=[[1, 2], [3, 4]])
    """
    return Constant(value)


@dataclass(frozen=True, eq=False)
class Request:
    """One request, for `differentiate_many`; `differentiate` takes the same fields.

    `inputs` are array-like: Python numbers and nested lists become float64 (bools stay bool), and whatever has a dtype
    keeps it. Floating inputs are differentiated unless `constant` marks them; where `wrt` names one or several, only
    these are. `upstream` is the upstream gradient, of the output's shape and dtype, and may be left out where the
    output has one element; Python numbers and lists become float64 there too, unless all floating inputs share a
    narrower dtype, which it then takes. `notations` are some of "text", "latex" and "matrix", which cost nothing, and
    "code" and "steps", which the service works out when they are first asked for. Without `check` the closed form is
    not compared with autograd. `timeout` is in seconds, None for no limit of the client's own. `id` comes back
    with the answer; where it is empty the request's position takes its place. With `closed_form_gradients` the reply
    also has the values of the closed forms. `entries` are entries of derivatives that are wanted by themselves, each an
    input's name and an index: the input's own for the vector-Jacobian product, the output's before it for the Jacobian.

    >>> Request("3*a**3 - b**2", {"a": [2, 3], "b": [6, 4]}, upstream=[1, 1], id="first").id
    'first'
    """

    expression: str
    inputs: Mapping[str, object]
    upstream: object = None
    wrt: str | Iterable[str] | None = None
    notations: Iterable[str] = DEFAULT_NOTATIONS
    check: bool = True
    timeout: float | None = DEFAULT_TIMEOUT
    id: str = ""
    closed_form_gradients: bool = False
    entries: Iterable[tuple[str, Sequence[int]]] = ()
