"""A short storm: whatever breaks, each request has one final status, and nothing is left behind."""

import pytest
from pullback_server.service.failpoints import POINTS

from .report import print_report
from .storm import storm


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_in_a_storm_every_promise_holds():
    outcome = await storm(24, 32, "short storm")
    print_report(outcome)
    assert outcome.ledger.violations == []
    assert outcome.ledger.right > 100
    assert sum(outcome.blows.values()) > 10
    assert len([point for point in POINTS if outcome.strikes[point]]) > len(POINTS) / 2
