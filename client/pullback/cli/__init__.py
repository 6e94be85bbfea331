"""The command `pullback`: derivatives and grades from the shell, the language's operators, and the server itself."""

from __future__ import annotations

from importlib import import_module

import click

#: The module of each command, which is imported only when the command is run.
_COMMANDS = {
    "diff": "pullback.cli.diff",
    "grade": "pullback.cli.grade",
    "operators": "pullback.cli.operators",
    "replay": "pullback.cli.replay",
    "serve": "pullback.cli.serve",
    "status": "pullback.cli.status",
    "token": "pullback.cli.token",
}


class _Commands(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        try:
            command: click.Command = getattr(import_module(_COMMANDS[cmd_name]), cmd_name)
        except ModuleNotFoundError as error:
            return _missing(cmd_name, error.name or "")
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["--help"]})
@click.version_option(package_name="pullback", prog_name="pullback")
def main() -> None:
    """Derivatives of tensor expressions by autograd and in closed form, and whether the two agree."""


def _missing(name: str, module: str) -> click.Command:
    """The command in place of one whose modules are not installed."""

    @click.command(
        name,
        help="Not available here: needs the extra `pullback[server]`.",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def command() -> None:
        click.echo(f"error: there is no module {module}\nhint: pip install 'pullback[server]'", err=True)
        raise SystemExit(3)

    return command
