"""Sums of products with deltas: contracting, merging and splitting leave the sum as it was, entry by entry."""

import math

import numpy as np
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from pullback_server.index_notation.expressions import Delta, Entry, Reduction
from pullback_server.index_notation.index_program import IndexProgram
from pullback_server.index_notation.terms import Term, contract, factor_out, merge, split

FREE, BOUND = ("i", "j", "p"), ("s", "t", "u", "w")
LENGTH = 3
#: Tensors by name, with their ranks; the sizes are all the same, so that every delta is possible.
RANKS = {"a": 0, "x": 1, "y": 1, "A": 2, "B": 2}
VALUES = {name: np.random.default_rng(rank).standard_normal((LENGTH,) * rank) for name, rank in RANKS.items()}


def index_program():
    """An index program with one dimension for all indices, the free ones and the bound ones."""
    program = IndexProgram()
    first = program.index(("x", 0), 3)
    indices = [first, *(program.index(first) for _ in range(len(FREE) + len(BOUND) - 1))]
    return program, dict(zip((*FREE, *BOUND), indices, strict=True))


PROGRAM, INDICES = index_program()
free, bound = ([INDICES[n] for n in names] for names in (FREE, BOUND))
entries = st.sampled_from(sorted(RANKS)).flatmap(
    lambda name: st.tuples(*[st.sampled_from([*free, *bound])] * RANKS[name]).map(lambda at: Entry(name, *at))
)
pairs = st.tuples(st.sampled_from([*free, *bound]), st.sampled_from([*free, *bound]))
terms = st.builds(
    lambda factors, number, deltas, sums: Term(sp.Mul(number, *factors), tuple(deltas), tuple(sums)),
    st.lists(entries, max_size=3),
    st.integers(-2, 3).filter(bool),
    st.lists(pairs, max_size=4),
    st.lists(st.sampled_from(bound), unique=True, max_size=4),
)


#: Where an index goes in the arrays that hold a value at every position of every index: each has an axis.
AXES = [*free, *bound]
AT = {index: np.arange(LENGTH).reshape([-1 if other is index else 1 for other in AXES]) for index in AXES}


def value(e):
    """An expression's values by the positions of its free indices: of length 1 along the axis of any other."""
    match e:
        case Entry():
            return VALUES[e.name][tuple(AT[i] for i in e.indices)]
        case Delta():
            return (AT[e.args[0]] == AT[e.args[1]]).astype(float)
        case Reduction():
            over = [AXES.index(i) for i in e.bound]
            shape = [LENGTH if axis in over else 1 for axis in range(len(AXES))]
            return (value(e.body) * np.ones(shape)).sum(tuple(over), keepdims=True)
        case sp.Symbol():
            return float(LENGTH)
        case sp.Add():
            return sum(value(a) for a in e.args)
        case sp.Mul():
            return math.prod(value(a) for a in e.args)
        case sp.Pow():
            return value(e.base) ** value(e.exp)
    return float(e)


def everywhere(e):
    """The values of an expression at every position of every index that may be free in it."""
    return np.broadcast_to(value(e), [LENGTH] * len(AXES))


@given(terms)
def test_contraction_leaves_the_sum_as_it_was(term):
    np.testing.assert_allclose(everywhere(contract(term, PROGRAM).expression), everywhere(term.expression), atol=1e-12)


@given(terms)
def test_after_contraction_no_delta_has_a_bound_index(term):
    done = contract(term, PROGRAM)
    assert not {index for pair in done.deltas for index in pair} & set(done.bound)
    assert all(a != b for a, b in done.deltas)
    assert set(done.bound) <= done.coefficient.free_symbols


@given(st.lists(terms, max_size=4))
def test_merging_leaves_the_total_as_it_was_and_adds_up_what_is_alike(several):
    contracted = [contract(term, PROGRAM) for term in several]
    merged = merge(contracted, PROGRAM)
    total = sp.Add(*(t.expression for t in several))
    np.testing.assert_allclose(everywhere(sp.Add(*(t.expression for t in merged))), everywhere(total), atol=1e-12)
    assert len({(t.deltas, len(t.bound)) for t in merged}) == len(merged)


@given(terms)
def test_what_cancels_is_left_out(term):
    opposite = Term(-term.coefficient, term.deltas, term.bound)
    assert merge([contract(term, PROGRAM), contract(opposite, PROGRAM)], PROGRAM) == ()


deltas = pairs.map(lambda pair: Delta(*pair))
factors = st.one_of(
    entries, deltas, st.lists(st.one_of(entries, deltas), min_size=2, max_size=3).map(lambda s: sp.Add(*s))
)


@given(st.lists(factors, min_size=1, max_size=3), st.integers(1, 3))
def test_splitting_leaves_the_product_as_it_was_and_no_delta_among_the_factors(several, power):
    expression = sp.Mul(*several) * sp.Pow(several[0], power)
    parts = list(split(expression))
    together = sp.Add(*(p.expression for p in parts))
    np.testing.assert_allclose(everywhere(together), everywhere(expression), rtol=1e-9, atol=1e-9)
    for part in parts:
        assert not any(isinstance(f, Delta) for f in sp.Mul.make_args(part.coefficient))


@given(st.lists(terms, min_size=1, max_size=3))
def test_taking_out_common_factors_leaves_the_sum_as_it_was(several):
    total = sp.Add(*(t.coefficient for t in several))
    np.testing.assert_allclose(everywhere(factor_out(total)), everywhere(total), rtol=1e-9, atol=1e-9)


def test_a_bound_index_that_nothing_depends_on_leaves_its_length():
    i, s = INDICES["i"], INDICES["s"]
    done = contract(Term(Entry("x", i), (), (s,)), PROGRAM)
    assert done == Term(Entry("x", i) * PROGRAM.size(s))


def test_a_chain_of_deltas_contracts_to_one():
    i, p, s, t = (INDICES[n] for n in "ipst")
    done = contract(Term(Entry("A", s, t), ((i, s), (s, t), (t, p)), (s, t)), PROGRAM)
    assert done.bound == ()
    assert len(done.deltas) == 1
    assert set(done.deltas[0]) == {i, p}
