"""Files of answers: what a line may be, what a journal keeps, and what the pipelines' formats demand."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pullback
import pytest
import xmlschema
from pullback import Evidence, Grade, GradeFinding, GradeOutcome
from pullback.batch import FORMATS, Journal, JournalError, Line, Row, Summary, format_of, lines, survey, write
from pullback.batch.prairielearn import LARGEST

from tests.result_schemas import CLASSROOM, GRADESCOPE, JUNIT, LINE, PRAIRIELEARN

SCHEMAS = {"gradescope": GRADESCOPE, "prairielearn": PRAIRIELEARN, "classroom": CLASSROOM}
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


def row(position, outcome="CORRECT", codes=(), **changes):
    grade = Grade(
        GradeOutcome[outcome],
        float(outcome == "CORRECT"),
        tuple(GradeFinding(code, f"Mistake {code} \x1b[31m <&>\ud800.", 1, 2) for code in codes),
        Evidence("POINTS", points=48, error=float("inf")) if outcome == "CORRECT" else Evidence(),
        reason="It took too long." if outcome == "UNDECIDED" else "",
        replay=f"token {position}",
    )
    line = Line(position, changes.get("id", f"s{position}"), changes.get("label", "x**2"), changes.get("points", 2.0))
    return Row.of_grade(line, grade)


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
from tests.unit.client.test_grading_batch import journal_of, row
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


ROWS = (
    row(0, points=4.0),
    row(1, "INCORRECT", ["SIGN", "CONSTANT_FACTOR"]),
    row(2, "UNDECIDED"),
    row(3, "NOT_AN_ANSWER", ["SYNTAX"], id='s"3\n\x00,', label="\x07"),
    row(4, "INCORRECT"),
)


def write_results(tmp_path, form, rows=ROWS):
    path = tmp_path / "results"
    write(path, form, rows, Summary.of(rows), 12.3456)
    assert [file.name for file in tmp_path.iterdir()] == ["results"]
    return path.read_text(encoding="utf-8")


def json_results(tmp_path, form, rows=ROWS):
    """The results in a format that is one JSON object, which keeps its schema."""
    results = json.loads(write_results(tmp_path, form, rows))
    jsonschema.validate(results, SCHEMAS[form])
    return results


def test_json_lines_keep_their_schema(tmp_path):
    results = [json.loads(line) for line in write_results(tmp_path, "jsonl").splitlines()]
    for line in results:
        jsonschema.validate(line, LINE)
    assert [line["score"] for line in results] == [1.0, 0.0, None, 0.0, 0.0]
    assert results[1]["findings"][0]["code"] == "SIGN"
    assert results[0]["evidence"] == {"confirmation": "POINTS", "points": 48, "error": "Infinity"}


def test_csv_reads_back(tmp_path):
    table = list(csv.DictReader(io.StringIO(write_results(tmp_path, "csv"), newline="")))
    assert [line["id"] for line in table] == [entry.id for entry in ROWS]
    assert [line["findings"] for line in table] == ["", "SIGN|CONSTANT_FACTOR", "", "SYNTAX", ""]
    assert table[2]["score"] == ""


def test_gradescope_keeps_its_schema_and_leaves_the_undecided_to_a_person(tmp_path):
    results = json_results(tmp_path, "gradescope")
    assert [test.get("status") for test in results["tests"]] == ["passed", "failed", None, "failed", "failed"]
    assert (results["score"], results["tests"][0]["score"], results["tests"][0]["max_score"]) == (4.0, 4.0, 4.0)
    assert "score" not in results["tests"][2]
    assert "wait for a person" in results["output"]


def test_prairielearn_keeps_its_schema_and_takes_no_attempt_for_what_was_not_graded(tmp_path):
    results = json_results(tmp_path, "prairielearn")
    assert results["gradable"] is False
    assert len(results["format_errors"]) == 2
    graded = json_results(tmp_path, "prairielearn", ROWS[:2])
    assert graded["score"] == pytest.approx(4 / 6)
    assert [test["points"] for test in graded["tests"]] == [4.0, 0.0]


def test_prairielearn_gets_no_more_than_it_takes(tmp_path):
    many = [row(position, "INCORRECT", ["SIGN"]) for position in range(20_000)]
    results = json_results(tmp_path, "prairielearn", many)
    assert (tmp_path / "results").stat().st_size < LARGEST + 20_000
    assert 1000 < len(results["tests"]) < 20_000
    assert f"{20_000 - len(results['tests'])} more" in results["message"]


def test_classroom_keeps_its_schema_and_calls_the_undecided_an_error(tmp_path):
    results = json_results(tmp_path, "classroom")
    assert (results["status"], results["max_score"]) == ("error", 12.0)
    assert [test["status"] for test in results["tests"]] == ["pass", "fail", "error", "fail", "fail"]
    assert json_results(tmp_path, "classroom", ROWS[:1])["status"] == "pass"
    assert json_results(tmp_path, "classroom", ROWS[:2])["status"] == "fail"


def test_junit_keeps_its_schema_and_tells_the_undecided_from_the_wrong(tmp_path):
    text = write_results(tmp_path, "junit")
    xmlschema.XMLSchema(JUNIT).validate(text)
    suite = ElementTree.fromstring(text)[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["5", "2", "1", "1"]
    inside = [[child.tag for child in case if child.tag != "properties"] for case in suite]
    assert inside == [[], ["failure"], ["error"], ["skipped"], ["failure"]]
    assert suite[1][1].get("type") == "SIGN"
    properties = {prop.get("name"): prop.get("value") for prop in suite[1][0]}
    assert (properties["findings"], properties["replay"]) == ("SIGN|CONSTANT_FACTOR", "token 1")


@pytest.mark.parametrize("form", FORMATS)
def test_no_rows_are_results_too(tmp_path, form):
    if form in SCHEMAS:
        json_results(tmp_path, form, ())
    else:
        text = write_results(tmp_path, form, ())
        assert form != "junit" or xmlschema.XMLSchema(JUNIT).validate(text) is None


def test_results_that_cannot_be_written_leave_the_old_ones(tmp_path):
    path = tmp_path / "results"
    path.write_text("old")

    def failing():
        yield ROWS[0]
        raise LookupError("no more rows")

    with pytest.raises(LookupError):
        write(path, "jsonl", failing(), Summary(), 0.0)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["results"]


@pytest.mark.parametrize(("name", "form"), [("a.csv", "csv"), ("a.XML", "junit"), ("a.json", "jsonl"), ("a", "jsonl")])
def test_the_suffix_implies_the_format(name, form):
    assert format_of(Path(name)) == form


def test_what_is_undecided_counts_neither_for_nor_against():
    summary = Summary.of(ROWS)
    assert summary.all.outcomes == {"CORRECT": 1, "INCORRECT": 2, "UNDECIDED": 1, "NOT_AN_ANSWER": 1}
    assert summary.all.mean == 4.0 / 10.0
    assert summary.problems["x**2"].codes == {"SIGN": 1, "CONSTANT_FACTOR": 1}
    assert Summary.of(ROWS[2:3]).all.mean is None


def test_a_refused_problem_is_no_answer_and_a_failed_grader_is_undecided():
    line = Line(0, "a")
    refused = Row.of_error(line, pullback.InvalidRequest("no such thing", field="problem.expression"))
    assert (refused.outcome, refused.score, refused.codes) == ("NOT_AN_ANSWER", 0.0, ("BAD_PROBLEM",))
    failed = Row.of_error(line, pullback.InternalError("the service failed", reason="INTERNAL"))
    assert (failed.outcome, failed.score, failed.codes) == ("UNDECIDED", None, ())


def test_the_clock_of_a_journal_costs_no_row(tmp_path, monkeypatch):
    monkeypatch.setattr("pullback.batch.journal.SYNC_SECONDS", 0.0)
    with journal_of(tmp_path) as journal:
        journal.add(row(0))
        time.sleep(0.01)
        journal.add(row(1))
    with journal_of(tmp_path) as journal:
        assert journal.done == 2
