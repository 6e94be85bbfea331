"""The closed forms of the derivatives that are printed in books, from nothing, beside sympy's own matrix calculus."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pullback_server.program import Limits, TypedProgram
from pullback_server.symbolic import Derivation
from pullback_server.verdict import Operand, Request
from pullback_server.verdict.preparation import PreparedProgram, prepare, types_of
from pullback_server.verdict.values import OF_ONE_DERIVATIVE
from sympy.core.cache import clear_cache

from tests.case_files import Case, Tensors, draw_inputs, read, value

from .matrix_calculus import Unavailable, derivative, evaluate
from .pairs import Effort, Finding, Spread, absolute, by_round, interleave, ratio
from .servers import Servers

AGAINST = "sympy's MatrixExpr.diff"
#: How far off sympy's derivative may be, relative and absolute, and still be right.
TOLERANCE = 1e-8
#: A table has so many lines that each gets a share of the patience only.
SHARE = 1 / 12


def closed_forms(_: Servers, effort: Effort) -> Iterator[Finding]:
    """Each identity of the book cold, sympy's cache emptied before; then the median and the worst of all.

    The candidate is everything from the text to Jacobian and VJP as a plan and in every notation but code and steps;
    the baseline is sympy's derivative of the same program as an expression of matrix symbols, where it gives one, and
    the right one.
    """
    findings = {case["eq"]: _finding(case, effort) for case in read("identities")}
    yield from findings.values()
    every = np.array([finding.candidate for finding in findings.values()])
    worst = max(findings, key=lambda eq: findings[eq].candidate)
    yield absolute(f"all {len(findings)} identities, median", every, note=f"the longest is ({worst})")
    pairs = [(f.figure.median, f.candidate, f.baseline) for f in findings.values() if f.baseline is not None]
    ratios, candidate, baseline = (np.array(column) for column in zip(*pairs, strict=True))
    note = "median, least and greatest of the ratios above"
    yield Finding(
        f"the {len(pairs)} of which sympy's is right", AGAINST, "s", float(np.median(candidate)),
        float(np.median(baseline)), Spread.of(ratios), note=note,
    )  # fmt: skip


def derive(program: PreparedProgram) -> None:
    """Derives the closed form of a program, and writes it in every notation that is of one derivative."""
    derivation = Derivation(program.typed, program.used)
    derivation.closed_form()
    for notation in OF_ONE_DERIVATIVE:
        derivation.write(notation)


def _finding(case: Case, effort: Effort) -> Finding:
    title, inputs = f"({case['eq']}) {case['f']} by {case['wrt']}", draw_inputs(case)
    prepared = _prepared(case["f"], inputs)
    typed, wrt = prepared.typed, case["wrt"]

    def candidate() -> None:
        clear_cache()
        derive(_prepared(case["f"], inputs, wrt))

    def sympys() -> None:
        clear_cache()
        derivative(typed, wrt)

    candidate()
    fault = _fault(case, typed, inputs)
    contenders = (candidate,) if fault else (candidate, sympys)
    patience = effort.patience * SHARE
    measured = by_round(interleave(*contenders, rounds=effort.rounds, patience=patience, warm_up=0))
    if fault:
        return absolute(title, measured[0], note=f"sympy: {fault}")
    return ratio(title, AGAINST, measured[0], measured[1])


def _fault(case: Case, typed: TypedProgram, inputs: Tensors) -> str:
    """Why sympy's derivative is no match: it gives none, or one that is not the book's in value; empty where it is."""
    try:
        answer = derivative(typed, case["wrt"])
    except Unavailable as reason:
        return f"no word for {reason}"
    except Exception as error:
        # Its matrix calculus fails in whichever way it likes.
        return f"fails with {type(error).__name__}"
    right = value(case["df"], inputs).numpy()
    try:
        numbers = evaluate(answer, {name: x.numpy() for name, x in inputs.items()}, right.shape)
    except Exception as error:
        return f"gives {answer}, which cannot be evaluated ({type(error).__name__})"
    return "" if np.allclose(numbers, right, rtol=TOLERANCE, atol=TOLERANCE) else f"wrong: it gives {answer}"


def _prepared(text: str, inputs: Tensors, *wrt: str) -> PreparedProgram:
    request = Request(text, tuple(Operand(name, tensor) for name, tensor in inputs.items()))
    return prepare(text, types_of(request), wrt or tuple(inputs), Limits())
