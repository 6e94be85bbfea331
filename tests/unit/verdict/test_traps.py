"""Points where autograd, the closed form, or both are wrong: the verdict names the right leg and the right number."""

import math
from dataclasses import replace

import pytest
import torch
from both_legs import final, prepared, with_leaves
from case_files import read
from pullback_server.verdict import Cause, Operand, Outcome, Request, SlopeKind

TRAPS = read("traps")
IDS = {"ids": [case["expression"] for case in TRAPS]}


def request_for(case, dtype=torch.float64):
    """The trap's request, with an upstream of ones."""
    operands = tuple(Operand(n, torch.tensor(v, dtype=dtype)) for n, v in case["inputs"].items())
    request = Request(case["expression"], operands)
    return replace(request, upstream=torch.ones(prepared(request).forward.shape, dtype=dtype))


def flat(right, tensor):
    """What is right at each entry, in the order of rows."""
    for _ in range(tensor.dim() - 1):
        right = [entry for row in right for entry in row]
    return right


def slope(text):
    return {"inf": math.inf, "-inf": -math.inf, "undefined": math.nan}.get(text, text)


MORE = read("more_traps")


@pytest.mark.parametrize("case", [*TRAPS, *MORE], ids=[case["expression"] for case in [*TRAPS, *MORE]])
def test_the_outcome_is_the_right_one(case):
    derivatives = final(request_for(case)).derivatives
    worst = max((d.verdict.outcome for d in derivatives), key=lambda outcome: outcome.severity)
    assert worst.name in case["verdict"].split("|")


@pytest.mark.parametrize("case", TRAPS, **IDS)
def test_the_derivative_and_the_slopes_are_right_at_every_entry_that_was_examined(case):
    request = request_for(case)
    tensors = {o.name: o.tensor for o in request.inputs}
    examined = 0
    for derivative in final(request).derivatives:
        right = flat(case["right"][derivative.name], tensors[derivative.name])
        places = torch.arange(derivative.gradient.numel()).reshape(derivative.gradient.shape)
        for entry in (e for f in derivative.verdict.findings for e in f.examined):
            examined += 1
            expected = right[int(places[entry.index])]
            if isinstance(expected, list):
                assert math.isnan(entry.derivative)
                assert [entry.left.value, entry.right.value] == pytest.approx(list(map(slope, expected)), nan_ok=True)
            elif expected == "undefined":
                assert (entry.outcome, entry.left.kind) == (Outcome.UNDEFINED, SlopeKind.UNDEFINED)
            else:
                assert entry.derivative == pytest.approx(expected, rel=1e-12)
    assert examined or case["verdict"].startswith("AGREE") or "AGREE" in case["verdict"].split("|")


@pytest.mark.parametrize("case", TRAPS, **IDS)
def test_the_right_gradient_stands_beside_autograds_own(case):
    request = request_for(case)
    for derivative in final(request).derivatives:
        verdict = derivative.verdict
        wrong = verdict.outcome in (Outcome.TORCH_DEVIATES, Outcome.BOTH_DEVIATE)
        assert (verdict.derivative is not None) == wrong
        if wrong:
            expected = flat(case["right"][derivative.name], derivative.gradient)
            assert verdict.derivative.flatten().tolist() == pytest.approx(expected, rel=1e-12)
            assert verdict.derivative_source
        # Autograd's own gradient is what autograd gave.
        output, leaves = with_leaves(request, derivative.name)
        (gradient,) = torch.autograd.grad(output, [leaves[derivative.name]], request.upstream)
        assert torch.equal(gradient.nan_to_num(nan=7), derivative.gradient.nan_to_num(nan=7))


CAUSES = [
    ("where(x > 0, sqrt(x), x)", [-1.0], Cause.DEAD_BRANCH, "sqrt(x)", "where(x > 0, sqrt(where(x > 0, x, 1)), x)"),
    ("where(x < 0, exp(x), 1 + x)", [1e3], Cause.DEAD_BRANCH, "exp(x)", "where(x < 0, exp(where(x < 0, x, 1)), 1 + x)"),
    ("sqrt(x)**2", [0.0], Cause.ZERO_TIMES_INFINITY, "sqrt(x)", "x"),
    ("sqrt(x**4)", [0.0], Cause.ZERO_TIMES_INFINITY, "sqrt(x**4)", "x**2"),
    ("log(1 + exp(x))", [1e3], Cause.OVERFLOW, "exp(x)", "softplus(x)"),
    ("log(sum(exp(x)))", [1e3, 1e3], Cause.OVERFLOW, "exp(x)", "logsumexp(x)"),
    ("2*log(sum(exp(x)))", [1e3, 1e3], Cause.OVERFLOW, "exp(x)", "2*logsumexp(x)"),
    ("(1 - cos(x))/x**2", [1e-9], Cause.CANCELLATION, "1 - cos(x)", ""),
    ("1/(1 + exp(-x))", [-1e3], Cause.OVERFLOW, "exp(-x)", "sigmoid(--x)"),
    ("log(softmax(x)[0])", [-1e3, 0.0], Cause.OVERFLOW, "log(softmax(x)[0])", "log_softmax(x)[0]"),
    ("sqrt(x + 1) - sqrt(x)", [1e16], Cause.CANCELLATION, "sqrt(x + 1) - sqrt(x)", "1/(sqrt(x + 1) + sqrt(x))"),
    ("cosh(x) - sinh(x)", [20.0], Cause.CANCELLATION, "cosh(x) - sinh(x)", "exp(-x)"),
    ("det(A)", [[1.0, 2.0], [2.0, 4.0]], Cause.SINGULAR_MATRIX, "det(A)", ""),
    ("abs(x)", [0.0], Cause.TIE, "abs(x)", ""),
    ("maximum(x, x**2)", [1.0], Cause.TIE, "maximum(x, x**2)", ""),
    ("relu(x) - relu(-x)", [0.0], Cause.TIE, "relu(x)", "x"),
    ("amax(x)", [1.0, 1.0], Cause.TIE, "amax(x)", ""),
    ("floor(x)", [1.0], Cause.JUMP, "floor(x)", ""),
    ("where(x > 1, x, -x)", [1.0], Cause.JUMP, "x > 1", ""),
    ("where(x == 0, 0, x)", [0.0], Cause.POINT_PATCH, "x == 0", "x"),
    ("sqrt(x)", [0.0], Cause.DOMAIN_EDGE, "sqrt(x)", ""),
    ("log(x)", [-1.0], Cause.OUT_OF_DOMAIN, "log(x)", ""),
    ("sum(log(x))", [-1.0, 2.0], Cause.OUT_OF_DOMAIN, "log(x)", ""),
    ("1/x", [0.0], Cause.OUT_OF_DOMAIN, "1/x", ""),
    ("softplus(x)", [20.1], Cause.ROUNDING, "softplus(x)", ""),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "value", "cause", "node", "instead"), CAUSES, ids=[c[0] for c in CAUSES])
def test_the_cause_has_a_code_a_sentence_a_place_and_where_one_is_known_a_remedy(
    expression, value, cause, node, instead
):
    name = "A" if "A" in expression else "x"
    (derivative,) = final(request_for({"expression": expression, "inputs": {name: value}})).derivatives
    diagnosis = derivative.verdict.findings[0].diagnosis
    assert (diagnosis.cause, diagnosis.expression) == (cause, node)
    assert diagnosis.message.endswith(".")
    assert expression[diagnosis.column - 1 :].startswith(node[0])
    assert diagnosis.line == 1
    assert diagnosis.remedy == instead


def test_a_remedy_is_never_offered_unchecked(monkeypatch):
    """A rewriting whose gradient is not the derivative is thrown away."""
    from pullback_server.verdict.diagnosis import remedies

    monkeypatch.setattr(remedies, "REWRITINGS", (lambda m, node: iter(["x + 1", "x*2"]),))
    (derivative,) = final(request_for({"expression": "sqrt(x)**2", "inputs": {"x": [0.0]}})).derivatives
    assert derivative.verdict.outcome is Outcome.TORCH_DEVIATES
    assert derivative.verdict.findings[0].diagnosis.remedy == ""


LOW = [
    ("exp(x + 3) - exp(3 + x*1.01)", [1e-3], {Outcome.PRECISION_LIMITED, Outcome.AGREE}),
    ("(1 - cos(x))/x**2", [0.05], {Outcome.PRECISION_LIMITED}),
    ("sum(x)*1.0", [0.1, 0.2, 0.3], {Outcome.AGREE}),
    ("tanh(x)*x", [0.3, -2.0], {Outcome.AGREE}),
    ("log(sum(exp(x)))", [1.0, 2.0, 3.0], {Outcome.AGREE}),
]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize(("expression", "value", "outcomes"), LOW, ids=[c[0] for c in LOW])
def test_what_a_low_precision_loses_is_no_deviation(expression, value, outcomes, dtype):
    (derivative,) = final(request_for({"expression": expression, "inputs": {"x": value}}, dtype)).derivatives
    assert derivative.verdict.outcome in outcomes


def test_ten_kinks_among_many_entries_are_found_and_the_rest_is_not_examined():
    x = torch.randn(200_000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    kinks = torch.arange(10) * 19_999 + 7
    x[kinks] = 0
    (derivative,) = final(Request("sum(relu(x)*3)", (Operand("x", x),))).derivatives
    verdict = derivative.verdict
    assert (verdict.outcome, verdict.suspects, verdict.examined) == (Outcome.NOT_DIFFERENTIABLE, 10, 10)
    (finding,) = verdict.findings
    assert finding.count == 10
    assert [e.index for e in finding.examined] == [(int(k),) for k in kinks]
    assert {(e.left.value, e.right.value) for e in finding.examined} == {(0.0, 3.0)}


def test_every_group_of_suspects_is_examined_where_there_are_many():
    x = torch.zeros(3000, dtype=torch.float64)
    x[1000:] = -1.0
    x[2000:] = 1e3
    (derivative,) = final(Request("sum(where(x <= 0, exp(x)*abs(x), 1 + x))", (Operand("x", x),))).derivatives
    counts = {f.outcome: f.count for f in derivative.verdict.findings}
    assert counts == {Outcome.TORCH_DEVIATES: 1000, Outcome.NOT_DIFFERENTIABLE: 1000}
    assert 2 <= derivative.verdict.examined <= 12
    assert torch.equal(derivative.verdict.derivative[2000:], torch.ones(1000, dtype=torch.float64))
    assert derivative.verdict.derivative[:1000].isnan().all()


def test_what_is_too_much_to_examine_is_undecided_and_says_so():
    x = torch.rand(300, 300, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x[0] = x[1]
    (derivative,) = final(Request("sum(amax(x @ x.T, 1))", (Operand("x", x),))).derivatives
    verdict = derivative.verdict
    assert (verdict.outcome, verdict.reason, verdict.examined) == (Outcome.UNDECIDED, "OVER_BUDGET", 0)
    assert "in many digits" in verdict.message


def test_the_same_request_has_the_same_verdict_twice():
    case = {"expression": "log(sum(exp(x))) + sum(relu(x))", "inputs": {"x": [1000.0, 0.0, -3.0]}}
    one, two = (final(request_for(case)).derivatives[0].verdict for _ in range(2))
    assert len(one.findings) == 2
    assert repr(one.findings) == repr(two.findings)
