"""A run of the batch command with every interruption: no line is lost, doubled or graded differently."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from command_line import Batch

from tests.case_files import read
from tests.interrupted_run import interrupted_run


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_two_deaths_of_the_server_and_an_interruption_lose_and_double_no_line(tmp_path):
    result = interrupted_run(tmp_path, 1500)
    assert result.faults == ()
    assert 900 <= result.before < 1500


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_server_of_ones_own_that_dies_is_started_again(tmp_path):
    cases = [case for case in read("grading") for _ in range(12)]
    lines = [{**case, "id": f"s{number}"} for number, case in enumerate(cases)]
    batch = Batch(tmp_path, lines=map(json.dumps, lines))
    command = batch.start(stdout=subprocess.DEVNULL)
    batch.wait_for(30, 300)
    (server,) = Path(f"/proc/{command.pid}/task/{command.pid}/children").read_text().split()
    os.kill(int(server), signal.SIGKILL)
    assert command.wait(600) == 0
    rows = batch.rows()
    assert [row["id"] for row in rows] == [line["id"] for line in lines]
    assert all(row["outcome"] in line["outcome"].split("|") for row, line in zip(rows, lines, strict=True))
