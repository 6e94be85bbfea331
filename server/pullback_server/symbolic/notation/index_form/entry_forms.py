"""The derivatives of one program as expressions whose entries can be written at any lengths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....index_notation.expressions import Entry
from ....index_notation.index_program import Axes
from ... import codec
from ...differentiation.derivatives import Differentiated
from ...form import DerivativeKind, NotationState
from .combining import Expressions
from .entries import EntryForms, TensorTree
from .inlining import Inliner


def entry_forms(differentiated: Differentiated, expressions: Mapping[str, Expressions | NotationState]) -> EntryForms:
    """The expressions of each input's derivatives, with all definitions that they name.

    A derivative has none where it names what has no name in a request: a matrix whose function it contains, or a
    constant that was kept from sympy.
    """
    program = differentiated.partition.program
    inliner = Inliner(program, differentiated.forward)
    definitions: dict[str, TensorTree] = {}
    inputs: dict[str, dict[DerivativeKind, TensorTree]] = {}
    for name, kinds in expressions.items():
        inputs[name] = {}
        for kind in DerivativeKind:
            if isinstance(kinds, NotationState):
                inputs[name][kind] = TensorTree(state=kinds)
                continue
            expression = kinds[kind].expression
            reached = inliner.reached(expression)
            if inliner.never_written_out(reached, expression):
                inputs[name][kind] = TensorTree(state=NotationState.NO_FORM)
                continue
            inputs[name][kind] = TensorTree(_names(kinds[kind].axes), codec.encode(expression))
            for definition in reached:
                if definition not in definitions:
                    axes = inliner.axes(definition)
                    written = inliner.written(Entry(definition, *axes))
                    definitions[definition] = TensorTree(_names(axes), codec.encode(written))
    sources = {index.name: dimension.root().source for index, dimension in program.dimensions.items()}
    sources |= {d.root().symbol.name: d.root().source for d in program.dimensions.values()}
    trees = (*definitions.values(), *(tree for trees in inputs.values() for tree in trees.values()))
    used = {symbol for tree in trees for symbol in _symbols([tree.tree, *tree.axes])}
    lengths = {name: source for name, source in sources.items() if name in used}
    return EntryForms(inputs, definitions, lengths, differentiated.partition.units)


def _names(axes: Axes) -> tuple[str | None, ...]:
    return tuple(None if a is None else a.name for a in axes)


def _symbols(tree: Any) -> set[str]:
    if isinstance(tree, str):
        return {tree}
    return {s for part in tree for s in _symbols(part)} if isinstance(tree, list) else set()
