"""The reference says what the tables say, and all of it."""

import ast
import re
from pathlib import Path

import pullback_server
import pytest
from pullback_server.language import reference
from pullback_server.operators import TABLE
from pullback_server.program import Reason

from tests.reason_table import REASONS

SERVER = Path(pullback_server.__file__).parent


def reasons():
    """Every reason for a refusal in the server's code."""
    for path in SERVER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason":
                yield node.attr


def test_the_reference_is_up_to_date():
    assert reference.FILE.read_text(encoding="utf-8") == reference.reference(), (
        "run python -m pullback_server.language.reference"
    )


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_operator_is_described(row):
    text = reference.reference()
    block = re.search(rf"#### `{re.escape(row.name)}`\n(.*?)(?=\n####? |\n## )", text, re.DOTALL)
    assert block
    for word in (row.doc, row.example, *row.aliases, *(kink.where for kink in row.kinks)):
        assert word in block[1]


def test_every_reason_is_described_and_no_other():
    used = {*reasons()}
    assert used == Reason.__members__.keys()
    assert {REASONS[reason].code.name for reason in used} == {"INVALID_ARGUMENT"}


def test_a_reference_that_is_out_of_date_is_reported(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(reference, "FILE", tmp_path / "LANGUAGE.md")
    monkeypatch.setattr("sys.argv", ["reference", "--check"])
    assert reference.main() == 1
    assert "run python -m" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["reference"])
    assert reference.main() == 0
    monkeypatch.setattr("sys.argv", ["reference", "--check"])
    assert reference.main() == 0
