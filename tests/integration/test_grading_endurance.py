"""A run of the batch command with every interruption: no line is lost, doubled or graded differently."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import eventually

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
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    words = ("grade", str(tmp_path / "answers.jsonl"), "--out", str(tmp_path / "grades.jsonl"))
    command = subprocess.Popen([sys.executable, "-m", "pullback.cli", *words], stdout=subprocess.DEVNULL)
    journal = tmp_path / "grades.jsonl.journal"
    eventually(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 30, 300)
    (server,) = Path(f"/proc/{command.pid}/task/{command.pid}/children").read_text().split()
    os.kill(int(server), signal.SIGKILL)
    assert command.wait(600) == 0
    rows = [json.loads(line) for line in (tmp_path / "grades.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [line["id"] for line in lines]
    assert all(row["outcome"] in line["outcome"].split("|") for row, line in zip(rows, lines, strict=True))
