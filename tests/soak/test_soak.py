"""A short soak: every answer is right, and the service holds as many files and processes as before."""

import pytest

from .soak import soak


@pytest.mark.slow
@pytest.mark.timeout(800)
async def test_under_a_steady_load_every_answer_is_right_and_nothing_piles_up():
    figures = await soak(15, "short soak", warming=5, measuring=5, interval=3)
    assert figures.wrong == []
    assert sum(figures.statuses.values()) > 100
    first, last = figures.samples[0], figures.samples[-1]
    assert (last.files, last.processes) == (first.files, first.processes)
    assert last.buffers <= last.workers
