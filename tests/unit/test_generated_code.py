"""The generated code is what the contract gives, and the contract keeps its rules."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GENERATE = Path(__file__).parents[2] / "protos" / "generate.py"


def run(option):
    return subprocess.run([sys.executable, GENERATE, option], capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_generated_code_is_in_step_with_the_contract():
    done = run("--check")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(shutil.which("npx") is None, reason="buf comes from npm")
def test_the_contract_is_clean():
    done = run("--lint")
    assert done.returncode == 0, done.stdout + done.stderr
