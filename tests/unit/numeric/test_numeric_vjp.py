"""One forward pass and one vector-Jacobian product: torch's numbers, in each input's shape and dtype."""

import pytest
import torch
from both_legs import jacobian
from pullback_server.numeric import DeviceExhausted, compile_program, differentiate
from pullback_server.numeric import devices as device_module
from pullback_server.operators import TABLE
from row_samples import mostly_slow, sample_requests
from typed_programs import typed_by_tensors

CPU = torch.device("cpu")


def vjp(expression, upstream=None, wrt=None, **inputs):
    tensors = {n: x if isinstance(x, torch.Tensor) else torch.tensor(x, dtype=torch.float64) for n, x in inputs.items()}
    forward = compile_program(typed_by_tensors(expression, tensors))
    ones = torch.ones(forward.shape, dtype=forward.types[forward.output])
    seed = ones if upstream is None else torch.as_tensor(upstream, dtype=torch.float64)
    return differentiate(forward, tensors, wrt or tuple(tensors), seed, CPU)


def test_the_first_example_is_right_to_the_last_digit():
    result = vjp("3*a**3 - b**2", [1, 1], a=[2.0, 3.0], b=[6.0, 4.0])
    assert result.value.tolist() == [-12, 65]
    assert {n: g.tolist() for n, g in result.gradients.items()} == {"a": [36, 81], "b": [-12, -8]}


def test_lines_with_names_are_intermediates_in_order():
    result = vjp("z = x**2 + y\np = z*2 + x\np", x=1.0, y=2.0)
    assert [(name, value.item()) for name, value in result.intermediates] == [("z", 3.0), ("p", 7.0)]
    assert result.value == 7
    assert (result.gradients["x"], result.gradients["y"]) == (5, 2)


def test_a_line_that_is_a_number_of_the_text_is_an_intermediate_too():
    result = vjp("half = 1/2\nn = x.shape[0]\nsum(x)*half*n", x=[1.0, 2.0, 3.0])
    assert [(name, value.item()) for name, value in result.intermediates] == [("half", 0.5), ("n", 3)]
    assert result.gradients["x"].tolist() == [1.5, 1.5, 1.5]


def test_nothing_that_comes_back_hangs_on_to_the_graph():
    result = vjp("z = x**2\nz*z", x=2.0)
    tensors = [result.value, *result.gradients.values(), *(value for _, value in result.intermediates)]
    assert not any(t.requires_grad for t in tensors)


def test_the_inputs_are_left_as_they_were():
    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    vjp("sum(x*x)", x=x)
    assert not x.requires_grad
    assert x.grad is None


@pytest.mark.parametrize("wrt", [("x",), ("y",), ("y", "x")])
def test_only_what_is_asked_for_is_differentiated(wrt):
    result = vjp("x*y", wrt=wrt, x=2.0, y=3.0)
    assert {n: g.item() for n, g in result.gradients.items()} == {n: {"x": 3.0, "y": 2.0}[n] for n in wrt}


def test_an_input_that_the_output_does_not_depend_on_gets_zeros_of_its_type():
    unused = torch.ones(2, 3, dtype=torch.float32)
    result = vjp("x + 0*sign(w)", x=2.0, w=3.0, y=unused)
    assert result.gradients["w"] == 0
    torch.testing.assert_close(result.gradients["y"], torch.zeros_like(unused), rtol=0, atol=0)


def test_an_expression_of_numbers_alone_has_zero_gradients():
    result = vjp("0.1 + 0.2 - 0.3", x=[1.0, 2.0])
    assert result.value == pytest.approx(0, abs=1e-6)
    assert result.gradients["x"].tolist() == [0, 0]


def test_integers_and_bools_are_constants():
    count = torch.tensor([1, 2, 3])
    mask = torch.tensor([True, False, True])
    result = vjp("where(mask, x*count, x)", [1, 1, 1], ("x",), x=[1.0, 2.0, 3.0], count=count, mask=mask)
    assert result.value.tolist() == [1, 2, 9]
    assert result.gradients["x"].tolist() == [1, 1, 3]


def test_a_gradient_has_its_inputs_dtype_where_dtypes_meet():
    narrow, wide = torch.tensor([1.5, 2.5], dtype=torch.float32), torch.tensor([2.0, 3.0], dtype=torch.float64)
    result = vjp("x*y", [1, 1], x=narrow, y=wide)
    assert result.value.dtype is torch.float64
    assert {n: g.dtype for n, g in result.gradients.items()} == {"x": torch.float32, "y": torch.float64}


def test_numbers_of_the_text_do_not_widen_a_tensor():
    half = torch.tensor([1.0, 2.0], dtype=torch.float16)
    result = vjp("sum(maximum(x, 0.1)*pi + 2)", x=half)
    assert (result.value.dtype, result.gradients["x"].dtype) == (half.dtype, half.dtype)


def test_a_broadcast_input_gets_the_sum_over_what_it_was_spread_to():
    result = vjp("x + y", [[1, 2, 3], [4, 5, 6]], x=[[1.0], [2.0]], y=[1.0, 2.0, 3.0])
    assert result.gradients["x"].tolist() == [[6], [15]]
    assert result.gradients["y"].tolist() == [5, 7, 9]


@pytest.mark.parametrize("row", mostly_slow(TABLE, 4), ids=lambda row: row.name)
def test_the_product_is_the_upstream_gradient_times_torchs_jacobian(row):
    for text, request in sample_requests(row):
        tensors = {o.name: o.tensor for o in request.inputs}
        wrt = tuple(n for n, t in tensors.items() if t.is_floating_point())
        result = differentiate(compile_program(typed_by_tensors(text, tensors)), tensors, wrt, request.upstream, CPU)
        for name in wrt:
            right = torch.tensordot(request.upstream, jacobian(request, name), dims=request.upstream.dim())
            torch.testing.assert_close(result.gradients[name], right, equal_nan=True, msg=text)


@pytest.mark.parametrize("stage", ["forward", "backward"])
def test_a_full_memory_is_told_apart_from_other_failures(monkeypatch, stage):
    def full(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes")

    if stage == "backward":
        monkeypatch.setattr(torch.autograd, "grad", full)
    else:
        monkeypatch.setattr(torch.Tensor, "detach", full)
    with pytest.raises(DeviceExhausted):
        vjp("x*x", x=2.0)


def test_where_there_is_no_accelerator_the_cpu_is_the_best_device(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: None)
    assert device_module.best_device() == CPU


def test_cuda_comes_first_and_other_accelerators_before_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: torch.device("mps"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_module.best_device() == torch.device("mps", 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_module.best_device() == torch.device("cuda", 0)
