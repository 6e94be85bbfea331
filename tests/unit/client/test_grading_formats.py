"""Results in the formats that pipelines read: each keeps its schema, and tells the undecided from the wrong."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema
from pullback.batch import FORMATS, Summary, format_of, write
from pullback.batch.prairielearn import LARGEST

from tests.graded_rows import row
from tests.result_schemas import CLASSROOM, GRADESCOPE, JUNIT, LINE, PRAIRIELEARN

SCHEMAS = {"gradescope": GRADESCOPE, "prairielearn": PRAIRIELEARN, "classroom": CLASSROOM}
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
