"""`pullback grade` and `pullback replay` over a real socket: what they print, write and survive."""

import contextlib
import csv
import json
import os
import signal
import subprocess

import pytest
from click.testing import CliRunner
from command_line import Batch
from pullback.cli import main
from service_harness import free_ports, running
from waiting import PATIENCE

TEXTS = ("right", "wrong SIGN", "unreadable", "undecided")
OUTCOMES = ("CORRECT", "INCORRECT", "NOT_AN_ANSWER", "UNDECIDED")


@pytest.fixture
def grade(target, tmp_path, monkeypatch):
    """Runs the command on lines in an 80-column terminal without colour; gives its result and what it wrote."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*options, **files):
        batch = Batch(tmp_path, "--target", target, *options, **files)
        done = batch.run()
        return done, batch.rows() if batch.grades.suffix == ".jsonl" else []

    return run


def line(text, name, expression="x**2", **fields):
    values = {"id": name, "expression": expression, "inputs": {"x": {"domain": [-2, 2]}}, "wrt": "x", "answer": text}
    return json.dumps(values | fields)


def repeated(text, count):
    return [line(text, f"s{number}") for number in range(count)]


def numbered(count):
    return [line(TEXTS[number % 4], f"s{number}") for number in range(count)]


def test_every_line_has_a_row_in_order_and_the_summary_counts_them(grade, tmp_path):
    done, results = grade(lines=numbered(100))
    assert done.exit_code == 0, done.output
    assert [row["id"] for row in results] == [f"s{number}" for number in range(100)]
    assert [row["outcome"] for row in results] == [OUTCOMES[number % 4] for number in range(100)]
    assert [row["score"] for row in results[:4]] == [1.0, 0.0, 0.0, None]
    assert results[1]["evidence"]["counterexample"]["inputs"] == {"x": [1.5, 2.0]}
    printed = [" ".join(text.split()) for text in done.stdout.splitlines()]
    assert "all 100 25 25 25 25 0.333" in printed
    assert "derivative of x**2 with respect to x SIGN 25, SYNTAX 25" in printed
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.jsonl", "grades.jsonl"]


def test_bad_lines_become_rows_and_never_stop_a_run(grade):
    bad = ["not json", "[]", json.dumps({"id": "empty"}), line("right", "p", expression="refuse"), line("fail", "f")]
    done, results = grade(lines=[line("right", "a"), *bad, line("right", "z"), line("right", "k", kind="slope")])
    assert done.exit_code == 0, done.output
    outcomes = {"a": "CORRECT", "f": "UNDECIDED", "z": "CORRECT"}
    names = ("a", "line 2", "line 3", "empty", "p", "f", "z", "k")
    assert [(row["id"], row["outcome"]) for row in results] == [(n, outcomes.get(n, "NOT_AN_ANSWER")) for n in names]
    assert results[4]["findings"][0]["code"] == "BAD_PROBLEM"
    assert "there is no `z`" in results[4]["message"]
    assert "secret" not in results[5]["message"]


def test_csv_in_and_csv_out(grade, tmp_path):
    table = ["id,expression,inputs,wrt,answer", 'a,x**2,"{""x"": {}}",x,right', 'b,x**2,"{""x"": {}}",x,wrong SIGN']
    done, _ = grade(lines=table, name="answers.csv", out="grades.csv")
    assert done.exit_code == 0, done.output
    results = list(csv.DictReader((tmp_path / "grades.csv").read_text().splitlines()))
    assert [(row["id"], row["outcome"], row["findings"]) for row in results] == [
        ("a", "CORRECT", ""),
        ("b", "INCORRECT", "SIGN"),
    ]


@pytest.mark.parametrize("form", ["gradescope", "prairielearn", "junit", "classroom", "csv"])
def test_a_format_is_chosen_by_name(grade, tmp_path, form):
    done, _ = grade("--format", form, lines=numbered(4), out="results")
    assert done.exit_code == 0, done.output
    assert "s3" in (tmp_path / "results").read_text()


def test_the_mean_of_what_was_decided_decides_the_exit_code(grade):
    answers = ["right", "wrong SIGN", "undecided"]
    assert grade("--fail-under", "0.5", lines=[line(text, text) for text in answers])[0].exit_code == 0
    assert grade("--fail-under", "0.6")[0].exit_code == 1
    assert grade("--fail-under", "0.6", lines=[line("right", "r")])[0].exit_code == 0


def test_the_seed_goes_with_every_line(grade):
    lines = [line("right", "a"), line("right", "b", policy={"seed": 3})]
    _, results = grade(lines=lines)
    assert [row["evidence"]["error"] for row in results] == [0, 3]
    _, seeded = grade("--seed", "11", lines=lines)
    assert [row["evidence"]["error"] for row in seeded] == [11, 11]


def test_ids_that_several_lines_share_are_all_graded_and_named(grade):
    done, results = grade(lines=[line("right", "same"), line("wrong SIGN", "same")])
    assert [row["outcome"] for row in results] == ["CORRECT", "INCORRECT"]
    assert "1 id is on several lines, such as same" in done.stderr


def test_the_summary_comes_as_json_too(grade):
    done, _ = grade("--json", lines=numbered(4))
    summary = json.loads(done.stdout)
    assert summary["all"]["outcomes"] == dict.fromkeys(OUTCOMES, 1)


def test_what_cannot_be_run_is_a_bad_request(grade, tmp_path):
    assert grade(lines=[], out="missing/grades.csv")[0].exit_code == 2
    assert CliRunner().invoke(main, ["grade", str(tmp_path / "none"), "--out", "x"]).exit_code == 2
    (tmp_path / "grades.jsonl.journal").write_text('{"of": "another"}\n')
    (tmp_path / "grades.jsonl").touch()
    done, _ = grade(lines=numbered(1))
    assert done.exit_code == 2
    assert "another run" in done.output


def test_a_service_that_stays_away_stops_the_run_and_keeps_what_was_graded(tmp_path):
    [port] = free_ports(1)
    options = ("--patience", "0.5", "--target", f"127.0.0.1:{port}")
    batch = Batch(tmp_path, *options, lines=["not json", *numbered(3)], out="grades.csv")
    done = batch.run()
    assert done.exit_code == 3
    assert "1 of 4 lines are graded; the same command continues from there" in done.stderr
    assert not batch.grades.exists()


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_goes_on_without_grading_twice(target, tmp_path, number):
    goes_on = tmp_path / "goes_on"
    lines = [line("right" if i < 60 else f"wait {goes_on}", f"s{i}") for i in range(120)]
    batch = Batch(tmp_path, "--target", target, lines=lines)
    first = batch.start(stderr=subprocess.PIPE)
    batch.wait_for(40)
    first.send_signal(number)
    _, message = first.communicate(timeout=PATIENCE)
    assert first.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    kept = batch.journal.read_text().splitlines()[1:]
    assert len(kept) <= 60
    if number != signal.SIGKILL:
        assert f"{len(kept)} of 120 lines are graded" in message
    goes_on.touch()
    second = batch.start(stderr=subprocess.PIPE)
    _, message = second.communicate(timeout=PATIENCE)
    assert second.returncode == 0, message
    assert [row["id"] for row in batch.rows()] == [f"s{number}" for number in range(120)]
    assert not batch.journal.exists()


def assert_all_are(outcome, batch, count):
    assert [(row["id"], row["outcome"]) for row in batch.rows()] == [(f"s{n}", outcome) for n in range(count)]


@pytest.mark.slow
def test_a_service_that_dies_and_comes_back_loses_nothing(tmp_path):
    with running() as service:
        batch = Batch(tmp_path, "--target", service.target, lines=repeated("sleep 0.01", 200))
        command = batch.start(stderr=subprocess.PIPE)
        batch.wait_for(50)
        service.process.kill()
        service.process.wait()
        with running(port=service.port):
            _, message = command.communicate(timeout=PATIENCE)
    assert command.returncode == 0, message
    assert_all_are("CORRECT", batch, 200)


def test_a_service_that_is_full_is_asked_again(tmp_path):
    with running(workers=1, queue=0) as service:
        batch = Batch(tmp_path, "--target", service.target, lines=repeated("sleep 0.01", 12))
        done = batch.run()
    assert done.exit_code == 0, done.output
    assert_all_are("CORRECT", batch, 12)


def test_answers_without_time_are_sent_again_and_undecided_in_the_end(target, tmp_path, monkeypatch):
    monkeypatch.setattr("pullback.batch.answer_file.TIMEOUT", 0.5)
    monkeypatch.setattr("pullback.wire.stream.GRACE", 0.2)
    batch = Batch(tmp_path, "--target", target, lines=repeated("sleep 0.6", 8))
    done = batch.run()
    assert done.exit_code == 0, done.output
    assert_all_are("UNDECIDED", batch, 8)
    assert {row["score"] for row in batch.rows()} == {None}


def test_a_terminal_sees_the_bar(target, tmp_path):
    import pty

    near, far = pty.openpty()
    environment = {**os.environ, "COLUMNS": "120", "TERM": "xterm"}
    batch = Batch(tmp_path, "--target", target, lines=numbered(200))
    command = batch.start(stdout=subprocess.DEVNULL, stderr=far, env=environment)
    os.close(far)
    seen = b""
    with contextlib.suppress(OSError):
        while part := os.read(near, 65536):
            seen += part
    os.close(near)
    assert command.wait(PATIENCE) == 0
    text = seen.decode()
    for word in ("200/200", "/s", "50 correct", "50 incorrect", "50 undecided", "50 not an answer"):
        assert word in text


def test_replay_shows_a_grade_again(grade, target):
    _, results = grade(lines=[line("wrong SIGN", "a")])
    done = CliRunner().invoke(main, ["replay", results[0]["replay"], "--target", target])
    assert done.exit_code == 0, done.output
    assert "INCORRECT  score 0" in done.stdout
    assert "SIGN" in done.stdout
    piped = CliRunner().invoke(main, ["replay", "-", "--target", target, "--json"], input=results[0]["replay"] + "\n")
    assert json.loads(piped.stdout)["outcome"] == "INCORRECT"
    assert CliRunner().invoke(main, ["replay", "nothing", "--target", target]).exit_code == 2


def test_help_lists_the_commands():
    assert {"grade", "replay"} <= set(CliRunner().invoke(main, ["--help"]).stdout.split())
