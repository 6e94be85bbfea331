"""Entries read and added at computed indices, as the plans of closed forms do it."""

import pytest
import torch
from pullback_server.symbolic.evaluation.indexing import gather, scatter


def reads(x, axes, indices):
    """What gather must give, entry by entry."""
    kept = [k for k in range(x.dim()) if k not in axes]
    common = torch.broadcast_shapes(*(i.shape for i in indices))
    wide = [i.expand(common) for i in indices]
    out = x.new_zeros([x.shape[k] for k in kept] + list(common))
    for place in torch.cartesian_prod(*(torch.arange(n) for n in out.shape)).reshape(-1, out.dim()).tolist():
        at = dict(zip(kept, place, strict=False))
        at |= {a: int(i[tuple(place[len(kept) :])]) for a, i in zip(axes, wide, strict=True)}
        out[tuple(place)] = x[tuple(at[k] for k in range(x.dim()))]
    return out


@pytest.mark.parametrize(
    ("axes", "shapes"),
    [((0,), [(3,)]), ((1,), [(2, 2)]), ((0, 2), [(2, 1), (1, 3)]), ((2,), [()]), ((0, 1, 2), [(4,), (4,), (4,)])],
)
def test_gather_reads_the_entries_that_its_indices_say(axes, shapes):
    random = torch.Generator().manual_seed(0)
    x = torch.rand(2, 3, 4, generator=random, dtype=torch.float64)
    indices = [
        torch.randint(0, x.shape[a], s, generator=random).to(torch.float64) for a, s in zip(axes, shapes, strict=True)
    ]
    assert torch.equal(gather(x, axes, indices), reads(x, axes, indices))


def test_a_negative_index_counts_from_the_end_and_one_out_of_range_reads_the_nearest():
    x = torch.tensor([1.0, 2.0, 3.0])
    assert gather(x, (0,), [torch.tensor([-1.0, 7.0, -9.0])]).tolist() == [3.0, 3.0, 1.0]


def test_of_nothing_zeros_are_read():
    assert gather(torch.zeros(2, 0), (1,), [torch.tensor([0.0, 1.0])]).tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("shared", [True, False])
def test_scatter_is_the_transpose_of_gather(shared):
    random = torch.Generator().manual_seed(1)
    x = torch.rand(2, 5, generator=random, dtype=torch.float64, requires_grad=True)
    index = torch.randint(0, 5, (1 if shared else 2, 7), generator=random)
    up = torch.rand(2, 7, generator=random, dtype=torch.float64)
    read = torch.gather(x, 1, index.expand(2, 7))
    (expected,) = torch.autograd.grad(read, x, up)
    assert torch.allclose(scatter(up, index.to(torch.float64), kept=1, lengths=[5]), expected)


def test_what_is_out_of_range_adds_nothing():
    at = torch.tensor([0.0, 5.0, -7.0, 1.0])
    assert scatter(torch.ones(4), at, kept=0, lengths=[2]).tolist() == [1.0, 1.0]
    assert scatter(1.0, at, kept=0, lengths=[2]).tolist() == [1.0, 1.0]
    assert scatter(torch.ones(3, 4), at, kept=1, lengths=[0]).shape == (3, 0)
