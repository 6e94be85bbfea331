"""Files of answers: what a line may be, what a journal keeps, and what a row says of an error."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time

import pullback
import pytest
from pullback.batch import Journal, JournalError, Line, Row, lines, survey

from tests.graded_rows import row

GOOD = {"expression": "x**2", "inputs": {"x": {"domain": [-2, 2]}}, "wrt": "x", "answer": "2x"}


def read(tmp_path, text, suffix=".jsonl", seed=None):
    path = tmp_path / f"answers{suffix}"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(lines(path, seed))


def one(tmp_path, **changes):
    (line,) = read(tmp_path, json.dumps({**GOOD, **changes}))
    return line


def test_a_line_is_a_submission(tmp_path):
    line = one(
        tmp_path, id=7, kind="partial", wrt=["x", "x"], syntax="latex", order=2, upstream="u", points=3, problem="Q1",
        policy={"tolerance": 1e-6, "seed": 5, "partial_credit": {"SIGN": 0.5}},
    )  # fmt: skip
    assert (line.id, line.label, line.points, line.fault) == ("7", "Q1", 3.0, "")
    problem, attempt = line.submission.problem, line.submission.answer
    assert (problem.wrt, problem.kind, problem.order, problem.upstream) == (("x", "x"), "partial", 2, "u")
    assert (problem.policy.tolerance, problem.policy.seed) == (1e-6, 5)
    assert (attempt.text, attempt.syntax) == ("2x", "latex")


def test_a_line_without_an_id_has_its_number_and_a_problem_describes_itself(tmp_path):
    line = one(tmp_path)
    assert (line.id, line.label) == ("line 1", "derivative of x**2 with respect to x")


def test_a_seed_of_the_command_replaces_that_of_a_line(tmp_path):
    (line,) = read(tmp_path, json.dumps({**GOOD, "policy": {"seed": 5, "points": 9}}), seed=11)
    assert (line.submission.problem.policy.seed, line.submission.problem.policy.points) == (11, 9)


def test_numbers_are_answers_too(tmp_path):
    assert one(tmp_path, answer=[[1, 2]]).submission.answer.tensor == [[1, 2]]
    assert one(tmp_path, answer=3).submission.answer.text == "3"
    both = one(tmp_path, tensor=[1.0]).submission.answer
    assert (both.text, both.tensor) == ("2x", [1.0])


@pytest.mark.parametrize(
    "text",
    [
        b"not json", b"[1, 2]", b'"text"', b"{\"id\": \"\xff\"}", b'{"a": ' * 5000, b"9" * 10_000,
        *(
            json.dumps({**GOOD, **change}).encode()
            for change in (
                {"expression": None}, {"expression": 3}, {"inputs": None}, {"inputs": [1]}, {"inputs": "x"},
                {"answer": None}, {"answer": {}}, {"answer": True}, {"wrt": 3}, {"wrt": [3]}, {"kind": 1},
                {"syntax": []}, {"policy": 3}, {"policy": {"sede": 1}}, {"policy": {"notations": "latex"}},
                {"policy": {"reveal": "no"}}, {"policy": {"partial_credit": [1]}}, {"points": -1}, {"points": "many"},
            )
        ),
    ],
)  # fmt: skip
def test_a_bad_line_has_a_fault_and_leaves_the_next_alone(tmp_path, text):
    bad, good = read(tmp_path, b"\n" + text + b"\n" + json.dumps(GOOD).encode())
    assert bad.fault.startswith("line 2: ")
    assert bad.submission is None
    assert (good.position, good.fault) == (1, "")


def test_csv_has_the_same_fields(tmp_path):
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["id", "expression", "inputs", "wrt", "answer", "syntax", "order", "points", "policy"])
    rows.writerow(["a", "x*y", '{"x": {}, "y": {}}', "x, y", "1,\n2", "", "", "2", '{"seed": 3}'])
    rows.writerow(["b", "x**2", '{"x": {}}', '["x"]', "2x", "latex", "1", "", ""])
    rows.writerow([])
    rows.writerow(["c", "x**2", "x is any number", "x", "2x"])
    rows.writerow(["d", "x**2", '{"x": {}}', "x", "2x", "math", "1", "1", "{}", "one too many"])
    first, second, third, fourth = read(tmp_path, "\ufeff" + table.getvalue(), ".csv")
    assert (first.id, first.points, first.submission.problem.wrt) == ("a", 2.0, ("x", "y"))
    assert (first.submission.answer.text, first.submission.problem.policy.seed) == ("1,\n2", 3)
    assert (second.submission.problem.wrt, second.submission.answer.syntax) == (("x",), "latex")
    assert "holds something else" in third.fault
    assert "10 cells" in fourth.fault


def test_a_survey_counts_lines_and_names_ids_that_several_share(tmp_path):
    answers = read(tmp_path, "\n".join(json.dumps({**GOOD, "id": name}) for name in "abab"))
    counts = survey(tmp_path / "answers.jsonl", answers)
    assert (counts.total, counts.repeated) == (4, ("a", "b"))


def journal_of(tmp_path, total=4, **about):
    return Journal(tmp_path / "out.journal", about or {"file": "digest"}, total)


def test_a_journal_keeps_each_row_once_and_in_order(tmp_path):
    with journal_of(tmp_path) as journal:
        for position in (2, 0, 2):
            journal.add(row(position))
    with journal_of(tmp_path) as journal:
        assert journal.done == 2
        assert [position in journal for position in range(4)] == [True, False, True, False]
        journal.add(row(1))
        assert [entry.position for entry in journal.rows()] == [0, 1, 2]
        assert next(journal.rows()) == row(0)


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_a_torn_last_line_is_written_anew_and_no_other_is_lost(tmp_path, cut):
    with journal_of(tmp_path) as journal:
        for position in range(3):
            journal.add(row(position))
    path = tmp_path / "out.journal"
    os.truncate(path, path.stat().st_size - cut)
    with journal_of(tmp_path) as journal:
        assert journal.done == 2
        journal.add(row(2))
        assert list(journal.rows()) == [row(0), row(1), row(2)]


def test_a_journal_of_another_run_or_a_damaged_one_or_one_in_use_is_refused(tmp_path):
    with journal_of(tmp_path, file="one") as journal:
        journal.add(row(0))
        with pytest.raises(JournalError, match="another command"):
            journal_of(tmp_path, file="one")
    with pytest.raises(JournalError, match="another run"):
        journal_of(tmp_path, file="two")
    with (tmp_path / "out.journal").open("a") as file:
        file.write("{}\n")
    with pytest.raises(JournalError, match="damaged"):
        journal_of(tmp_path, file="one")


def test_a_process_that_is_killed_leaves_every_row_that_it_kept(tmp_path):
    code = f"""
import sys
sys.path.insert(0, {os.getcwd()!r})
from pathlib import Path
from tests.graded_rows import row
from tests.unit.client.test_grading_batch import journal_of
journal = journal_of(Path({str(tmp_path)!r}), total=10**6)
for position in range(10**6):
    journal.add(row(position))
    print(position, flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    for position in child.stdout:
        if int(position) >= 200:
            break
    child.send_signal(signal.SIGKILL)
    *_, last = (position + child.stdout.read()).split("\n")[:-1]
    child.wait()
    child.stdout.close()
    with journal_of(tmp_path, total=10**6) as journal:
        assert [entry.position for entry in journal.rows()][: int(last) + 1] == list(range(int(last) + 1))


def test_the_clock_of_a_journal_costs_no_row(tmp_path, monkeypatch):
    monkeypatch.setattr("pullback.batch.journal.SYNC_SECONDS", 0.0)
    with journal_of(tmp_path) as journal:
        journal.add(row(0))
        time.sleep(0.01)
        journal.add(row(1))
    with journal_of(tmp_path) as journal:
        assert journal.done == 2


def test_a_refused_problem_is_no_answer_and_a_failed_grader_is_undecided():
    line = Line(0, "a")
    refused = Row.of_error(line, pullback.InvalidRequest("no such thing", field="problem.expression"))
    assert (refused.outcome, refused.score, refused.codes) == ("NOT_AN_ANSWER", 0.0, ("BAD_PROBLEM",))
    failed = Row.of_error(line, pullback.InternalError("the service failed", reason="INTERNAL"))
    assert (failed.outcome, failed.score, failed.codes) == ("UNDECIDED", None, ())


def test_a_row_keeps_what_became_of_the_grades_parts():
    grade = pullback.Grade(pullback.GradeOutcome.INCORRECT, 0.0, findings_state="DEADLINE", right_state="NO_FORM")
    kept = Row.from_json(json.loads(json.dumps(Row.of_grade(Line(0, "a"), grade).to_json())))
    assert (kept.findings_state, kept.right_state) == ("DEADLINE", "NO_FORM")


def test_a_row_of_an_older_journal_says_nothing_of_the_parts():
    older = {name: value for name, value in row(0).to_json().items() if not name.endswith("_state")}
    assert Row.from_json(older).findings_state == Row.from_json(older).right_state == "UNSPECIFIED"
