"""Arithmetic on indices: what is worked out is what counting gives."""

from itertools import product

import pytest
import sympy as sp
from pullback_server.index_notation.arithmetic import (
    interval,
    join_divisions,
    listed_index,
    modulo,
    quotient,
    ravel,
    unravel,
    within,
)
from pullback_server.index_notation.functions import floor, remainder
from pullback_server.index_notation.index_program import IndexProgram
from pullback_server.symbolic.notation.index_form.entries import evaluate_index

SHAPES = [(2, 3), (3, 1, 2), (4,), (2, 2, 2), (1, 5)]


def numbers(e, at):
    return int(evaluate_index(e.xreplace(at)))


@pytest.mark.parametrize("shape", SHAPES)
def test_unravel_is_the_inverse_of_ravel(shape):
    program = IndexProgram()
    axes = tuple(sp.S.Zero if n == 1 else program.index(n) for n in shape)
    assert unravel(ravel(axes, shape), shape, program) == axes


@pytest.mark.parametrize(("old", "new"), [((2, 6), (3, 4)), ((4, 3), (2, 6)), ((2, 3, 2), (12,)), ((12,), (3, 2, 2))])
def test_a_reshaped_index_is_where_counting_in_rows_finds_it(old, new):
    program = IndexProgram()
    axes = tuple(program.index(n) for n in new)
    indices = unravel(ravel(axes, new), old, program)
    every = list(product(*map(range, old)))
    for number, place in enumerate(product(*map(range, new))):
        at = dict(zip(axes, map(sp.Integer, place), strict=True))
        assert tuple(numbers(e, at) for e in indices) == every[number]


@pytest.mark.parametrize("divisor", [2, 3, 5])
def test_quotient_and_remainder_are_those_of_integers(divisor):
    program = IndexProgram()
    i, j = program.index(4), program.index(3)
    for e in (3 * i + j, 6 * i - j, -i, 5 * i + 2 * j + 7, 2 - i):
        for a, b in product(range(4), range(3)):
            at = {i: sp.Integer(a), j: sp.Integer(b)}
            value = int(e.xreplace(at))
            assert numbers(quotient(e, divisor, program), at) == value // divisor
            assert numbers(modulo(e, divisor, program), at) == value % divisor


def test_an_interval_holds_every_value_and_no_more():
    program = IndexProgram()
    i, j = program.index(4), program.index(3)
    for e in (i, 2 * i - 3 * j + 1, modulo(i + 2, 4, program), quotient(i + 5 * j, 3, program), 7 - i):
        values = [numbers(e, {i: sp.Integer(a), j: sp.Integer(b)}) for a in range(4) for b in range(3)]
        low, high = interval(e, program)
        assert (low, high) == (min(values), max(values))
        assert within(e, max(values) + 1, program) == (min(values) >= 0)


def test_a_length_that_a_form_must_not_know_has_no_interval():
    program = IndexProgram()
    x = program.input("x", (5,))
    assert interval(x.axes[0], program) is None
    assert program.length(x.axes[0]) == 5
    assert interval(x.axes[0], program) == (0, 4)


def test_both_parts_of_a_division_come_together_again():
    i, p, q = sp.symbols("i p q")
    assert join_divisions([(floor(i / 3), p), (q, remainder(i, sp.Integer(3)))]) == [(i, 3 * p + q)]
    assert len(join_divisions([(floor(i / 3), p), (q, remainder(i, sp.Integer(2)))])) == 2


@pytest.mark.parametrize("values", [(0, 1, 2), (4, 2, 0), (2, 0, 0, 1), (7,), ()])
def test_a_listed_index_gives_the_list(values):
    index = IndexProgram().index(max(len(values), 2))
    e = listed_index(values, index)
    assert tuple(numbers(e, {index: sp.Integer(k)}) for k in range(len(values))) == values
