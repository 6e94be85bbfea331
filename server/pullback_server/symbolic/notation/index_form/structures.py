"""Definitions that are the value of one operator of the program, written as in the program: `g = softmax(x)`."""

from __future__ import annotations

from dataclasses import dataclass

from ....index_notation.expressions import Entry
from ....program import Apply
from ...differentiation.derivatives import Differentiated
from ..matrix.latex import latex
from ..matrix.program import ProgramTrees
from ..matrix.text import text
from ..matrix.tree import NoMatrixForm, TooLong

#: Operators that people know by their names better than by their entries. Norms of matrices are not among them:
#: formulas compare singular values with the largest one, which must be one of them to the last digit.
NAMED = frozenset((
    "softmax", "softmin", "log_softmax", "norm", "vector_norm", "normalize", "var", "std", "np.var", "np.std",
    "cosine_similarity", "pairwise_distance", "cdist", "layer_norm", "rms_norm", "batch_norm", "instance_norm",
    "group_norm", "inv", "pinv", "solve", "det", "logdet", "slogdet", "matrix_power", "eigvalsh", "eigh",
    "svdvals", "svd", "scaled_dot_product_attention",
))  # fmt: skip
#: A longer text is written entry by entry.
LONGEST = 60


@dataclass(frozen=True)
class Structure:
    """A whole tensor in our own language and in LaTeX; `named` where it is the value of an operator in NAMED."""

    text: str
    latex: str
    named: bool


def structures(differentiated: Differentiated) -> dict[str, Structure]:
    """The definitions that are the value of a node of the program, axis by axis; none has an axis of length 1."""
    partition, trees = differentiated.partition, ProgramTrees(differentiated.partition.typed)
    program, known = partition.typed.program, dict[str, Structure]()
    nodes = [(x.entry.name, number) for number, x in enumerate(partition.tensors) if _is_plain(x.entry, x.axes)]
    if None not in partition.output.axes:
        nodes.append((differentiated.output.name, program.output))
    for definition, number in nodes:
        node = program.nodes[number]
        if definition in known or not isinstance(node, Apply):
            continue
        try:
            tree = trees[number]
        except (NoMatrixForm, TooLong):
            continue
        # Every node has a character at least.
        if tree.size <= LONGEST and len(written := text(tree)) <= LONGEST:
            known[definition] = Structure(written, latex(tree), node.operator in NAMED)
    return known


def _is_plain(entry: object, axes: tuple[object, ...]) -> bool:
    return isinstance(entry, Entry) and entry.indices == axes
