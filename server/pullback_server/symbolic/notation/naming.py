"""The names of a program's tensors in its derivation and in code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...index_notation.expressions import Entry
from ...index_notation.index_program import Definition
from ..differentiation.derivatives import UPSTREAM, Differentiated
from .words import PARTS, iter_names, take_name


@dataclass(frozen=True)
class Naming:
    """Names by those in the index program: of the upstream gradient, definitions, and gradients that flow into tensors.

    `same` are definitions and gradients that only repeat another one, and so share its name.
    """

    names: Mapping[str, str]
    same: frozenset[str]
    taken: frozenset[str]

    def __getitem__(self, name: str) -> str:
        """The name of an input, a definition or a gradient."""
        return self.names.get(name, name)


def naming(differentiated: Differentiated, gradients: Mapping[str, Definition], wrt: tuple[str, ...]) -> Naming:
    """Lines of the program keep their names; the output is f, other definitions get letters that are free.

    The gradient that flows into h is `v_h`, where the upstream gradient is called v.
    """
    upstream = differentiated.partition.upstream
    taken = {*differentiated.partition.names, upstream}
    names, same = {UPSTREAM: upstream}, set[str]()
    bindings = dict(differentiated.partition.bindings)
    repeated = _repeated(differentiated.output)
    if repeated and repeated not in bindings and repeated not in differentiated.partition.inputs:
        bindings[repeated] = take_name(iter_names("f"), taken)
    elif not repeated and differentiated.output.name not in bindings:
        bindings[differentiated.output.name] = take_name(iter_names("f"), taken)
    for definition in differentiated.partition.program.definitions:
        original = _repeated(definition)
        if original in names and definition.name not in bindings:
            names[definition.name] = names[original]
            same.add(definition.name)
        else:
            names[definition.name] = bindings.get(definition.name) or take_name(iter_names(PARTS), taken)
    for name, gradient in gradients.items():
        original = _repeated(gradient)
        target = name.removeprefix(UPSTREAM)
        if original is not None and original.startswith(UPSTREAM) and target not in differentiated.partition.inputs:
            names[name] = names[original]
            same.add(name)
        else:
            names[name] = take_name(iter_names(f"{upstream}_{names.get(target, target)}", "_"), taken)
    for name in wrt:
        if UPSTREAM + name not in names:
            names[UPSTREAM + name] = take_name(iter_names(f"{upstream}_{name}", "_"), taken)
    return Naming(names, frozenset(same), frozenset(taken))


def _repeated(definition: Definition) -> str | None:
    """The name of the tensor that a definition only repeats, if there is one."""
    body = definition.body
    return body.name if isinstance(body, Entry) and not definition.bound and body.indices == definition.axes else None
