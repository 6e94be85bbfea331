"""Every row of the table has all its columns, and they agree with torch on the row's samples."""

import keyword
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import torch
from exact_differences import by_reference, exact_array, reference_value
from operator_samples import applications, by_torch, inputs, typed
from pullback_server.index_notation.index_program import IndexTensor
from pullback_server.language import check, parse
from pullback_server.numeric.vjp import DTYPES
from pullback_server.operators import BY_NAME, BY_SYMBOL, TABLE, NoClosedForm, OperandError, Operator
from pullback_server.program import Apply, DType, Limits, Refusal, TensorType
from pullback_server.symbolic.differentiation.partition import partition

ROWS = pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
FLOATING = (DType.FLOAT64, DType.FLOAT32, DType.FLOAT16, DType.BFLOAT16)


@ROWS
def test_row_has_every_column(row: Operator) -> None:
    assert row.doc.endswith("."), f"{row.name}: doc is a sentence with a full stop"
    assert len(row.samples) >= 3, f"{row.name}: give it three samples at least"
    assert row.error_inputs, f"{row.name}: give it a wrong input"
    assert row.spellings, f"{row.name}: has no spelling"
    assert row.family, f"{row.name}: name its family"
    assert callable(row.torch), f"{row.name}: give it a torch column"
    assert callable(row.reference), f"{row.name}: give it a reference column"


def test_table_holds_about_sixty_rows_in_families() -> None:
    assert len(TABLE) >= 60
    families = [row.family for row in TABLE]
    runs = [family for k, family in enumerate(families) if k == 0 or families[k - 1] != family]
    assert len(runs) == len(set(runs)), "keep the rows of a family together"


def test_names_are_unique_and_can_be_written() -> None:
    names = [name for row in TABLE for name in (row.name, *row.aliases)]
    assert sorted(names) == sorted(BY_NAME), "two rows share a name or alias"
    words = [word for name in names for word in name.split(".")]
    assert [word for word in words if keyword.iskeyword(word) or not word.isidentifier()] == []


def test_operator_symbols_are_unique() -> None:
    rows = [row for row in TABLE if row.symbol]
    assert len(rows) == len(BY_SYMBOL), "two rows share a symbol and a number of operands"


@ROWS
def test_samples_use_their_own_row(row: Operator) -> None:
    for text in row.samples:
        program = typed(row, text).program
        assert any(applications(program, row)), f"{row.name}: its sample {text} does not use it"


@ROWS
def test_shape_rule_says_what_torch_gives(row: Operator) -> None:
    for dtype in FLOATING:
        for text in row.samples:
            try:
                program = typed(row, text, dtype)
            except Refusal:
                # matrix products do not mix dtypes, and softmax of a constant is float32
                assert dtype is not DType.FLOAT64, f"{row.name}: its own rules refuse {text}"
                continue
            values = by_torch(program, inputs(row, program))
            for value, kind in zip(values, program.types, strict=True):
                if isinstance(value, torch.Tensor):
                    actual = (str(value.dtype).removeprefix("torch."), tuple(value.shape))
                    assert actual == (kind.dtype.label, kind.shape), (
                        f"{row.name}: torch gives {actual} in `{text}` with {dtype.label} inputs and the shape rule "
                        f"says {kind}; change the shape column"
                    )
                else:
                    assert kind.weak


#: Literals that a row must be given, by their kind, where 0 is none.
LITERALS: dict[str, Any] = {"string": "ij,ij->ij", "integers": (1,), "key": ()}


def _operand_types(row: Operator) -> list[list[TensorType]]:
    """Operands of every dtype, alone and in pairs, that a row of one to three tensors may meet."""
    shapes = {"linear algebra": (3, 3)}.get(row.family, (2, 3))
    if row.name in ("dot", "outer"):
        shapes = (3,)
    every = [TensorType(d, shapes) for d in DType]
    tensors = len(row.parameters.tensors)
    if not tensors:
        return [[]]
    if tensors == 1:
        return [[t] for t in every]
    if tensors == 2:
        return [[a, b] for a in every for b in every]
    first = [TensorType(DType.BOOL, shapes)] if row.name == "where" else every
    return [[a, b, c] for a in first for b in every for c in every[::3]]


@ROWS
def test_rule_takes_no_dtypes_that_torch_refuses_and_names_the_result(row: Operator) -> None:
    literals = {p.name: LITERALS.get(p.kind, 0) if p.required else p.default for p in row.parameters.literals}
    for types in _operand_types(row):
        try:
            kind = row.shape(*types, **literals)
        except OperandError as error:
            if not (error.message and error.hint):
                pytest.fail(f"{row.name}: say what would be accepted instead of {types[0].dtype.label}")
            continue
        if kind.weak:
            continue
        operands = [torch.ones(t.shape).to(DTYPES[t.dtype]) for t in types]
        try:
            result = row.torch(*operands, **literals)
        except RuntimeError as error:
            pytest.fail(f"{row.name} of {[str(t) for t in types]}: the rule takes what torch refuses ({error})")
        assert (result.dtype, tuple(result.shape)) == (DTYPES[kind.dtype], kind.shape), f"{row.name} of {types}"


#: Rows that give vectors of which the negative is as right.
UP_TO_SIGN = {"eigh", "svd"}


@ROWS
def test_reference_agrees_with_torch(row: Operator) -> None:
    for text in row.samples:
        program = typed(row, text)
        tensors = inputs(row, program)
        by = by_torch(program, tensors)
        with mp.workdps(50):
            exact = by_reference(program, {name: exact_array(t) for name, t in tensors.items()})
        for number, _ in applications(program.program, row):
            reference = np.asarray(exact[number]).astype(np.float64)
            actual = torch.as_tensor(by[number], dtype=torch.float64).detach().numpy()
            if row.name in UP_TO_SIGN:
                reference, actual = abs(reference), abs(actual)
            single = program.types[program.program.output].dtype is DType.FLOAT32
            np.testing.assert_allclose(
                reference,
                actual,
                rtol=1e-6 if single else 1e-12,
                atol=1e-6 if single else 1e-12,
                equal_nan=True,
                err_msg=f"{row.name}: reference and torch differ in `{text}`",
            )


@ROWS
def test_autograd_agrees_with_a_difference_quotient_of_the_reference(row: Operator) -> None:
    for text in row.samples:
        program = typed(row, text)
        tensors = {n: t.requires_grad_(t.is_floating_point()) for n, t in inputs(row, program).items()}
        output = by_torch(program, tensors)[program.program.output]
        if not output.requires_grad or not any(t.numel() for t in tensors.values() if t.requires_grad):
            continue
        chance = torch.Generator().manual_seed(1)
        wrt = [t for t in tensors.values() if t.requires_grad]
        towards = [torch.rand(t.shape, generator=chance, dtype=t.dtype) for t in wrt]
        gradients = torch.autograd.grad(output.sum(), wrt, allow_unused=True)
        slope = sum((g * d).sum().item() for g, d in zip(gradients, towards, strict=True) if g is not None)
        direction = {id(t): exact_array(d) for t, d in zip(wrt, towards, strict=True)}
        with mp.workdps(60):
            step = mp.mpf(10) ** -20
            ends = []
            for sign in (1, -1):
                moved = {
                    n: np.asarray(exact_array(t) + sign * step * direction.get(id(t), 0)) for n, t in tensors.items()
                }
                ends.append(np.sum(reference_value(program, moved)))
            quotient = float((ends[0] - ends[1]) / (2 * step))
        tolerance = 1e-5 if output.dtype is torch.float32 else 1e-10
        assert slope == pytest.approx(quotient, rel=tolerance, abs=tolerance, nan_ok=True), (
            f"{row.name}: autograd and a difference quotient of the reference column differ in `{text}`"
        )


@ROWS
def test_wrong_inputs_are_refused_with_a_place(row: Operator) -> None:
    for text in row.error_inputs:
        with pytest.raises(Refusal) as caught:
            typed(row, text)
        refusal = caught.value
        assert refusal.line == 1, f"{row.name}: refuses {text} without a place"
        assert refusal.hint, f"{row.name}: refuses {text} without a hint"


@ROWS
def test_sympy_column_builds_or_says_why_not(row: Operator) -> None:
    built = 0
    for text in row.samples:
        program = typed(row, text)
        try:
            form = partition(program)
        except NoClosedForm as reason:
            if not str(reason):
                pytest.fail(f"{row.name}: say why `{text}` has no closed form")
            continue
        built += 1
        output: IndexTensor = form.output
        assert len(output.axes) == program.output.rank, f"{row.name}: `{text}` has an axis too many or too few"
        for axis, length in zip(output.axes, program.output.shape, strict=True):
            assert axis is not None or length == 1, f"{row.name}: `{text}` has no index for an axis of length {length}"
    assert built or not row.closed_form, f"{row.name}: no sample has a closed form; set its sympy column to None"


@ROWS
def test_domain_and_kinks_are_conditions_on_the_parameters(row: Operator) -> None:
    names = [p.name + "_" * (p.name in BY_NAME) for p in row.parameters.parameters]
    for text in [row.domain] * bool(row.domain) + [kink.where for kink in row.kinks]:
        program = parse(text, names, Limits())
        types = {name: TensorType(DType.FLOAT64, (3, 3)) for name in names}
        assert check(program, types, Limits()).output.dtype is DType.BOOL, f"{row.name}: `{text}` is not a condition"


@ROWS
def test_samples_are_inside_the_domain(row: Operator) -> None:
    for text in row.samples:
        program = typed(row, text)
        values = by_torch(program, inputs(row, program))
        for number, node in applications(program.program, row):
            assert not torch.as_tensor(values[number]).isnan().any() or 0 in program.types[node.operands[0]].shape, (
                f"{row.name}: `{text}` is undefined somewhere; narrow the interval"
            )


def test_every_sample_is_counted() -> None:
    assert sum(len(row.samples) for row in TABLE) > 400


@ROWS
def test_a_form_that_knows_a_length_is_kept_under_it(row: Operator) -> None:
    for text in row.samples:
        program = typed(row, text)
        try:
            form = partition(program)
        except NoClosedForm:
            continue
        marked = any(
            BY_NAME[node.operator].mixes_lengths(
                *(None if k is None else program.types[k] for k in node.operands), **program.arguments[number]
            )
            for number, node in enumerate(program.program.nodes)
            if isinstance(node, Apply)
        )
        axes = [a for x in form.inputs.values() for a in x.axes if a is not None]
        known = any(isinstance(form.program.dimensions[a].source, int) for a in axes)
        assert marked or not known, f"{row.name}: the form of `{text}` knows a length: mark the row as size_dependent"
