"""`pullback serve`: runs a service in the foreground."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from pullback_server.service.config import Config, Setting

_SOURCES = {ParameterSource.COMMANDLINE: "flag", ParameterSource.ENVIRONMENT: "environment"}


class _Settings(click.Command):
    """A command whose options are the settings of the service, imported only when they are needed."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own options, and one for each setting."""
        from pullback_server.service.config import settings

        return [*map(_option, settings()), *super().get_params(ctx)]


@click.command("serve", cls=_Settings)
@click.option("--until-stdin-closes", is_flag=True, help="Drain and end when stdin closes, too.")
@click.option(
    "--check", is_flag=True, help="Start nothing: show the settings in force and where they come from, and check them."
)
@click.pass_context
def serve(ctx: click.Context, /, until_stdin_closes: bool, check: bool, **settings: Any) -> None:
    """Answer requests until SIGTERM or SIGINT; calls in flight are finished first.

    One line on stdout, `pullback listening on HOST:PORT`, says that the first worker is ready.
    """
    from pullback_server.service import Config, ConfigError

    try:
        config: Config = Config.of(**settings)
    except ConfigError as problem:
        raise click.UsageError(str(problem)) from None
    try:
        from pullback_server.service.front import server
    except ImportError as problem:
        raise click.ClickException(f"{problem.name} is missing: pip install 'pullback[server]'") from None
    try:
        if check:
            _print_settings(ctx, config)
            server.check(config)
            click.echo("These settings hold.")
        else:
            server.run(config, until_stdin_closes=until_stdin_closes, announce=partial(print, flush=True))
    except server.ServeError as problem:
        raise click.ClickException(str(problem)) from None


def _option(setting: Setting) -> click.Option:
    return click.Option(
        [setting.flag],
        type=type(setting.default),
        default=setting.default,
        envvar=setting.variable,
        show_default=setting.default != "",
        show_envvar=True,
        help=setting.doc,
    )


def _print_settings(ctx: click.Context, config: Config) -> None:
    """A line for each setting: its value, as the machine resolves it, and where that comes from."""
    from pullback_server.service.config import settings

    configured, resolved = config.flat(), config.resolved().flat()
    table = Table(box=None, pad_edge=False)
    for heading in ("setting", "value", "from", "meaning"):
        table.add_column(heading, overflow="fold")
    for setting in settings():
        source = ctx.get_parameter_source(setting.name)
        origin = _SOURCES.get(source, "default") if source is not None else "default"
        origin = {"flag": setting.flag.partition("/")[0], "environment": setting.variable}.get(origin, origin)
        if resolved[setting.name] != configured[setting.name]:
            origin += f" ({configured[setting.name]}), and this machine"
        table.add_row(setting.name, str(resolved[setting.name]), origin, setting.doc)
    Console(highlight=False, width=max(Console().width, 160)).print(table)
