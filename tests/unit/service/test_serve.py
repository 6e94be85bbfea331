import subprocess
import sys

import pytest
from click.testing import CliRunner
from pullback.cli.serve import serve
from pullback_server.service import Config, server


@pytest.fixture
def served(monkeypatch):
    """What `server.run` would have been given."""
    found = []
    monkeypatch.setattr(server, "run", lambda config, **options: found.append((config, options["until_stdin_closes"])))
    return found


def test_without_options_every_setting_has_its_default(served):
    assert CliRunner().invoke(serve, []).exit_code == 0
    assert served == [(Config(), False)]


@pytest.mark.parametrize("item", Config.flags(), ids=lambda item: item.name)
def test_every_setting_is_a_flag_and_a_variable_and_the_flag_wins(served, item):
    value = {"host": "::1", "health_host": "::1", "device": "cuda:1"}.get(item.name, 2048)
    flag, variable = f"--{item.name.replace('_', '-')}", f"PULLBACK_{item.name.upper()}"
    runner = CliRunner()
    assert runner.invoke(serve, [flag, str(value)]).exit_code == 0
    assert runner.invoke(serve, [], env={variable: str(value)}).exit_code == 0
    other = item.default
    assert runner.invoke(serve, [flag, str(other)], env={variable: str(value)}).exit_code == 0
    assert [getattr(config, item.name) for config, _ in served] == [value, value, other]


def test_help_names_every_flag_variable_and_default():
    said = " ".join(CliRunner().invoke(serve, ["--help"], terminal_width=10_000).output.split())
    for item in Config.flags():
        assert f"--{item.name.replace('_', '-')}" in said
        assert f"PULLBACK_{item.name.upper()}" in said
        assert item.metadata["doc"].removesuffix(".") in said


def test_what_is_not_a_setting_cannot_be_set():
    assert CliRunner().invoke(serve, ["--mathematics", "os"]).exit_code == 2


def test_a_setting_that_cannot_be_is_a_usage_error(served):
    result = CliRunner().invoke(serve, ["--port", "70000"])
    assert result.exit_code == 2
    assert "port is 70000" in result.output
    assert served == []


def test_a_service_that_cannot_start_is_an_error_without_traceback(monkeypatch):
    def run(config, **options):
        raise server.ServeError("the port is taken")

    monkeypatch.setattr(server, "run", run)
    result = CliRunner().invoke(serve, [])
    assert result.exit_code == 1
    assert result.output == "Error: the port is taken\n"


def test_neither_the_command_nor_the_front_imports_torch_or_sympy():
    for module in ("pullback.cli.serve", "pullback_server.service.server"):
        code = f"import sys, {module}; print({{'torch', 'sympy'}} & set(sys.modules))"
        assert subprocess.check_output((sys.executable, "-c", code), text=True) == "set()\n"
