"""A run of the batch command that everything happens to: no line is lost, doubled or graded otherwise."""

import pytest

from tests.interrupted_run import interrupted_run


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_deaths_of_the_server_and_an_interruption_lose_and_double_no_line(tmp_path):
    told = interrupted_run(tmp_path, 1500)
    assert told.faults == ()
    assert 900 <= told.before < 1500
