"""What is written is the same whatever the order of Python's sets, and whatever was derived or written before."""

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from both_legs import derivation_of, prepared, request_for, tensors
from case_files import draw_inputs, read
from pullback_server.symbolic import Derivation, Notation
from row_samples import mostly_slow, sample_inputs, samples
from written_expressions import ALL

TESTS = Path(__file__).parents[2]
#: Every so many cases and samples are derived in the default run; the slow ones derive all of them, in so many parts.
STRIDE, PARTS = 240, 12


def notations(first: int, stride: int, backwards: bool) -> dict[str, str]:
    """All that is written for a selection of expressions, each as a digest, derived in that order.

    Backwards, the notations are written in the opposite order too.
    """
    asked = [(case["f"], draw_inputs(case)) for name in ("identities", "expressions") for case in read(name)]
    asked += [(text, sample_inputs(row, text)) for row, text in samples()]
    chosen = asked[first::stride]
    digests = {}
    for expression, inputs in reversed(chosen) if backwards else chosen:
        program = prepared(request_for(expression, inputs))
        derivation = Derivation(program.typed, program.used)
        order = (*reversed(Notation),) if backwards else (*Notation,)
        written = {notation: derivation.write(notation).to_bytes() for notation in order}
        content = derivation.closed_form().to_bytes(), *(written[notation] for notation in Notation)
        digests[expression] = hashlib.sha256(repr(content).encode()).hexdigest()
    return digests


def in_another_process(seed: int, first: int, stride: int) -> dict[str, str]:
    environment = os.environ | {
        "PYTHONHASHSEED": str(seed),
        "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS / "unit" / "symbolic"), *filter(None, sys.path)]),
    }
    program = f"import json, test_determinism as t; print(json.dumps(t.notations({first}, {stride}, {seed % 2 == 1})))"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=3600, check=True)
    digests: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return digests


@pytest.mark.timeout(2400)
@pytest.mark.parametrize(
    ("first", "stride", "seeds"),
    [(0, STRIDE, [1]), *(pytest.param(first, PARTS, [1, 2], marks=pytest.mark.slow) for first in range(PARTS))],
)
def test_every_notation_is_the_same_in_every_process_and_order(first, stride, seeds):
    here = notations(first, stride, backwards=False)
    assert len(here) > 1000 / stride
    for seed in seeds:
        there = in_another_process(seed, first, stride)
        assert {e for e in here if here[e] != there[e]} == set()


@pytest.mark.parametrize("case", mostly_slow(ALL, 4), ids=lambda case: case[0])
def test_a_notation_reads_the_same_by_itself_and_after_all_others_in_any_order(case):
    expression, shapes = case
    asked = request_for(expression, tensors(**shapes))
    alone = {notation: derivation_of(asked).write(notation) for notation in Notation}
    orders = [[*Notation], [*reversed(Notation)], random.Random(0).sample([*Notation], len(Notation))]
    for order in orders:
        derivation = derivation_of(asked)
        assert {notation: derivation.write(notation) for notation in order} == alone, order
