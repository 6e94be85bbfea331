"""Derivations are right line by line: each line's text alone, read back, comes to the numbers it speaks of."""

import re

import numpy as np
import pytest
import torch
from both_legs import jacobian, prepared, request_for, steps_of, tensors
from formula_reader import INPUT, OUTPUT, free_letters, lines_of, read
from printed_values import point
from pullback_server.operators import TABLE
from pullback_server.symbolic import StepKind
from row_samples import all_slow, mostly_slow, sample_requests
from written_expressions import ALL, NAMES

LEFT = re.compile(r"(\w+)(?:\[(.*)\])?$")
#: How far central differences with this step may be off.
STEP, TOLERANCE = 1e-6, 1e-6


def steps(asked):
    return steps_of(asked).steps


def sides(step):
    """What stands left and right of the first equals sign."""
    left, _, right = step.text.partition(" = ")
    return left, right


def definitions(derivation, *kinds):
    """The lines of those kinds, as they would stand under "where", each once."""
    lines = {}
    for step in derivation:
        if step.kind in kinds:
            left, right = sides(step)
            first, *where = right.split("\n")
            lines[left] = f"{left} = {first}"
            lines |= {line[6:].partition(" = ")[0]: line[6:] for line in where}
    return list(lines.values())


def with_lines(main, lines):
    return main + "".join(f"\n{'  and' if k else 'where'} {line}" for k, line in enumerate(lines))


def untrue_results(asked, derivation):
    """The results whose text, with all lines before it, does not come to torch's gradient."""
    values, wrong = point(asked), []
    lines = definitions(derivation, StepKind.FORWARD, StepKind.BACKWARD)
    for step in (s for s in derivation if s.kind is StepKind.RESULT):
        (_, index), right = LEFT.match(sides(step)[0]).groups(), sides(step)[1]
        shape = values[step.input].shape
        letters = [i for i in (index or "").split(", ") if i.isidentifier()]
        assert len(letters) == sum(n != 1 for n in shape)
        main, *where = right.split("\n")
        extra = [line[6:] for line in where if line[6:] not in lines]
        lengths = dict(zip(letters, (n for n in shape if n != 1), strict=True))
        result = read(with_lines(main, [*lines, *extra]), values, lengths)
        expected = torch.tensordot(asked.upstream, jacobian(asked, step.input), dims=asked.upstream.dim()).numpy()
        if not np.allclose(result.reshape(shape), expected, rtol=1e-9, atol=1e-9):
            wrong.append(step.text)
    return wrong


def untrue_derivatives(asked, derivation):
    """The parts whose derivatives, as they are told, do not come to the difference quotients of the part's own line."""
    values, wrong = point(asked), []
    forward = definitions(derivation, StepKind.FORWARD)
    values |= lines_of(with_lines("0", forward), values)
    lengths = [line for line in definitions(derivation, *StepKind) if line.partition(" = ")[0] not in values]
    lengths = [line for line in lengths if ".shape[" in line]
    lines = {sides(s)[0]: sides(s)[1].split("\n")[0] for s in derivation if s.kind is StepKind.FORWARD}
    moves = {}
    for step in (s for s in derivation if s.kind is StepKind.DERIVATIVE):
        left, right = sides(step)
        above, below = (part[1:] for part in left.split("/"))
        name, index = LEFT.match(below).groups()
        free = [i for i in dict.fromkeys(re.findall(r"[A-Za-z_]\w*", index or "")) if i not in LEFT.match(above)[0]]
        term = f"({right.partition(chr(10))[0]})*{name}_moved" + (f"[{index}]" if index else "")
        moves.setdefault((above, name), []).append(f"Sum({', '.join([term, *free])})" if free else term)
    random = np.random.default_rng(0)
    for (above, name), terms in moves.items():
        shown, index = LEFT.match(above).groups()
        letters = dict(zip(index.split(", ") if index else (), values[shown].shape, strict=True))
        direction = random.standard_normal(values[name].shape)
        with np.errstate(all="ignore"):
            ends = [read(lines[above], values | {name: values[name] + s * STEP * direction}, letters) for s in (1, -1)]
            result = read(with_lines(" + ".join(terms), lengths), values | {f"{name}_moved": direction}, letters)
            quotient = (ends[0] - ends[1]) / (2 * STEP)
        there = np.isfinite(quotient)
        if not np.allclose(result[there], quotient[there], rtol=TOLERANCE, atol=TOLERANCE):
            wrong.append((above, name))
    return wrong


@pytest.mark.parametrize("case", mostly_slow(ALL, 3), ids=lambda case: case[0])
def test_the_steps_come_to_torchs_gradients(case):
    expression, shapes = case
    asked = request_for(expression, tensors(**shapes))
    derivation = steps(asked)
    assert {s.input for s in derivation if s.kind is StepKind.RESULT} == {*prepared(asked).used}
    assert not untrue_results(asked, derivation)


@pytest.mark.parametrize("case", mostly_slow(ALL, 3), ids=lambda case: case[0])
def test_the_derivative_of_each_part_is_that_of_its_own_line(case):
    expression, shapes = case
    asked = request_for(expression, tensors(**shapes))
    assert not untrue_derivatives(asked, steps(asked))


@pytest.mark.parametrize("row", all_slow(TABLE), ids=lambda row: row.name)
def test_the_steps_of_a_rows_samples_come_to_torchs_gradients(row):
    for text, asked in sample_requests(row):
        assert not untrue_results(asked, steps(asked)), text


@pytest.mark.parametrize(("expression", "shapes"), NAMES, ids=[text for text, _ in NAMES])
def test_no_two_parts_have_one_name(expression, shapes):
    asked = request_for(expression, tensors(**shapes))
    named = [LEFT.match(sides(s)[0])[1] for s in steps(asked) if s.kind is not StepKind.DERIVATIVE]
    assert len(named) == len({*named})
    assert not {*named} & {*prepared(asked).typed.program.inputs()}


def test_it_reads_as_a_student_would_write_it():
    derivation = steps(request_for("h = A @ x\nsum(tanh(h))", tensors(A=(3, 2), x=(2,))))
    assert [(s.kind.name, s.text) for s in derivation] == [
        ("FORWARD", "h[i] = Sum(x[s]*A[i, s], s)"),
        ("DERIVATIVE", "dh[i]/dA[i, p] = x[p]"),
        ("DERIVATIVE", "dh[i]/dx[p] = A[i, p]"),
        ("FORWARD", "f = Sum(tanh(h[s]), s)"),
        ("DERIVATIVE", "df/dh[p] = 1 - tanh(h[p])**2"),
        ("BACKWARD", "v_h[i] = v*(1 - tanh(h[i])**2)"),
        ("RESULT", "v_A[i, j] = v_h[i]*x[j]"),
        ("RESULT", "v_x[i] = Sum(v_h[s]*A[s, i], s)"),
    ]
    assert derivation[0].rule == "a sum of products"
    assert "tanh(u) has the derivative 1 - tanh(u)**2" in derivation[4].rule
    assert derivation[5].rule == "the chain rule through f"
    assert derivation[3].latex.startswith("f = ")


def test_a_gradient_that_comes_back_by_several_ways_is_their_sum():
    result = steps(request_for("softmax(x)", tensors(x=(3,))))[-1]
    assert (result.kind, result.input) == (StepKind.RESULT, "x")
    assert result.rule == "the sum of what comes back through f and g"


def test_an_input_without_influence_has_the_gradient_zero():
    derivation = steps(request_for("x + 0*y", tensors(x=(2,), y=(2,))))
    assert derivation[-1].text == "v_y[i] = 0"


def test_the_letters_of_the_reader_are_those_of_the_steps():
    assert (OUTPUT[0], INPUT[0]) == ("i", "p")
    assert free_letters(INPUT, {"p"}, 1) == ["q"]
