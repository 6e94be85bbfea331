"""How an operand lies in memory is no matter: a transposed one has the same value and gradients as a copy of it."""

import pytest
import torch
from operator_samples import inputs, typed
from pullback_server.numeric.vjp import compile_program, differentiate
from pullback_server.operators import TABLE
from row_samples import mostly_slow

CPU = torch.device("cpu")


def transposed_in_memory(tensor):
    """The same tensor, its first axis the innermost in memory."""
    return tensor.movedim(0, -1).contiguous().movedim(-1, 0) if tensor.dim() > 1 else tensor


@pytest.mark.parametrize("row", mostly_slow(TABLE, 4), ids=lambda row: row.name)
def test_a_rows_samples_come_to_the_same_on_transposed_operands(row):
    for text in row.samples:
        program = typed(row, text)
        drawn, forward = inputs(row, program), compile_program(program)
        wrt = [name for name, tensor in drawn.items() if tensor.is_floating_point()]
        upstream = torch.ones(forward.shape, dtype=forward.types[forward.output])
        plain = differentiate(forward, drawn, wrt, upstream, CPU)
        transposed = {name: transposed_in_memory(tensor) for name, tensor in drawn.items()}
        other = differentiate(forward, transposed, wrt, upstream, CPU)
        torch.testing.assert_close(other.value, plain.value, equal_nan=True, msg=lambda m, t=text: f"{t}: {m}")
        for name in wrt:
            torch.testing.assert_close(
                other.gradients[name], plain.gradients[name], equal_nan=True, msg=lambda m, t=text: f"{t}: {m}"
            )
