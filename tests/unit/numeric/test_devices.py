"""Devices: which one computes, and what a full memory becomes."""

import pytest
import torch
from pullback_server.numeric import DeviceExhausted, MemoryGuard, best_device, device_for, devices


def test_the_best_device_is_one_that_computes():
    assert torch.ones(2, device=best_device()).sum() == 2


def test_a_device_without_the_dtype_gives_way_to_the_cpu(monkeypatch):
    monkeypatch.setattr(devices, "supports", lambda device, dtype: dtype is not torch.float64)
    other = torch.device("meta")
    assert device_for(other, {torch.float32}) == other
    assert device_for(other, {torch.float32, torch.float64}) == torch.device("cpu")


def test_what_a_device_supports_is_tried():
    devices.supports.cache_clear()
    assert devices.supports(torch.device("cpu"), torch.float64)
    assert not devices.supports(torch.device("cuda", 63), torch.float64)


@pytest.mark.parametrize(
    "problem",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_every_way_to_run_out_of_memory_is_one(problem):
    with pytest.raises(DeviceExhausted), MemoryGuard():
        raise problem


def test_other_errors_are_not_taken_for_a_full_memory():
    with pytest.raises(RuntimeError, match="shapes"), MemoryGuard():
        raise RuntimeError("shapes do not match")


def test_torch_really_says_so_when_memory_is_full():
    with pytest.raises(DeviceExhausted), MemoryGuard():
        torch.empty(2**60, dtype=torch.uint8)
