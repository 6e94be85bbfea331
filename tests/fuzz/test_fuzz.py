"""Whatever strangers send is understood or refused: the kept corpus, and what a fuzzer makes of it for a while."""

import socket
from pathlib import Path

import pytest

from .corpus import kept, seeds
from .targets import TARGETS, Escape, _watched

#: What the fuzzer tries of each target, of which the kept corpus is a part; `python -m tests.fuzz` goes on for minutes.
RUNS = 3000


@pytest.mark.parametrize("target", TARGETS)
def test_every_kept_entry_is_understood_or_refused(target):
    entries = kept(target)
    assert len(entries) > 50
    for entry in (*entries, *seeds(target)):
        TARGETS[target](entry)


@pytest.mark.parametrize(
    "act",
    [lambda: eval("1"), lambda: Path("/dev/null").read_text(), lambda: socket.socket()],
    ids=["eval", "open", "socket"],
)
def test_an_escape_would_be_noticed(act):
    with pytest.raises(Escape), _watched():
        act()


@pytest.mark.slow(whole=True)
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("target", TARGETS)
def test_a_fuzzer_finds_nothing_that_escapes_crashes_or_hangs(target):
    from .__main__ import fuzz

    result = fuzz(target, f"-runs={RUNS}")
    assert result.failure == ""
    assert result.runs >= RUNS
    assert result.edges > 50
