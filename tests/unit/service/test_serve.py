"""Every setting is a flag and a variable of `pullback serve`, and what cannot hold is an error that names it."""

import subprocess
import sys

import pytest
from click.testing import CliRunner
from pullback.cli.serve import serve
from pullback_server.service import Config
from pullback_server.service.config import settings
from pullback_server.service.front import server

#: Another value than the default for each setting that is not a number.
OTHERS = dict.fromkeys(("host", "metrics_host", "health_host"), "::1")
OTHERS |= {"device": "cuda:1", "log_format": "text", "log_level": "error"}


@pytest.fixture
def served(monkeypatch):
    """The configurations that `server.run` would have been called with."""
    calls = []
    monkeypatch.setattr(server, "run", lambda config, **options: calls.append((config, options["until_stdin_closes"])))
    return calls


def test_without_options_every_setting_has_its_default(served):
    assert CliRunner().invoke(serve, []).exit_code == 0
    assert served == [(Config(), False)]


@pytest.mark.parametrize("item", settings(), ids=lambda item: item.name)
def test_every_setting_is_a_flag_and_a_variable_and_the_flag_wins(served, item):
    yes, _, no = item.flag.partition("/")
    runner = CliRunner()
    if isinstance(item.default, bool):
        value, flags, default_flags = not item.default, [no if item.default else yes], [yes if item.default else no]
    else:
        value = OTHERS.get(item.name, 0.25 if item.name == "share" else 2048 if item.default != "" else "a_file")
        flags, default_flags = [yes, str(value)], [yes, str(item.default)]
    assert runner.invoke(serve, flags).exit_code == 0
    assert runner.invoke(serve, [], env={item.variable: str(value)}).exit_code == 0
    assert runner.invoke(serve, default_flags, env={item.variable: str(value)}).exit_code == 0
    assert [config.flat()[item.name] for config, _ in served] == [value, value, item.default]


def test_help_names_every_flag_variable_and_default():
    output = " ".join(CliRunner().invoke(serve, ["--help"], terminal_width=10_000).output.split())
    for item in settings():
        assert item.flag.partition("/")[0] in output
        assert item.variable in output
        assert item.doc.removesuffix(".") in output


def test_check_says_every_value_and_where_it_comes_from():
    result = CliRunner().invoke(serve, ["--check", "--queue", "7"], env={"PULLBACK_LIMIT_NODES": "9"})
    assert result.exit_code == 0
    lines = {line.split()[0]: line.split()[1:3] for line in result.output.splitlines() if line.strip()}
    assert lines["queue"] == ["7", "--queue"]
    assert lines["limit_nodes"] == ["9", "PULLBACK_LIMIT_NODES"]
    assert lines["limit_depth"] == ["100", "default"]
    assert int(lines["memory_in_flight"][0]) > 0
    assert {item.name for item in settings()} <= set(lines)
    assert result.output.rstrip().endswith("These settings hold.")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--host", "0.0.0.0"], "there is no TLS"),
        (["--host", "0.0.0.0", "--allow-plaintext"], "anybody could call"),
        (["--tls-certificate", "/nowhere"], "go together"),
        (["--tls-certificate", "/nowhere", "--tls-key", "/nowhere"], "tls_certificate /nowhere"),
        (["--tls-client-ca", "/nowhere"], "tls_client_ca needs"),
        (["--token-file", "/nowhere"], "token_file /nowhere"),
    ],
)
def test_settings_that_contradict_each_other_are_an_error_that_names_one(options, message):
    for more in ([], ["--check"]):
        result = CliRunner().invoke(serve, [*options, *more])
        assert result.exit_code == 1
        assert message in " ".join(result.output.split())


def test_an_address_that_others_can_reach_is_accepted_where_settings_allow_it_by_name():
    result = CliRunner().invoke(serve, ["--host", "0.0.0.0", "--allow-plaintext", "--allow-anonymous", "--check"])
    assert result.exit_code == 0


def test_what_is_not_a_setting_cannot_be_set():
    assert CliRunner().invoke(serve, ["--mathematics", "os"]).exit_code == 2


def test_a_setting_with_an_invalid_value_is_a_usage_error(served):
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
    for module in ("pullback.cli.serve", "pullback_server.service.front.server"):
        code = f"import sys, {module}; print({{'torch', 'sympy'}} & set(sys.modules))"
        assert subprocess.check_output((sys.executable, "-c", code), text=True) == "set()\n"
